"""Stories of a Maildir: what is done to it, and what has been told of it.

The programs are recorded one at a time.  What others do between them, as a
delivery or an IMAP server that changes flags, is done here and told as events
of the same kind.  Each story is a function of a Scene.  What is delivered later
comes first in the order of names, so that UIDs which are given once more are others.
"""
import os
import re
import socket
import subprocess

from trace import Event, read_trace

FOLDERS = ("new", "cur", "tmp")
LONG_AGO = (1_600_000_000, 1_600_000_000)
STORIES = {}


def base_of(path):
    return path.rpartition("/")[2].partition(":")[0]


def story(function):
    STORIES[function.__name__.replace("_", "-")] = function
    return function


class Scene:
    """events; facts: [(moment, kind, value)], what is known outside after so many
    events.  told: {base: UID}, validity and next: what IMAP clients knew before.
    durable: what was in the Maildir at first."""

    def __init__(self, folder, staged):
        self.folder, self.staged = folder, staged
        self.root, self.maildir = f"{folder}/root", f"{folder}/root/Maildir"
        self.events, self.facts, self.runs = [], [], 0
        for name in FOLDERS:
            os.makedirs(f"{self.maildir}/{name}")

    def _event(self, *fields, octets=b""):
        self.events.append(Event("\t".join(map(str, (0, 0, "others", *fields))), octets))

    def _fact(self, kind, value):
        self.facts.append((len(self.events), kind, value))

    # ---- what others do

    def file(self, name, octets):
        """It comes into being whole, and is on the disk."""
        path = f"Maildir/{name}"
        with open(f"{self.root}/{path}", "wb") as f:
            f.write(octets)
            inode = os.fstat(f.fileno()).st_ino
        self._event("create", inode, "-")
        self._event("write", inode, 0, len(octets), 0, "-", octets=octets)
        self._event("sync", inode, "-")
        self._event("link", inode, path)
        folder = path.rpartition("/")[0]
        self._event("sync", os.stat(f"{self.root}/{folder}").st_ino, folder)

    def deliver(self, *bases):
        for base in bases:
            self.file(f"new/{base}", b"Subject: %s\n\nhello\n" % base.encode())
            self._fact("delivered", base)

    def flag(self, base, flags):
        old = self._find(base)
        new = f"Maildir/cur/{base}:2,{flags}"
        os.rename(f"{self.root}/{old}", f"{self.root}/{new}")
        self._event("rename", old, new)

    def delete(self, base):
        self._fact("may go", base)
        old = self._find(base)
        os.unlink(f"{self.root}/{old}")
        self._event("unlink", old)

    def append(self, name, octets):
        """To a file that is there, and it is on the disk."""
        path = f"{self.maildir}/{name}"
        size, inode = os.path.getsize(path), os.stat(path).st_ino
        with open(path, "ab") as f:
            f.write(octets)
        self._event("write", inode, size, len(octets), 0, f"Maildir/{name}", octets=octets)
        self._event("sync", inode, f"Maildir/{name}")

    def known(self, validity, following, uids):
        """What clients of another server know."""
        self._fact("validity", (validity, following))
        self._fact("uids", uids)

    def quiet(self):
        """Nobody has changed anything for long."""
        for name in ("new", "cur"):
            os.utime(f"{self.maildir}/{name}", LONG_AGO)

    def _find(self, base):
        for folder in ("new", "cur"):
            for name in os.listdir(f"{self.maildir}/{folder}"):
                if base_of(name) == base:
                    return f"Maildir/{folder}/{name}"
        raise FileNotFoundError(base)

    # ---- the programs

    def _record(self, command, words=b"", kill=None):
        """[(moment, octets)] of what it has told."""
        self.runs += 1
        ours, theirs = socket.socketpair()
        ours.sendall(words)
        trace = f"{self.folder}/{self.runs}.trace"
        options = ["-k", f"{os.path.basename(command[0])}:{kill}"] if kill else []
        done = subprocess.run([f"{self.staged}/record", *options, self.root, trace, *command], stdin=theirs, stdout=theirs,
                              stderr=subprocess.PIPE, timeout=60, check=False)
        ours.close()
        theirs.close()
        if done.returncode and not kill:
            raise RuntimeError(f"{command}: exit {done.returncode}: {done.stderr.decode()}")
        start = len(self.events)
        self.events += read_trace(trace)
        sent = [(n + start, e.octets) for n, e in enumerate(self.events[start:]) if e.kind == "send"]
        return [(n + 1, octets) for n, octets in sent]

    def tool(self, command, kill=None):
        sent = self._record([f"{self.staged}/bin/owl-mailbox", command, self.maildir], kill=kill)
        for moment, octets in sent:
            self.facts += [(moment, kind, value) for kind, value in said(octets.decode(), command)]

    def show(self, kill=None):
        self.tool("list", kill)
        if not kill:
            self.tool("check")

    def pop3(self, *commands, deleted=(), kill=None):
        for base in deleted:
            self._fact("may go", base)
        words = "".join(f"{c}\r\n" for c in (*commands, "QUIT")).encode()
        sent = self._record([f"{self.staged}/libexec/owlpost/owl-pop3d", self.maildir], words, kill)
        if sent and not kill:
            self.facts += [(sent[-1][0], "gone", base) for base in deleted]


