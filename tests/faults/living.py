"""The runner, which lives on."""
import os
import re
import signal
import time
from collections import Counter

from needs import SENDER, SYNCS, Wrong, message, need, need_order
from stage import Stage, holds, until
from waiting import wait_until


class Runner:
    """With its workers: a copy, a deferral, a failure with its DSN."""
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
        self.wait(lambda: not self.work_left(faults), "the queue is not empty")
        s.tracer.disarm()
        return text

    def work_left(self, faults):
        """A log whose message's removal is in doubt stays until the next start."""
        left = self.stage.queue_files()
        may_stay = any(f.call in SYNCS or f.target.endswith((".log", "queue/wait/XX", "queue/todo")) for f in faults)
        return [f for f in left if not (may_stay and f.endswith(".log"))]

    def compare(self, text):
        s = self.stage
        copies = {user: s.messages(user) for user in ("joe", "ann")}
        waste = [f for user in ("joe", "ann", "mallory") for f in s.waste(user)]
        dsns = s.messages("mallory")
        s.clear_mail()
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
            need_order(self.stage.tracer, ("unlinkat", "queue/wait/XX/ID"), ("fsync", "queue/wait/XX"),
                       ("unlinkat", "queue/wait/XX/ID.log"))
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
        logs = [f for f in self.stage.queue_files() if f.endswith(".log")]
        if logs or any(f.call in SYNCS for f in faults):
            self.stage.end() # which remembers its doubts
        if logs:
            self.start()
            need(until(lambda: not self.stage.queue_files(), 5), f"{logs} are left at the next start")
        if not fired:
            return "not reached"
        need(not again or any(f.program == "owl-local" or "socket" in f.target for f in faults),
             f"{again} more copies, without a result that was lost")
        return ("done" if not again else "done, with a second copy: the result was lost") + (
            ", a file left in tmp/" if waste else "") + (
            ", a log left until the next start" if logs else "")

    def end(self):
        self.stage.end()


class Start(Runner):
    """With a new message and one that waits."""
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

    def finish(self, faults=()):
        s = self.stage
        pids = s.named("owl-send")
        need(pids, f"the runner is gone: {s.log()[-200:]!r}")
        self.pid = pids[0]
        self.wait(lambda: s.maildir("joe") and s.maildir("ann") and not self.work_left(faults), "not delivered")
        again = max(len(s.maildir("joe")), len(s.maildir("ann"))) - 1
        need(not again or any("socket" in f.target for f in faults), "a second copy, without a result that was lost")
        return again

    def calls(self):
        self.prepare()
        need(self.stage.start_traced(*self.programs), "does not start")
        self.finish()
        calls = self.stage.tracer.calls()
        need_order(self.stage.tracer, ("syncfs", "queue"), ("getdents64", "queue/todo"), ("fsync", "queue/todo"),
                   ("openat", "queue/todo/ID"))
        self.stage.end()
        self.stage.clear()
        return Counter({site: 1 for site in calls if not self.few or site[2].startswith("queue")})

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
            again = self.finish(faults)
            fired = fired and self.stage.tracer.fired() if at_once else fired
        finally:
            self.stage.end()
            self.stage.clear()
        if not fired:
            return "not reached"
        if again:
            return "done, with a second copy: the result was lost"
        return "done" if at_once else "ends and says why; done when started again"
