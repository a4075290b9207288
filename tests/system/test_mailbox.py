"""A mailbox as owl-mailbox and the mailbox servers see it."""
import os
import subprocess

import pytest

from dovecot import Imap
from waiting import wait_until


def deliver(owlpost, count):
    before = len(owlpost.maildir("joe"))
    for number in range(count):
        owlpost.inject(f"Subject: {number}\n\n" + number * "some line\n", "joe@local.test")
    wait_until(lambda: len(owlpost.maildir("joe")) == before + count, 20, owlpost.log)


def listed(owlpost):
    """(UID, octets, with CRLF, UIDL, file) of each message."""
    done = owlpost.call("owl-mailbox", "list", f"{owlpost.home('joe')}/Maildir", user="joe")
    assert done.returncode == 0, done.stderr
    return [line.split("\t") for line in done.stdout.decode().splitlines()]


def checked(owlpost):
    return owlpost.call("owl-mailbox", "check", f"{owlpost.home('joe')}/Maildir", user="joe")


@pytest.fixture
def joe(owlpost):
    owlpost.dot_qmail("joe", "", "./Maildir/\n")
    owlpost.up()
    return owlpost


def test_messages_have_uids_and_true_sizes(joe):
    deliver(joe, 5)
    first = listed(joe)
    deliver(joe, 2)
    again = listed(joe)
    assert again[:5] == first
    assert [int(row[0]) for row in again] == list(range(1, 8))
    for _, octets, with_crlf, uidl, file in again:
        with open(f"{joe.home('joe')}/Maildir/{file}", "rb") as f:
            content = f.read()
        assert int(octets) == len(content)
        assert int(with_crlf) == len(content.replace(b"\n", b"\r\n"))
        assert uidl == os.path.basename(file)
    assert checked(joe).returncode == 0


def test_check_says_what_was_mended(joe):
    deliver(joe, 2)
    listed(joe)
    log = f"{joe.home('joe')}/Maildir/owlpost-uids"
    with open(log, "a", encoding="ascii") as f:
        f.write("no line of ours\n")
    deliver(joe, 1)
    done = checked(joe)
    assert done.returncode == 1 and b"1 lines did not check and were dropped" in done.stdout, done
    assert checked(joe).returncode == 0
    with open(log, "w", encoding="ascii") as f:
        f.write("no line of ours\n")
    done = checked(joe)
    assert done.returncode == 1 and b"UIDs began anew, with another UIDVALIDITY" in done.stdout, done
    assert checked(joe).returncode == 0


def test_check_finds_a_name_that_lies(joe):
    deliver(joe, 1)
    listed(joe)
    path = f"{joe.home('joe')}/Maildir/{listed(joe)[0][4]}"
    with open(path, "a", encoding="ascii") as f:
        f.write("more\n")
    done = checked(joe)
    assert done.returncode == 1
    assert b"its name gives another size" in done.stdout


def test_another_users_mailbox_is_left_alone(joe):
    deliver(joe, 1)
    done = joe.call("owl-mailbox", "list", f"{joe.home('joe')}/Maildir", user="ann")
    assert done.returncode in (100, 111) and done.stderr
    assert not os.path.exists(f"{joe.home('joe')}/Maildir/owlpost-uids")


@pytest.fixture
def frozen(joe):
    """A Maildir that nobody can write to any more; one message came after the last look."""
    place = f"{joe.home('joe')}/media"
    os.mkdir(place)
    subprocess.run(["mount", "-t", "tmpfs", "none", place], check=True)
    joe.give("joe", place)
    path = f"{place}/Maildir"
    joe.call("maildirmake", path, user="joe", check=True)
    for name in ("1.a", "2.b", "3.c"):
        with open(f"{path}/new/{name}", "w", encoding="ascii") as f:
            f.write("Subject: x\n\nhello\n")
        if name == "2.b":
            joe.call("owl-mailbox", "list", path, user="joe", check=True)
    subprocess.run(["mount", "-o", "remount,ro", place], check=True)
    yield path
    subprocess.run(["umount", place], check=True)


@pytest.mark.needs_root("a file system of its own")
def test_a_mailbox_that_can_only_be_read(joe, frozen):
    said = joe.call("owl-pop3d", frozen, user="joe", input=b"UIDL\r\nRETR 3\r\nDELE 1\r\nQUIT\r\n").stdout.decode()
    assert "1 1.a\r\n2 2.b\r\n3 3.c\r\n" in said
    assert "hello" in said
    assert said.splitlines()[-1].startswith("-ERR")


@pytest.mark.needs_root("a Dovecot over /usr, in a mount namespace, that becomes its users")
def test_dovecots_uids_are_taken_over(joe, bystanders):
    deliver(joe, 3)
    imap = Imap(bystanders, joe, "joe", "maildir:~/Maildir").start()
    with imap.inbox() as session:
        imap.ask(session.store, "2", "+FLAGS", r"(\Deleted \Seen)")
        imap.ask(session.expunge)
    deliver(joe, 1)
    with imap.inbox() as session:
        said = [row.split() for row in imap.ask(session.fetch, "1:*", "(UID RFC822.SIZE)")]
        uids = [(int(row[2]), int(row[4].rstrip(b")"))) for row in said]
        (validity,) = session.response("UIDVALIDITY")[1]
    assert [uid for uid, _ in uids] == [1, 3, 4]
    assert [(int(row[0]), int(row[2])) for row in listed(joe)] == uids
    assert f"UIDVALIDITY {int(validity)}, UIDNEXT 5" in checked(joe).stdout.decode()
    assert [row[3] for row in listed(joe)] == [f"{uid:08x}{int(validity):08x}" for uid, _ in uids]
