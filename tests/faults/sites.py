"""Which faults are put into which calls."""
import errno
import re

SHORT = "short"
SPACE = ("ENOSPC", "EDQUOT", "EIO")
FILES = re.compile(r"queue/|home/|memfd")
CREATE = re.compile(r"queue/(todo|tmp)$|\.log$|Maildir/(tmp/.+|tmp|new|cur|)$|bad/|memfd")
DESCRIPTORS = ("socket", "socketpair", "pipe2", "memfd_create", "accept4", "signalfd4")
MEMORY = ("mmap", "mremap", "brk", "poll", "fork", "vfork", "clone")


def errors_of(call, target):
    """The errors that such a call can end with, as far as they are in the table."""
    if call in ("open", "openat"):
        return ("EMFILE", "ENOMEM", "EIO", *(("ENOSPC", "EDQUOT") if CREATE.search(target) else ()))
    if call in ("write", "writev", "sendfile", "pwrite64"):
        return (*SPACE, SHORT) if FILES.search(target) else ("ENOMEM", SHORT)
    if call in ("fsync", "fdatasync", "syncfs", "ftruncate"):
        return SPACE
    if call in ("linkat", "rename", "renameat", "renameat2", "mkdir"):
        return (*SPACE, "ENOMEM")
    if call in ("unlink", "unlinkat", "chdir", "access", "faccessat", "faccessat2", "getdents64",
                "stat", "fstat", "newfstatat", "fstatfs"):
        return ("EIO", "ENOMEM")
    if call == "close":
        return SPACE if FILES.search(target) else ("EIO",)
    if call in ("read", "pread64"):
        return ("EIO", "ENOMEM", SHORT)
    if call in DESCRIPTORS:
        return ("EMFILE", "ENOMEM")
    if call in MEMORY:
        return ("ENOMEM",)
    if call == "execve":
        return ("ENOMEM", "EMFILE", "EIO")
    if call == "dup2":
        return ("EMFILE",)
    if call in ("recvmsg", "recvfrom", "sendmsg", "sendto"):
        return ("ENOMEM",)
    return ("EIO",)


def number(error):
    return 0 if error == SHORT else getattr(errno, error)


class Fault:
    """The nth call of that kind, by that program, ends with error; times in a row."""

    def __init__(self, program, call, target, nth, error, times=1):
        self.program, self.call, self.target = program, call, target
        self.nth, self.error, self.times = nth, error, times

    def order(self):
        return f"arm {self.program} {self.call} {self.target} {self.nth} {self.times} {number(self.error)}\n"

    def __str__(self):
        return f"{self.program}: {self.call} {self.target} #{self.nth}: {self.error}"


def faults_of(calls, few, most=3):
    """calls: a Counter of (program, call, target) in a good run.  few: one error
    for each site, a different one from site to site, and only its first and last
    call; else every error at each of the first calls and the last one."""
    found = []
    for turn, ((program, call, target), count) in enumerate(sorted(calls.items())):
        errors = errors_of(call, target)
        places = sorted({1, count} if few else {*range(1, min(count, most) + 1), count})
        for place, nth in enumerate(places):
            for error in [errors[(turn + place) % len(errors)]] if few else errors:
                found.append(Fault(program, call, target, nth, error))
    return found
