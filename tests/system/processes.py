"""The processes that the tests start: found by descent, ended by number.

The test runner makes itself the reaper of orphans, so that every process that
it or a program under test ever started is one of its descendants.
"""
import ctypes
import os
import signal
import time

PR_SET_CHILD_SUBREAPER = 36
DEATH_SECONDS = 20


def adopt_orphans():
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def stat(pid):
    """(name, state, parent), or None."""
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as f:
            text = f.read()
    except OSError:
        return None
    name, rest = text.split("(", 1)[1].rsplit(")", 1)
    fields = rest.split()
    return name, fields[0], int(fields[1])


def name(pid):
    s = stat(pid)
    return s[0] if s else ""


def descendants(of, without=()):
    """Living descendants; those of the pids in without, and these, left out."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            s = stat(entry)
            if s and s[1] not in "ZX":
                children.setdefault(s[2], []).append(int(entry))
    found, todo = [], [of]
    while todo:
        for pid in children.get(todo.pop(), []):
            if pid not in without:
                found.append(pid)
                todo.append(pid)
    return found


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def reap_all():
    """Takes every zombie that is left; only when nobody waits for a child any more."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def freeze(find):
    """Stops all that find() finds, until nothing new is found.  The list."""
    stopped = []
    while True:
        running = [p for p in find() if p not in stopped]
        if not running:
            return stopped
        for pid in running:
            send(pid, signal.SIGSTOP)
        stopped += running


def thaw(pids):
    for pid in pids:
        send(pid, signal.SIGCONT)


def kill(find):
    """SIGKILL for all that find() finds, until nothing is left."""
    deadline = time.monotonic() + DEATH_SECONDS
    while pids := find():
        for pid in pids:
            send(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise AssertionError(f"cannot be killed: {[(p, name(p)) for p in pids]}")
        time.sleep(0.005)


def descriptors(pid):
    """What each of a process's descriptors is: {number: target}."""
    found = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(fd)] = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            pass
    return found


def may_read(pid, fd):
    """Whether the descriptor is open for reading."""
    with open(f"/proc/{pid}/fdinfo/{fd}") as f:
        flags = int(next(line.split()[1] for line in f if line.startswith("flags:")), 8)
    return flags & os.O_ACCMODE != os.O_WRONLY


def status(pid):
    """/proc/PID/status as a dict."""
    with open(f"/proc/{pid}/status") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
