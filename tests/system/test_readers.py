"""Mail readers at work in a mailbox while sixteen clients' letters come into it."""
import glob
import mailbox
import os

import pytest

import mutt
from dovecot import Imap
from sixteen import check, clients
from waiting import wait_until

pytestmark = pytest.mark.needs_root("a Dovecot over /usr, in a mount namespace, that becomes its users")
LF, CRLF = b"\n", b"\r\n"


class Seen:
    """What readers see: whole letters, each once, and all that was there before."""

    def __init__(self):
        self.numbers, self.deleted = set(), set()

    def add(self, letters):
        numbers = [check(octets) for octets in letters]
        twice = len(numbers) - len(set(numbers))
        back, missing = sorted(self.deleted & set(numbers)), sorted(self.numbers - set(numbers))
        assert (twice, back, missing) == (0, [], []), f"{twice} twice, back {back}, missing {missing}"
        self.numbers = set(numbers)
        return numbers

    def delete(self, numbers):
        self.deleted |= set(numbers)
        self.numbers -= set(numbers)


def by_imap(imap):
    """Of all messages that Dovecot sees, the octets, which are as many as it says."""
    found = []
    with imap.inbox() as session:
        for part in imap.ask(session.fetch, "1:*", "(RFC822.SIZE BODY.PEEK[])"):
            if isinstance(part, tuple):
                size = int(part[0].split(b"RFC822.SIZE ")[1].split()[0].rstrip(b")"))
                assert size == len(part[1])
                found.append(part[1])
    return found


def furnish(owlpost, line):
    owlpost.control("concurrencylocal", "22")
    owlpost.dot_qmail("joe", "", f"{line}\n")
    owlpost.start()


def test_a_maildir_is_read_while_sixteen_deliver(owlpost, bystanders, full):
    furnish(owlpost, "./Maildir/")
    imap = Imap(bystanders, owlpost, "joe", "maildir:~/Maildir").start()
    seen, read = Seen(), []
    path = f"{owlpost.home('joe')}/Maildir"
    with clients(owlpost, 10000 if full else 100) as going:
        wait_until(lambda: owlpost.maildir("joe"), 20, owlpost.log)
        for _ in going.passes():
            seen.add(mutt.read_all(owlpost, "joe", path))
            seen.add(by_imap(imap))
            read.append(len(seen.numbers))
    assert 0 < read[0] < going.injected
    assert len(seen.add(mutt.read_all(owlpost, "joe", path))) == going.injected
    assert sorted(seen.add(by_imap(imap))) == list(range(going.injected))
    print(f"Maildir: {going.injected} letters, read {len(read)} times while they came: {read}")
    assert "Error" not in imap.log() and "Panic" not in imap.log(), imap.log()


def in_mbox(path):
    box = mailbox.mbox(path, create=False)
    return [box.get_bytes(key) for key in box.keys()]


def mbox_by(bystanders, owlpost):
    """A Dovecot, and (how to read, how to change) for each reader: changes mark
    all as read and delete the message of that number."""
    path = f"{owlpost.home('joe')}/mbox"
    imap = Imap(bystanders, owlpost, "joe", "mbox:~/mail:INBOX=~/mbox")

    def change_by_imap(number):
        with imap.inbox() as session:
            (found,) = imap.ask(session.search, None, "SUBJECT", f'"{number}"', "BODY", f'"{number:08}"')
            imap.ask(session.store, "1:*", "+FLAGS", r"(\Seen)")
            imap.ask(session.store, found.split()[0].decode(), "+FLAGS", r"(\Deleted)")
            assert imap.ask(session.expunge) == [found.split()[0]]

    return imap, {
        "mutt": (lambda: mutt.read_all(owlpost, "joe", path),
                 lambda number: mutt.change(owlpost, "joe", path, f"~s '^^{number}$'")),
        "Dovecot": (lambda: by_imap(imap), change_by_imap)}


# Dovecot remembers sizes, and mutt adds fields to what it has read: together
# they would cut messages short in the eyes of Dovecot.
@pytest.mark.parametrize("changer, readers", (("mutt", ("mutt",)), ("Dovecot", ("mutt", "Dovecot"))))
def test_an_mbox_is_read_and_changed_while_sixteen_deliver(owlpost, bystanders, full, changer, readers):
    furnish(owlpost, "./mbox")
    path = f"{owlpost.home('joe')}/mbox"
    imap, by = mbox_by(bystanders, owlpost)
    if "Dovecot" in readers:
        imap.start()
    seen, read = Seen(), []
    with clients(owlpost, 10000 if full else 100) as going:
        wait_until(lambda: os.path.exists(path) and os.path.getsize(path), 20, owlpost.log)
        for _ in going.passes():
            for reader in readers:
                found = seen.add(by[reader][0]())
            number = next(n for n in found if n % 97)
            by[changer][1](number)
            seen.delete([number])
            read.append(len(seen.numbers))
    assert 0 < read[0] < going.injected
    if "Dovecot" not in readers:
        imap.start()
    left = sorted(set(range(going.injected)) - seen.deleted)
    for read_all, _ in by.values():
        assert sorted(seen.add(read_all())) == left
    assert sorted(map(check, in_mbox(path))) == left
    print(f"mbox: {going.injected} letters, read {len(read)} times while they came: {read}; "
          f"{len(seen.deleted)} deleted by {changer}")
    assert "Error" not in imap.log() and "Panic" not in imap.log(), imap.log()


def test_dovecot_keeps_the_sizes_in_names(owlpost, bystanders):
    furnish(owlpost, "./Maildir/")
    assert owlpost.inject("Subject: 1\n\nHoo.\n", "joe@local.test").returncode == 0
    (octets,) = owlpost.wait_for_mail("joe")
    (path,) = owlpost.maildir("joe")
    name = os.path.basename(path)
    assert name.endswith(f",S={len(octets)},W={len(octets.replace(LF, CRLF))}")
    imap = Imap(bystanders, owlpost, "joe", "maildir:~/Maildir").start()
    with imap.inbox() as session:
        imap.ask(session.store, "1", "+FLAGS", r"(\Seen \Flagged)")
    assert [os.path.basename(p) for p in glob.glob(f"{owlpost.home('joe')}/Maildir/cur/*")] == [f"{name}:2,FS"]
    assert owlpost.maildir("joe") == []
    assert by_imap(imap) == [octets.replace(LF, CRLF)]
