"""What a crash has left of a Maildir, what the next programs make of it, and
whether that is what had been told."""
import os
import shutil
import subprocess

from mailboxstory import FOLDERS, base_of, said

NEXT = "1.next"


class Outcome:
    """listings: [{base: UID}], validity: [(UIDVALIDITY, UIDNEXT)], as found, and
    after one more delivery; errors: what programs complained of."""

    def __init__(self):
        self.listings, self.validity, self.errors = [], [], []


def lay_out(tree, maildir):
    for name in FOLDERS:
        os.makedirs(f"{maildir}/{name}")
    for path, content in tree.items():
        if content is not None:
            with open(f"{maildir}/{path.partition('/')[2]}", "wb") as f:
                f.write(content.octets)


def ask(program, command, maildir, outcome, may_find=False):
    done = subprocess.run([program, command, maildir], capture_output=True, timeout=60, check=False)
    if done.returncode and not (may_find and done.returncode == 1):
        outcome.errors.append(f"owl-mailbox {command}: {done.stdout.decode().splitlines()[:1]} {done.stderr.decode()}")
    return list(said(done.stdout.decode(), command))


def look(program, maildir, outcome, may_find):
    ((_, uids),) = ask(program, "list", maildir, outcome)
    outcome.listings.append(uids)
    outcome.validity += [v for k, v in ask(program, "check", maildir, outcome, may_find) if k == "validity"]
    if len(set(uids.values())) != len(uids):
        outcome.errors.append("a UID twice")


def recover(program, tree, folder):
    """Twice, with a delivery between; a torn line may stay until something is written."""
    maildir, outcome = f"{folder}/Maildir", Outcome()
    lay_out(tree, maildir)
    look(program, maildir, outcome, True)
    with open(f"{maildir}/new/{NEXT}", "wb") as f:
        f.write(b"Subject: next\n\n")
    look(program, maildir, outcome, False)
    shutil.rmtree(maildir)
    return outcome


class Known:
    """What is known outside at a moment: uids of the messages that there are, and
    every one that was told: {UID: base}."""

    def __init__(self, facts, moment):
        self.uids, self.used, self.validity, self.next = {}, {}, None, 0
        self.delivered, self.may_go, self.gone = set(), set(), set()
        for at, kind, value in facts:
            if at <= moment:
                getattr(self, f"_{kind.replace(' ', '_')}")(value)

    def _uids(self, uids):
        self.uids = uids
        self.used.update({uid: base for base, uid in uids.items()})

    def _validity(self, value):
        self.validity, self.next = value

    def _delivered(self, base):
        self.delivered.add(base)

    def _may_go(self, base):
        self.may_go.add(base)

    def _gone(self, base):
        self.gone.add(base)


def judge(known, tree, outcome):
    """Yields what is wrong."""
    there = {base_of(path) for path in tree if path.startswith(("Maildir/new/", "Maildir/cur/"))}
    yield from outcome.errors
    if outcome.errors or len(outcome.validity) != 2:
        return
    (validity, _), (validity_again, _) = outcome.validity
    found, again = outcome.listings
    if known.delivered - known.may_go - there:
        yield "a message is lost"
    if known.gone & there:
        yield "a message is back that POP3 has deleted"
    if set(found) != there:
        yield "not the messages that there are"
    if validity != validity_again or again != {**found, NEXT: again.get(NEXT)}:
        yield "the second look sees other UIDs than the first"
    if known.validity is not None and validity != known.validity:
        yield "another UIDVALIDITY"
    if any(known.uids.get(base, uid) != uid for base, uid in found.items()):
        yield "another UID than was told"
    if any(known.used.get(uid, base) != base for base, uid in again.items()):
        yield "a UID that was another message's"
    if again.get(NEXT, 0) < max([known.next, *[uid + 1 for uid in (*known.used, *found.values())]]):
        yield "UIDNEXT has fallen"
