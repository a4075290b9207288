"""Maildirs: folders, quotas, several deliveries at one time, users who lay traps."""
import mailbox
import os
import re

import pytest

from instance import ROOT
from sixteen import check, clients
from waiting import wait_until

LF = b"\n"
BODY = "Subject: t\n\n" + "Hoo.\n" * 20


def folder(owlpost, user, name):
    return f"{owlpost.home(user)}/Maildir/{name}"


def files(owlpost, user, name=""):
    path = folder(owlpost, user, f"{name}/new" if name else "new")
    return [f"{path}/{each}" for each in os.listdir(path)] if os.path.isdir(path) else []


def quota(owlpost, user, text):
    path = folder(owlpost, user, "maildirsize")
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    owlpost.give(user, path)


def sums(owlpost, user):
    with open(folder(owlpost, user, "maildirsize"), encoding="ascii") as f:
        first, *lines = f.read().splitlines()
    return first, sum(int(line.split()[0]) for line in lines), sum(int(line.split()[1]) for line in lines)


def deliver(owlpost, *recipients, body=BODY):
    assert owlpost.inject(body, *recipients).returncode == 0
    owlpost.wait_for_empty_queue()


def rcpt(client, address):
    client.ehlo_or_helo_if_needed()
    client.mail("sender@sender.test")
    return client.rcpt(address)


def test_a_line_delivers_into_a_folder_and_makes_it(owlpost):
    owlpost.dot_qmail("joe", "", "+Lists/owl\n+.list\n./Maildir/\n")
    owlpost.start()
    deliver(owlpost, "joe@local.test")
    for name in (".Lists.owl", ".list"):
        assert len(files(owlpost, "joe", name)) == 1
        assert os.path.exists(folder(owlpost, "joe", f"{name}/maildirfolder"))
    assert len(files(owlpost, "joe")) == 1


@pytest.mark.parametrize("setting, made", (("no", False), ("existing", False), ("make", True)))
def test_an_extension_is_a_folder_where_the_site_says_so(owlpost, setting, made):
    owlpost.control("folderextension", setting)
    owlpost.control("maxfolders", "2")
    owlpost.control("rcptcache", "0")
    os.makedirs(folder(owlpost, "joe", ".Here/new"))
    for part in ("tmp", "cur"):
        os.makedirs(folder(owlpost, "joe", f".Here/{part}"))
    for each in (".Here", ".Here/new", ".Here/tmp", ".Here/cur"):
        owlpost.give("joe", folder(owlpost, "joe", each))
    owlpost.up()
    expected = {"here": setting != "no", "News": made, "third": False, "..": False, "a/b": False, ".x": False,
                "inbox": False, "trash": False, "a" * 201: False}
    for extension, taken in expected.items():
        with owlpost.client() as client:
            code, _ = rcpt(client, f'"joe-{extension}"@local.test')
        assert code == (250 if taken else 550), extension
        deliver(owlpost, f"joe-{extension}@local.test")
    assert len(files(owlpost, "joe", ".Here")) == (setting != "no")
    assert len(files(owlpost, "joe", ".News")) == made
    assert {e for e in os.listdir(folder(owlpost, "joe", "")) if e[0] == "."} == {".Here"} | ({".News"} if made else set())


def test_a_full_mailbox_is_told_to_the_client_and_to_the_sender(owlpost):
    owlpost.control("rcptcache", "0")
    owlpost.up()
    deliver(owlpost, "joe@local.test")
    size = os.stat(files(owlpost, "joe")[0]).st_size
    limit = 2 * size + 20  # lengths of trace fields differ with what is in them
    quota(owlpost, "joe", f"{limit}S\n{size} 1\n")
    deliver(owlpost, "joe@local.test", body=BODY * 3)  # larger than the rest
    assert len(files(owlpost, "joe")) == 1
    assert "failure: sorry,_this_mailbox_is_full_(#5.2.2)" in owlpost.log()
    assert sums(owlpost, "joe") == (f"{limit}S", size, 1)
    deliver(owlpost, "joe@local.test")
    used = sum(os.stat(path).st_size for path in files(owlpost, "joe"))
    assert sums(owlpost, "joe") == (f"{limit}S", used, 2)
    quota(owlpost, "joe", f"{used}S\n{used} 2\n")
    with owlpost.client() as client:
        code, text = rcpt(client, "joe@local.test")
    assert code == 552 and text.startswith(b"5.2.2")


