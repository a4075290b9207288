"""usage: lesskernel.py seccomp|landlock|pidfd|fork PROGRAM ARGUMENTS: runs it as on a kernel that has none."""
import ctypes
import errno
import os
import platform
import struct
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, FILTER = 22, 38, 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
NUMBER_AT, ARGUMENT_AT = 0, 16
ALLOW, FAIL = 0x7FFF0000, 0x00050000
PRCTL, SECCOMP, CLONE = {"x86_64": (157, 317, 56), "aarch64": (167, 277, 220)}[platform.machine()]
LANDLOCK = 444  # landlock_create_ruleset
PIDFD_OPEN = 434


def refuse(number, error):
    return [(LOAD, 0, 0, NUMBER_AT), (EQUAL, 0, 1, number), (RETURN, 0, 0, FAIL | error)]


FILTERS = {
    "landlock": refuse(LANDLOCK, errno.ENOSYS),
    "pidfd": refuse(PIDFD_OPEN, errno.ENOSYS),
    "fork": refuse(CLONE, errno.EAGAIN),
    "seccomp": refuse(SECCOMP, errno.ENOSYS) + [
        (LOAD, 0, 0, NUMBER_AT), (EQUAL, 0, 3, PRCTL), (LOAD, 0, 0, ARGUMENT_AT),
        (EQUAL, 0, 1, PR_SET_SECCOMP), (RETURN, 0, 0, FAIL | errno.EINVAL)],
}


def load(rows):
    rows = rows + [(RETURN, 0, 0, ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in rows))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(rows), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    # root needs no promise, and keeps its set-gid programs so
    if os.geteuid() != 0 and libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")
    if libc.prctl(PR_SET_SECCOMP, FILTER, program, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


if __name__ == "__main__":
    load(FILTERS[sys.argv[1]])
    os.execvp(sys.argv[2], sys.argv[2:])
