"""A trace of system calls, read back in the order in which they ended."""
import re
import signal

from waiting import wait_until

LINE = re.compile(r"^(\d+) +(.*)$")
CALL = re.compile(r"^(\w+)\((.*)$")
RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)$")
SYNCS = ("fsync", "fdatasync", "sync", "syncfs", "sync_file_range", "msync")
OPTIONS = ["-f", "-yy", "-s", "200"]


class Call:
    def __init__(self, pid, name, text, begun, ended):
        self.pid, self.name, self.text, self.begun, self.ended = pid, name, text, begun, ended

    @property
    def result(self):
        found = re.search(r"\)\s+= (-?\d+|\?)", self.text)
        return found.group(1) if found else None

    @property
    def target(self):
        """What the first argument, a descriptor, is."""
        found = re.match(r"\w+\((?:-?\d+|AT_FDCWD)<(.*?)>(?:\(deleted\))?[,)]", self.text)
        return found.group(1) if found else ""

    def __repr__(self):
        return f"{self.pid} {self.text}"


def attach(bystanders, pids, path, options=OPTIONS):
    """strace on running processes and, unless told otherwise, what they start; ends with detach()."""
    argv = ["strace", *options, "-o", path]
    for pid in pids:
        argv += ["-p", str(pid)]
    tracer = bystanders.start(argv)
    wait_until(lambda: tracer.poll() is not None or all(traced(p) for p in pids), 20, "strace")
    assert tracer.poll() is None, "strace ended"
    return tracer


def traced(pid):
    """Whether it is; a process that has ended needs no tracing."""
    try:
        with open(f"/proc/{pid}/status") as f:
            return "TracerPid:\t0\n" not in f.read()
    except (FileNotFoundError, ProcessLookupError):
        return True


def detach(tracer):
    tracer.send_signal(signal.SIGINT)
    tracer.wait(20)


def read(path):
    """The calls, ordered by their end."""
    calls, unfinished = [], {}
    with open(path, errors="replace") as f:
        for number, line in enumerate(f):
            pid, text = LINE.match(line.rstrip("\n")).groups()
            if text.endswith("<unfinished ...>"):
                unfinished[pid] = (number, text[:-len("<unfinished ...>")].rstrip())
                continue
            begun = number
            if resumed := RESUMED.match(text):
                begun, start = unfinished.pop(pid, (number, resumed.group(1) + "("))
                text = start + resumed.group(2)
            if call := CALL.match(text):
                calls.append(Call(int(pid), call.group(1), text, begun, number))
    return calls


def executed(calls):
    """{pid: name of the program that it became last}, in order, as a list of pairs."""
    return [(c.pid, re.search(r'"([^"]+)"', c.text).group(1).rsplit("/", 1)[-1])
            for c in calls if c.name in ("execve", "execveat") and c.result == "0"]
