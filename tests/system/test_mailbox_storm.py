"""A mailbox in which four programs deliver, one changes flags as an IMAP server
does, and POP3 sessions delete, with SIGKILL at any moment: nothing is lost, and
no message's UID changes or is another's."""
import contextlib
import os
import random
import select
import signal
import subprocess
import sys
import threading

import pytest

LETTER = "Subject: {0}\n\n" + "some line of letter {0}\n" * 20


class Storm:
    def __init__(self, owlpost, path, operations):
        self.owlpost, self.path = owlpost, path
        self.left = {"letters": operations // 2, "flags": operations // 4, "marks": operations // 4}
        self.lock = threading.Lock()
        self.delivered, self.asked, self.told = set(), set(), set()  # base names
        self.uids, self.faults, self.killed = {}, [], 0
        self.random = random.Random(20261127)

    def takes(self, what):
        """One more of these is to be done."""
        with self.lock:
            self.left[what] -= 1
            return self.left[what] >= 0 and not self.faults

    def goes_on(self):
        return any(n > 0 for n in self.left.values()) and not self.faults

    def deliver(self, who):
        for number in range(1 << 30):
            if not self.takes("letters"):
                return
            name = f"{1700000000 + number}.M{number % 1000000}P{who}.storm"
            letter = LETTER.format(name)
            if number % 2:
                name += f",S={len(letter)},W={len(letter) + letter.count(chr(10))}"
            with open(f"{self.path}/tmp/{name}", "w", encoding="ascii") as f:
                f.write(letter)
            with self.lock:
                self.delivered.add(name)
            os.rename(f"{self.path}/tmp/{name}", f"{self.path}/new/{name}")

    def change_flags(self):
        while not self.faults:
            for folder in ("new", "cur"):
                for name in os.listdir(f"{self.path}/{folder}")[:20]:
                    base = name.partition(":")[0]
                    try:
                        os.rename(f"{self.path}/{folder}/{name}",
                                  f"{self.path}/cur/{base}:2,{self.random.choice(('', 'S', 'RS', 'F', 'FS'))}")
                    except FileNotFoundError:
                        continue
                    if not self.takes("flags"):
                        return

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
        while self.left["marks"] > 0 and not self.faults:
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
            self.takes("marks")
            with self.lock:
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
    work = [(storm.deliver, who) for who in range(1, 5)] + [(f,) for f in (storm.change_flags, storm.show, storm.show,
                                                                          storm.fetch, storm.fetch)]
    threads = [threading.Thread(target=f, args=arguments) for f, *arguments in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    there = {name.partition(":")[0] for folder in ("new", "cur") for name in os.listdir(f"{path}/{folder}")}
    storm.show_once(kills=False)
    lost = storm.delivered - there - storm.asked
    back = there & storm.told
    print(f"{len(storm.delivered)} delivered, {storm.killed} killed, {len(storm.told)} deleted, {len(there)} left, {len(storm.uids)} UIDs; "
          f"lost {len(lost)}, back {len(back)}, not shown {len(there - set(storm.uids))}")
    print(storm.faults[:5])
    sys.exit(1 if storm.faults or lost or back or there - set(storm.uids) else 0)