def said(text, command):
    """(kind, value) of what owl-mailbox printed."""
    rows = [line.split("\t") for line in text.splitlines()]
    numbers = re.search(r"^\d+ messages, UIDVALIDITY (\d+), UIDNEXT (\d+)$", text, re.MULTILINE)
    if command == "list":
        yield "uids", {base_of(row[4]): int(row[0]) for row in rows}
    if numbers:
        yield "validity", (int(numbers[1]), int(numbers[2]))


# ---- the stories

@story
def first(s):
    s.deliver("51.a", "52.b", "53.c")
    s.show()


@story
def empty(s):
    s.show()
    s.deliver("51.a")
    s.show()


@story
def later(s):
    s.deliver("51.a", "52.b")
    s.show()
    for n in range(23, 2, -1):
        s.deliver(f"{n}.with.a.name.that.is.somewhat.longer.than.it.would.have.to.be")
        if n % 7 == 0:
            s.show()


@story
def flags(s):
    s.deliver("51.a", "52.b", "53.c")
    s.flag("51.a", "S")
    s.show()
    s.flag("52.b", "F")
    s.flag("51.a", "RS")
    s.deliver("44.d")
    s.show()


@story
def vanishing(s):
    s.deliver("51.a", "52.b", "53.c")
    s.show()
    s.delete("53.c")
    s.quiet()
    s.show()
    s.deliver("44.d")
    s.quiet()
    s.show()


@story
def rebuilt(s):
    s.deliver("51.a", "52.b", "53.c")
    s.show()
    s.delete("53.c")
    s.quiet()
    s.show()
    s.tool("rebuild")
    s.show()
    s.deliver("44.d")
    s.show()


@story
def damaged(s):
    s.deliver("51.a", "52.b")
    s.show()
    s.append("owlpost-uids", b"+ 3 1 1 no.such - 00000000\n")
    s.deliver("53.c")
    s.show()
    s.deliver("44.d")
    s.show()


@story
def dovecot(s):
    s.file("dovecot-uidlist", b"3 V1234 N9 G0\n3 :51.a\n7 :52.b\n8 :59.z\n")
    s.deliver("51.a", "52.b")
    s.known(1234, 9, {"51.a": 3, "52.b": 7})
    s.show()
    s.deliver("53.c")
    s.show()


@story
def deleting(s):
    s.deliver("51.a", "52.b", "53.c")
    s.show()
    s.flag("51.a", "S")
    s.pop3("DELE 1", "DELE 3", deleted=("51.a", "53.c"))
    s.deliver("44.d")
    s.show()
    s.pop3("RETR 1", "DELE 2", deleted=("44.d",))


def killed(name, step, number):
    """The story's program is killed in this step before its so-manieth change."""
    def play(s):
        s.deliver("51.a", "52.b", "53.c")
        if step != "list":
            s.show()
        if step == "quit":
            s.pop3("DELE 1", deleted=("51.a",), kill=number)
        else:
            s.tool(step, kill=number)
        s.deliver("44.d")
        s.show()
        s.deliver("35.e")
        s.show()
    STORIES[f"{name}-{number}"] = play


for n in range(1, 10):
    killed("killed-first", "list", n)
for n in range(1, 9):
    killed("killed-rebuild", "rebuild", n)
for n in range(1, 5):
    killed("killed-quit", "quit", n)