def test_a_full_mailbox_is_refused_where_mail_would_surely_come_to_it(owlpost):
    owlpost.control("rcptcache", "0")
    owlpost.control("folderextension", "make")
    owlpost.control("aliasfile", f"{owlpost.folder}/aliases")
    with open(f"{owlpost.folder}/aliases", "w") as f:
        f.write(f"alias-of-joe: {folder(owlpost, 'joe', '')}\n")
    owlpost.call("newaliases", check=True)
    owlpost.dot_qmail("joe", "-filtered", "|exit 99\n./Maildir/\n")
    owlpost.dot_qmail("joe", "-broken", "./nowhere/\n./Maildir/\n")
    owlpost.dot_qmail("joe", "-forwarded", "&someone@elsewhere.test\n./Maildir/\n")
    os.chmod(folder(owlpost, "joe", ""), 0o755)
    os.chmod(owlpost.home("joe"), 0o755)
    owlpost.up()
    deliver(owlpost, "joe@local.test")
    quota(owlpost, "joe", "1C\n10 1\n")
    if ROOT:  # whose alias may read there
        os.chmod(f"{folder(owlpost, 'joe', '')}/maildirsize", 0o644)
        for part in ("tmp", "new"):
            os.chmod(f"{folder(owlpost, 'joe', '')}/{part}", 0o777)
    for name, code in (("joe", 552), ("joe-filtered", 250), ("joe-broken", 250), ("joe-forwarded", 552),
                       ("joe-new.folder", 552), ("alias-of-joe", 552)):
        with owlpost.client() as client:
            assert rcpt(client, f"{name}@local.test")[0] == code, name
    deliver(owlpost, "joe-filtered@local.test")
    assert not re.search("delivery .*: failure", owlpost.log())


def test_a_full_mailbox_may_defer(owlpost):
    owlpost.control("rcptcache", "0")
    owlpost.control("maildirfull", "deferral")
    owlpost.control("maildirquota", "1C")
    owlpost.up()
    deliver(owlpost, "joe@local.test")
    with owlpost.client() as client:
        code, text = rcpt(client, "joe@local.test")
    assert code == 452 and text.startswith(b"4.2.2")
    os.remove(files(owlpost, "joe")[0])  # by somebody who does not write maildirsize
    quota(owlpost, "joe", "1C\n0 0\n100 1\n")
    with owlpost.client() as client:
        assert rcpt(client, "joe@local.test")[0] == 250
    assert sums(owlpost, "joe") == ("1C", 0, 0)


def test_sixteen_deliver_into_one_mbox(owlpost, full):
    count = 10000 if full else 160
    owlpost.control("concurrencylocal", "22")
    owlpost.dot_qmail("joe", "", "./mbox\n")
    owlpost.start()
    with clients(owlpost, count):
        pass
    box = mailbox.mbox(f"{owlpost.home('joe')}/mbox", create=False)
    assert sorted(check(box.get_bytes(key)) for key in box.keys()) == list(range(count))


def test_sixteen_deliver_at_one_time(owlpost, full):
    count = 10000 if full else 320
    owlpost.control("maildirquota", "1000000000S")
    owlpost.control("concurrencylocal", "22")
    owlpost.start()
    deliver(owlpost, "joe@local.test")
    with clients(owlpost, count):
        pass
    numbers, octets = [], 0
    for path in files(owlpost, "joe"):
        with open(path, "rb") as f:
            found = f.read()
        octets += len(found)
        assert f",S={len(found)},W={len(found) + found.count(LF)}" in path
        if b"Subject: t\n" not in found:
            numbers.append(check(found))
    assert sorted(numbers) == list(range(count))
    assert sums(owlpost, "joe") == ("1000000000S", octets, count + 1)


@pytest.mark.needs_root("users who lay traps")
@pytest.mark.parametrize("part", ("", "tmp", "new"))
def test_a_link_to_somebody_else_s_folder_reaches_nothing(owlpost, part):
    owlpost.start()
    deliver(owlpost, "ann@local.test", "joe@local.test")
    path = folder(owlpost, "joe", part).rstrip("/")
    os.rename(path, f"{path}.old")
    os.symlink(folder(owlpost, "ann", part), path)
    before = len(files(owlpost, "ann"))
    assert owlpost.inject(BODY, "joe@local.test").returncode == 0
    wait_until(lambda: "deferral:" in owlpost.log(), 20, "a deferral in the log")
    assert len(files(owlpost, "ann")) == before
    assert os.listdir(folder(owlpost, "ann", "tmp")) == []
