"""What each part asks of an outcome."""
import re

from sites import Fault

SYNCS = ("fsync", "fdatasync", "syncfs")
LIBC = 127  # what a program ends with for which the C library has no memory before main()
SENDER = "mallory@local.test"


def message(size=300, mark="m"):
    lines = "".join(f"line {n} of a message\n" for n in range(size // 20))
    return f"X-Fault: {mark}\nSubject: fault\n\n{lines}".encode()


class Wrong(Exception):
    """A promise that was not kept."""


def need(holds_true, what):
    if not holds_true:
        raise Wrong(what)


def need_given_up(tracer):
    """A file that could not be synced is not synced again: that would succeed and prove nothing."""
    failed = set()
    for line in tracer.lines():
        if len(line) == 4 and line[2] in SYNCS and re.search("unnamed$|UNIQUE$|ID$", line[3]):
            need(line[1:] not in failed, f"{line[3]} is synced again")
            if line[0] == "fault":
                failed.add(line[1:])


def need_order(tracer, *steps):
    """The steps, (call, object), stand one behind the other."""
    lines = [line[2:] for line in tracer.lines() if len(line) == 4]
    at = 0
    for step in steps:
        need(step in lines[at:], f"no {' '.join(step)} behind what must come before it")
        at = lines.index(step, at)


def ending(code, tracer):
    """The exit code; LIBC where the C library had no memory: it ends a program by
    a signal or by itself before main(), and aborts where its heap got no page's end."""
    lines = [line for line in tracer.lines() if len(line) == 4]
    own = any(line[2] in ("access", "openat", "chdir") for line in lines)
    aborted = code == 128 + 6 and ("fault", "brk") in {(line[0], line[2]) for line in lines}
    if aborted or not own and code in (LIBC, 128 + 6, 128 + 11):
        return LIBC
    need(code < LIBC, f"ended by signal {code - 128}: {lines[-8:]}")
    return code


def no_memory(program, calls):
    """From some point on there is no more of it: the C library tries both ways."""
    return [[Fault(program, "brk", "-", n, "ENOMEM", 999), Fault(program, "mmap", "-", 1, "ENOMEM", 999)]
            for n in range(1, calls + 1)]
