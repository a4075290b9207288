"""faults.py [--few] [--table FILE] [PART...]

Plays a part without a fault, notes its calls, and plays it again for each call
and error.  Each time: the client has a clear answer, nothing is lost, nothing
half-written is left, and what lives on finishes the work when the fault is over.
"""
import argparse
import multiprocessing
import os
import re
import shutil
import signal
import smtplib
import subprocess
import sys
import time
from collections import Counter, defaultdict

import processes
from peers import free_port, listens
from sites import Fault, faults_of
from stage import Stage, holds, is_whole, until
from waiting import TimedOut, wait_until

WORK = os.environ["OWLPOST_WORK"]
WORKERS = 2
LIBC = 127  # what the C library ends with when it has no memory before main()
TEMPORARY = {51, 52, 53, 54, 55, 61, 62, 63, 64, 65, 66, 71}
UNKNOWN = 81
SENDER = "mallory@local.test"


def message(size=300, mark="m"):
    lines = "".join(f"line {n} of a message\n" for n in range(size // 20))
    return f"X-Fault: {mark}\nSubject: fault\n\n{lines}".encode()


class Wrong(Exception):
    """A promise that was not kept."""


def need(holds_true, what):
    if not holds_true:
        raise Wrong(what)


# ---- the injector: one message, larger than what is written at once

class Injector:
    name, programs = "injector", ("owl-queue",)
    extra = [[Fault("owl-queue", "fsync", "queue/todo", 1, "EIO", 2)],
             [Fault("owl-queue", "fsync", "queue/todo", 1, "EIO"), Fault("owl-queue", "unlinkat", "queue/todo/ID", 1, "EIO")]]
    unnamed = ()

    def __init__(self, folder):
        self.stage, self.text = Stage(folder), message(600000)

    def play(self, *faults):
        """(exit code, calls, whether all faults came)"""
        tracer = self.stage.tracer_of(*self.programs)
        tracer.arm(*self.unnamed, *faults)
        code = self.stage.inject_raw(self.text, "s@x.test", ["joe@local.test", "a@b.test"], tracer)
        calls, fired = tracer.calls(), tracer.fired()
        tracer.close()
        return code, calls, fired

    def calls(self):
        code, calls, _ = self.play()
        need(code == 0, f"exit {code}")
        self.stage.clear()
        return calls

    def check(self, *faults):
        code, _, fired = self.play(*faults)
        left = self.stage.queue_files()
        if not fired:
            return self.tidy("not reached")
        need(code < 128, f"ended by signal {code - 128}")
        if left and code != UNKNOWN:
            need(code == 0, f"exit {code}, but {left} is there")
        if code == 0:
            need(len(left) == 1 and left[0].startswith("todo/"), f"exit 0, and {left} is there")
        for path in left:
            need(is_whole(f"{self.stage.queue}/{path}", self.text), f"{path} is not whole")
        need(code in {0, UNKNOWN, LIBC} | TEMPORARY, f"exit {code}")
        if code == UNKNOWN:
            return self.tidy("exit 81, no answer: " + ("it may be there" if left else "nothing left"))
        return self.tidy(f"exit {code}, nothing left" if code else "accepted, whole")

    def tidy(self, outcome):
        self.stage.clear()
        return outcome

    def end(self):
        self.stage.end()


class NamedInjector(Injector):
    """Where a file system has no unnamed files."""
    name = "injector, named file"
    unnamed = (Fault("owl-queue", "openat", "queue/todo", 1, "EOPNOTSUPP"),)
    extra = []


# ---- the deliverer: one message by hand

class Deliverer:
    name, programs, extra = "deliverer", ("owl-local",), []

    def __init__(self, folder):
        self.stage, self.text = Stage(folder), message(200000)

    def play(self, *faults):
        s, home = self.stage, self.stage.home("joe")
        tracer = s.tracer_of(*self.programs)
        tracer.arm(*faults)
        with open(f"{s.folder}/message", "w+b") as m:
            m.write(self.text)
            m.seek(0)
            p = tracer.run([s.program("owl-local"), "joe", home, "joe", "", "", "local.test", SENDER, "./Maildir/"],
                           stdin=m, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=s.environment)
            words = p.communicate(timeout=30)[1].decode()
        calls, fired = tracer.calls(), tracer.fired()
        tracer.close()
        return p.returncode, words, calls, fired

    def calls(self):
        code, words, calls, _ = self.play()
        need(code == 0, f"exit {code}: {words}")
        self.stage.clear()
        return calls

    def check(self, *faults):
        code, words, _, fired = self.play(*faults)
        there, waste = self.stage.messages("joe"), self.stage.waste("joe")
        self.stage.clear()
        if not fired:
            return "not reached"
        need(code in (0, 111, LIBC), f"exit {code}: {words}")
        for octets in there:
            need(holds(octets, self.text), "a part of a message is in new/")
        if code == 0:
            need(len(there) == 1, f"exit 0, and {len(there)} copies")
            return "delivered, whole" + (", a file left in tmp/" if waste else "")
        need(code == LIBC or re.search(r"\(#4\.\d\.\d\)", words), f"exit {code} without a reason: {words}")
        need(not there, f"exit {code}, but there is a copy")
        return f"exit {code}, no copy" + (", a file left in tmp/" if waste else "")

    def end(self):
        self.stage.end()


# ---- the runner and its workers: a copy, a deferral, a failure with its DSN

class Runner:
    name, programs, extra = "runner", ("owl-send", "owl-local"), []
    few_calls = 2

    def __init__(self, folder):
        self.stage, self.count = Stage(folder), 0

    def start(self):
        need(self.stage.start_traced(*self.programs), "does not start")
        self.pid = self.stage.named("owl-send")[0]

    def hurry(self):
        os.kill(self.pid, signal.SIGALRM)

    def wait(self, condition, what, seconds=12):
        """Recovers by itself; we only make the time until a retry short."""
        end = time.monotonic() + seconds
        while not until(condition, 0.15):
            need(self.stage.named("owl-send") == [self.pid], f"the runner is gone: {self.stage.log()[-200:]!r}")
            need(time.monotonic() < end, f"{what}; queue: {self.stage.queue_files()[:4]}; log: {self.stage.log()[-300:]!r}")
            self.hurry()

    def play(self, *faults):
        s, text = self.stage, message(90000 if self.count % 2 else 300, f"{self.count}")
        self.count += 1
        s.tracer.forget()
        s.tracer.arm(*faults)
        s.busy_with("ann", True)
        code = s.inject_raw(text, SENDER, ["joe@local.test", "ann@local.test", "nobody@local.test"])
        need(code == 0, f"owl-queue: exit {code}")
        self.wait(lambda: s.maildir("joe") and s.maildir("mallory"), "no copy for joe or no DSN")
        s.busy_with("ann", False)
        self.wait(lambda: s.maildir("ann"), "no copy for ann")
        self.wait(lambda: not s.queue_files(), "the queue is not empty")
        s.tracer.disarm()
        return text

    def compare(self, text):
        s = self.stage
        copies = {user: s.messages(user) for user in ("joe", "ann")}
        waste = [f for user in ("joe", "ann", "mallory") for f in s.waste(user)]
        dsns = s.messages("mallory")
        s.clear()
        for user, octets in copies.items():
            need(all(holds(o, text) for o in octets), f"{user} has a part of a message")
        need(len(dsns) >= 1 and all(b"nobody@local.test" in d for d in dsns), "the DSN does not name the recipient")
        need(len({re.search(rb"(?m)^Message-ID: (.*)$", d, re.I).group(1) for d in dsns}) == 1, "two DSNs")
        again = max(len(copies["joe"]), len(copies["ann"]), len(dsns)) - 1
        return again, waste

    def calls(self):
        """Of both sizes of message; each restarts, so that neither has the other's worker."""
        calls = Counter()
        self.start()
        for _ in range(2):
            self.compare(self.play())
            calls |= self.stage.tracer.calls()
        return Counter({site: min(n, self.few_calls) for site, n in calls.items() if site[1] != "brk"})

    def check(self, *faults):
        if not self.stage.starter:
            self.start()
        try:
            again, waste = self.compare(self.play(*faults))
        except Wrong:
            self.stage.end()
            self.stage.clear()
            raise
        fired = self.stage.tracer.fired()
        if any(f.call in ("fsync", "fdatasync", "syncfs") for f in faults):
            self.stage.end() # which remembers its doubts
        if not fired:
            return "not reached"
        need(not again or any(f.program == "owl-local" or "socket" in f.target for f in faults),
             f"{again} more copies, without a result that was lost")
        return ("done" if not again else "done, with a second copy: the result was lost") + (
            ", a file left in tmp/" if waste else "")

    def end(self):
        self.stage.end()


# ---- the runner's start, with a message new and one that waits

class Start(Runner):
    name, programs = "start", ("owl-send",)

    def prepare(self):
        s = self.stage
        s.busy_with("ann", True)
        need(s.start_traced(), "does not start")
        need(s.inject_raw(message(300, "old"), SENDER, ["ann@local.test"]) == 0, "owl-queue")
        wait_until(lambda: any(f.startswith("wait/") and f.endswith(".log") for f in s.queue_files()), 10, s.log)
        s.end()
        need(s.inject_raw(message(300, "new"), SENDER, ["joe@local.test"]) == 0, "owl-queue")
        s.busy_with("ann", False)

    def finish(self):
        s = self.stage
        pids = s.named("owl-send")
        need(pids, f"the runner is gone: {s.log()[-200:]!r}")
        self.pid = pids[0]
        self.wait(lambda: s.maildir("joe") and s.maildir("ann") and not s.queue_files(), "not delivered")
        need(len(s.maildir("joe")) == len(s.maildir("ann")) == 1, "a second copy")

    def calls(self):
        self.prepare()
        need(self.stage.start_traced(*self.programs), "does not start")
        self.finish()
        calls = self.stage.tracer.calls()
        self.stage.end()
        self.stage.clear()
        return Counter({site: 1 for site in calls})

    def check(self, *faults):
        self.prepare()
        came_up = self.stage.start_traced(*self.programs, faults=faults)
        at_once, fired = came_up, True
        try:
            if not came_up:
                fired = self.stage.tracer.fired()
                need("fatal" in self.stage.log() or "owl-send" in self.stage.log(), "does not start, without a word")
                self.stage.end()
                need(self.stage.start_traced(), "does not start when the fault is over")
            self.finish()
            fired = fired and self.stage.tracer.fired() if at_once else fired
        finally:
            self.stage.end()
            self.stage.clear()
        if not fired:
            return "not reached"
        return "done" if at_once else "ends and says why; done when started again"


# ---- a session: what the client is told

class Session:
    name, programs, extra = "session", ("owl-smtpd", "owl-smtpd+", "owl-queue", "owl-queue+"), []

    def __init__(self, folder):
        self.stage, self.text = Stage(folder), message(3000)
        self.started = False

    def start(self):
        s = self.stage
        need(s.start_traced(), "does not start")
        s.named("owl-send")
        port = free_port()
        self.tracer = s.tracer_of(*self.programs)
        with s._log("smtpd") as log:
            self.server = self.tracer.run(
                ["tcpserver", "-H", "-R", "-l", "owlpost.test", "127.0.0.1", str(port), s.program("owl-smtpd")],
                env=s.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: listens(port), 10, "tcpserver")
        self.port, self.started = port, True

    def talk(self):
        """(code, text) of the last reply; code 0: the connection closed."""
        try:
            with smtplib.SMTP("127.0.0.1", self.port, local_hostname="client.test", timeout=20) as session:
                session.sendmail("s@sender.test", ["joe@local.test"], self.text.replace(b"\n", b"\r\n"))
            return 250, b""
        except smtplib.SMTPRecipientsRefused as e:
            return e.recipients["joe@local.test"]
        except smtplib.SMTPResponseException as e:
            return e.smtp_code, e.smtp_error
        except (smtplib.SMTPServerDisconnected, OSError) as e:
            return 0, str(e).encode()

    def play(self, *faults):
        if not self.started:
            self.start()
        self.tracer.forget()
        self.tracer.arm(*faults)
        reply = self.talk()
        self.tracer.disarm()
        return reply

    def calls(self):
        for _ in range(2): # the second one finds all that the first has started
            reply = self.play()
            need(reply[0] == 250, f"{reply}")
            self.deliver(1)
        return Counter({site: n for site, n in self.tracer.calls().items() if self.is_ours(site)})

    @staticmethod
    def is_ours(site):
        """The talker's calls on its client's socket are the network's."""
        program, call, target = site
        return program != "owl-queue+" and not (program == "owl-smtpd+" and target in ("socket", "pipe"))

    def deliver(self, copies):
        s = self.stage
        need(until(lambda: len(s.maildir("joe")) >= copies and not s.queue_files(), 10),
             f"{len(s.maildir('joe'))} copies; queue: {s.queue_files()}")
        found = s.messages("joe")
        s.clear()
        need(len(found) == copies, f"{len(found)} copies")

    def check(self, *faults):
        code, text = self.play(*faults)
        fired = self.tracer.fired()
        try:
            self.deliver(1 if code == 250 else 0)
        except Wrong:
            self.stage.clear()
            if code or not fired:
                raise
            return "no reply; accepted"
        if not fired:
            return "not reached"
        need(code == 250 or 400 <= code <= 499, f"{code} {text!r}")
        if code == 250:
            return "250"
        found = re.match(rb"4\.\d\.\d", text)
        return f"{code} {found.group(0).decode() if found else ''}".strip()

    def end(self):
        if self.started:
            self.server.terminate()
            self.server.wait()
            self.tracer.close()
        self.stage.end()


PARTS = {part.name.split(",")[0] if part is not NamedInjector else "injector-named": part
         for part in (Injector, NamedInjector, Deliverer, Runner, Start, Session)}


# ---- all of it

def play(task):
    """A share of a part's faults, in a process of its own."""
    name, number, few = task
    processes.adopt_orphans()
    part = PARTS[name](f"{WORK}/{name}{number}")
    rows = []
    try:
        cases = [[f] for f in faults_of(part.calls(), few)] + part.extra
        for faults in cases[number::WORKERS]:
            label = [(f.program, f.call, f.target, f.nth, f.error, f.times) for f in faults]
            try:
                t0 = time.monotonic()
                rows.append((name, label, part.check(*faults), True))
                if os.environ.get("TIMES"): print(round(time.monotonic() - t0, 2), label, flush=True)
            except (Wrong, TimedOut) as e:
                rows.append((name, label, str(e), False))
    except (Wrong, TimedOut) as e:
        rows.append((name, [], f"without a fault: {e}", False))
    finally:
        part.end()
        shutil.rmtree(part.stage.folder)
    return rows


def table(rows):
    """Markdown: a row for each program, call and outcome."""
    cells = defaultdict(lambda: defaultdict(list))
    for part, label, outcome, _ in rows:
        if outcome == "not reached" or not label:
            continue
        what = " and ".join(f"`{c}` {t}" + (f", {n} times" if n > 1 else "") for _, c, t, _, _, n in label)
        errors = cells[part][label[0][0], what, outcome]
        errors += [label[0][4]] if label[0][4] not in errors else []
    for part, found in cells.items():
        yield f"\n## {part}\n\n| program | call | error | outcome |\n| --- | --- | --- | --- |\n"
        for (program, what, outcome), errors in sorted(found.items()):
            yield f"| {program} | {what.replace('|', '/')} | {', '.join(errors)} | {outcome} |\n"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--few", action="store_true")
    p.add_argument("--table", action="store_true")
    p.add_argument("parts", nargs="*", metavar="PART")
    options = p.parse_args()
    processes.adopt_orphans()
    tasks = [(name, n, options.few) for name in options.parts or PARTS for n in range(WORKERS)]
    rows = []
    with multiprocessing.Pool(WORKERS, maxtasksperchild=1) as pool:
        for found in pool.imap(play, tasks, chunksize=1):
            rows += found
    for name in dict.fromkeys(r[0] for r in rows):
        outcomes = Counter(r[2] for r in rows if r[0] == name and r[3])
        print(f"{name}: {sum(outcomes.values())} faults")
        for outcome, n in outcomes.most_common():
            print(f"  {n:4} {outcome}")
    bad = [r for r in rows if not r[3]]
    for name, label, outcome, _ in bad:
        print(f"FAIL {name}: " + "; ".join(str(Fault(*f)) for f in label) + f": {outcome}")
    if options.table:
        with open(f"{WORK}/table.md", "w") as f:
            f.writelines(table(rows))
    print(f"{len(rows) - len(bad)} faults borne, {len(bad)} not")
    return 1 if bad or not rows else 0


sys.exit(main())
