"""Makes a process make a system call, as if it had been taken over: x86-64, root.

The process must be about to wait in poll().  A tracer stops it there, puts other
numbers into its registers, sets it back by the length of a SYSCALL
instruction and lets it go.
"""
import ctypes
import os
import platform

from waiting import wait_until

ATTACH, GETREGS, SETREGS, DETACH = 16, 12, 13, 17
SYSCALL_OCTETS = 2
POLL = "7"
REGISTERS = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss "
             "fs_base gs_base ds es fs gs").split()
ARGUMENTS = ("rdi", "rsi", "rdx", "r10", "r8", "r9")
CALLS = {"socket": 41, "connect": 42, "sendto": 44, "setsockopt": 54, "clone": 56, "fork": 57, "execve": 59,
         "kill": 62, "fcntl": 72, "open": 2, "mprotect": 10, "ioctl": 16, "ptrace": 101, "setuid": 105,
         "prctl": 157, "openat": 257, "prlimit64": 302, "process_vm_writev": 311, "seccomp": 317,
         "memfd_create": 319, "io_uring_setup": 425, "getrandom": 318}
possible = platform.machine() == "x86_64" and os.geteuid() == 0

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulong) for name in REGISTERS]


def ptrace(request, pid, data=None):
    if libc.ptrace(request, pid, None, data) == -1:
        raise OSError(ctypes.get_errno(), f"ptrace {request}")


def waits(pid):
    with open(f"/proc/{pid}/syscall") as f:
        return f.read().split()[0] == POLL


def make_call(pid, name, *arguments):
    """Lets the process make that call when it goes on."""
    wait_until(lambda: waits(pid), 20, "poll()")
    ptrace(ATTACH, pid)
    os.waitpid(pid, 0x40000000)  # __WALL: it is no child
    registers = Registers()
    ptrace(GETREGS, pid, ctypes.byref(registers))
    registers.rip -= SYSCALL_OCTETS
    registers.rax = CALLS[name]
    registers.orig_rax = 2**64 - 1  # no restart of the interrupted call
    for register, value in zip(ARGUMENTS, (*arguments, *[0] * 6)):
        setattr(registers, register, value)
    ptrace(SETREGS, pid, ctypes.byref(registers))
    ptrace(DETACH, pid)
