"""A mailbox in which four programs deliver, one changes flags as an IMAP server
does, and POP3 sessions delete, with SIGKILL at any moment: nothing is lost, and
no message's UID changes or is another's."""
import contextlib
import itertools
import multiprocessing
import os
import random
import select
import signal
import subprocess
import sys
import threading

import pytest

LETTER = "Subject: {0}\n\n" + "some line of letter {0}\n" * 20
DELIVERERS = 4


def names_of(who, letters):
    """Every second name says how large its letter is."""
    for number in range(letters):
        name = f"{1700000000 + number}.M{number % 1000000}P{who}.storm"
        size = len(LETTER.format(name))
        yield name + (f",S={size},W={size + LETTER.count(chr(10))}" if number % 2 else "")


def deliver(path, who, letters):
    for name in names_of(who, letters):
        with open(f"{path}/tmp/{name}", "w", encoding="ascii") as f:
            f.write(LETTER.format(name.partition(",")[0]))
        os.rename(f"{path}/tmp/{name}", f"{path}/new/{name}")


def change_flags(path, changes):
    chance = random.Random(1730)
    while changes > 0:
        for folder, name in [(folder, name) for folder in ("new", "cur") for name in os.listdir(f"{path}/{folder}")[:20]]:
            flags = chance.choice(("", "S", "RS", "F", "FS"))
            with contextlib.suppress(FileNotFoundError):
                os.rename(f"{path}/{folder}/{name}", f"{path}/cur/{name.partition(':')[0]}:2,{flags}")
                changes -= 1


class Storm:
    def __init__(self, owlpost, path, operations):
        self.owlpost, self.path = owlpost, path
        self.left = operations // 4  # deletions
        letters = operations // 2 // DELIVERERS
        self.delivered = set(itertools.chain.from_iterable(names_of(who, letters) for who in range(DELIVERERS)))
        self.others = [multiprocessing.Process(target=deliver, args=(path, who, letters)) for who in range(DELIVERERS)]
        self.others.append(multiprocessing.Process(target=change_flags, args=(path, operations // 4)))
        self.lock = threading.Lock()
        self.asked, self.told = set(), set()  # base names
        self.uids, self.faults, self.killed = {}, [], 0
        self.random = random.Random(20261127)

    def goes_on(self):
        return (self.left > 0 or any(other.is_alive() for other in self.others)) and not self.faults

    def note(self, rows):
        """(UID, base name): as every other time."""
        with self.lock:
            for uid, base in rows:
                if self.uids.setdefault(base, uid) != uid:
                    self.faults.append(f"{base} was {self.uids[base]} and is {uid}")

    def show(self):
        while self.goes_on():
            self.show_once(kills=self.random.random() < 0.3)

    def show_once(self, kills):
        with subprocess.Popen([self.owlpost.program("owl-mailbox"), "list", self.path], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, env=self.owlpost.environment) as shown:
            if kills:
                select.select([], [], [], self.random.random() / 50)
                shown.send_signal(signal.SIGKILL)
            out, err = shown.communicate()
        if shown.returncode == -signal.SIGKILL:
            self.killed += 1
            return
        if shown.returncode:
            self.faults.append(err.decode())
        rows = [line.split("\t") for line in out.decode().splitlines()]
        if len({row[0] for row in rows}) != len(rows):
            self.faults.append("a UID twice")
        self.note((row[0], row[3]) for row in rows)

    def fetch(self):
        while self.left > 0 and not self.faults:
            with contextlib.suppress(BrokenPipeError), subprocess.Popen(
                    [self.owlpost.program("owl-pop3d"), self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL, env=self.owlpost.environment) as session:
                self.delete_some(session)

    def delete_some(self, session):
        ask = Dialog(session).ask
        if not ask() or not ask("UIDL"):
            return
        uidls = dict(line.decode().split() for line in Dialog.lines(session))
        chosen = self.random.sample(sorted(uidls), min(len(uidls), self.random.randrange(40)))
        for number in chosen:
            with self.lock:
                self.left -= 1
                self.asked.add(uidls[number])
            ask(f"DELE {number}")
        kill = self.random.random()
        if kill < 0.3:
            session.send_signal(signal.SIGKILL)
            self.killed += 1
        if ask("QUIT"):
            with self.lock:
                self.told |= {uidls[number] for number in chosen}


class Dialog:
    def __init__(self, session):
        self.session = session

    def ask(self, command=None):
        """Whether the reply is +OK."""
        if command:
            self.session.stdin.write(f"{command}\r\n".encode())
            self.session.stdin.flush()
        return self.session.stdout.readline().startswith(b"+OK")

    @staticmethod
    def lines(session):
        for line in iter(session.stdout.readline, b".\r\n"):
            if not line:
                return
            yield line


@pytest.mark.needs_root("a mailbox of another user")
def test_a_mailbox_in_a_storm(owlpost, full):
    path = f"{owlpost.home('joe')}/storm"
    script = [owlpost.program("maildirmake"), path]
    subprocess.run(script, check=True, env=owlpost.environment, **owlpost.identity("joe"))
    code = f"import sys; sys.path.insert(0, {os.path.dirname(__file__)!r}); import test_mailbox_storm as t; t.main()"
    done = subprocess.run(["/usr/bin/python3", "-c", code, path, str(50000 if full else 4000),
                           owlpost.program("owl-mailbox"), owlpost.program("owl-pop3d")],
                          capture_output=True, timeout=900, check=False, env=owlpost.environment, **owlpost.identity("joe"))
    print(done.stdout.decode())
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()[-2000:]


class Programs:
    """As the instance gives them, for a process of the mailbox's user."""

    def __init__(self, paths):
        self.paths, self.environment = {os.path.basename(path): path for path in paths}, dict(os.environ)

    def program(self, name):
        return self.paths[name]


def main():
    path, operations, *programs = sys.argv[1:]
    storm = Storm(Programs(programs), path, int(operations))
    work = storm.others + [threading.Thread(target=f) for f in (storm.show, storm.show, storm.fetch, storm.fetch)]
    for one in work: # processes first: they are forks, which want no other threads
        one.start()
    for one in work:
        one.join()
    storm.faults += [f"{other.name} has failed" for other in storm.others if other.exitcode]
    there = {name.partition(":")[0] for folder in ("new", "cur") for name in os.listdir(f"{path}/{folder}")}
    storm.show_once(kills=False)
    lost = storm.delivered - there - storm.asked
    back = there & storm.told
    print(f"{len(storm.delivered)} delivered, {storm.killed} killed, {len(storm.told)} deleted, {len(there)} left, {len(storm.uids)} UIDs; "
          f"lost {len(lost)}, back {len(back)}, not shown {len(there - set(storm.uids))}")
    print(storm.faults[:5])
    sys.exit(1 if storm.faults or lost or back or there - set(storm.uids) else 0)
