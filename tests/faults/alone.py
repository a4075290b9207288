"""Programs that do one thing and end: the injector, the deliverer by hand."""
import re
import subprocess

from needs import LIBC, SENDER, ending, message, need, need_given_up, no_memory
from sites import Fault
from stage import Stage, holds, is_whole

TEMPORARY = {51, 52, 53, 54, 55, 61, 62, 63, 64, 65, 66, 71}
UNKNOWN = 81


class Injector:
    """One message, larger than what is written at once."""
    name, programs = "injector", ("owl-queue",)
    extra = [[Fault("owl-queue", "fsync", "queue/todo", 1, "EIO", 2)],
             [Fault("owl-queue", "fsync", "queue/todo", 1, "EIO"), Fault("owl-queue", "unlinkat", "queue/todo/ID", 1, "EIO")],
             *no_memory("owl-queue", 8)]
    unnamed = ()

    def __init__(self, folder):
        self.stage, self.text = Stage(folder), message(600000)

    def play(self, *faults):
        """(exit code, calls, whether all faults came)"""
        tracer = self.stage.tracer_of(*self.programs)
        tracer.arm(*self.unnamed, *faults)
        code = self.stage.inject_raw(self.text, "s@x.test", ["joe@local.test", "a@b.test"], tracer)
        calls, fired = tracer.calls(), tracer.fired()
        need_given_up(tracer)
        code = ending(code, tracer)
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
        if left and code != UNKNOWN:
            need(code == 0, f"exit {code}, but {left} is there")
        if code == 0:
            need(len(left) == 1 and left[0].startswith("todo/"), f"exit 0, and {left} is there")
        for path in left:
            need(is_whole(f"{self.stage.queue}/{path}", self.text), f"{path} is not whole")
        need(code in {0, UNKNOWN, LIBC} | TEMPORARY, f"exit {code}")
        if code == UNKNOWN:
            return self.tidy("exit 81, no answer: " + ("it may be there" if left else "nothing left"))
        if code == LIBC:
            return self.tidy("ended by the C library, nothing left")
        return self.tidy(f"exit {code}, nothing left" if code else "accepted, whole")

    def tidy(self, outcome):
        self.stage.clear()
        return outcome

    def end(self):
        self.stage.end()


class NamedInjector(Injector):
    """Where a file system has no unnamed files."""
    name = "injector-named"
    unnamed = (Fault("owl-queue", "openat", "queue/todo", 1, "EOPNOTSUPP"),)
    extra = []


class Deliverer:
    """One message by hand."""
    name, programs, extra = "deliverer", ("owl-local",), no_memory("owl-local", 8)

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
        need_given_up(tracer)
        code = ending(p.returncode, tracer)
        tracer.close()
        return code, words, calls, fired

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
        if code == LIBC:
            return "ended by the C library, no copy"
        return f"exit {code}, no copy" + (", a file left in tmp/" if waste else "")

    def end(self):
        self.stage.end()
