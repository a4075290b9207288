"""Local users, and what they hold of us, against the rest of the system."""
import os
import pwd
import signal
import struct
import subprocess
import sys
import time

import pytest

import carrier
import processes
from waiting import wait_until

pytestmark = pytest.mark.needs_root("users who attack one another")
HERE = os.path.dirname(os.path.abspath(__file__))


def as_user(user, code, *arguments):
    """A Python program of that user's."""
    account = pwd.getpwnam(user)
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], user=account.pw_uid,
                            group=account.pw_gid, extra_groups=[], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, env={"PATH": "/usr/bin:/bin", "PYTHONPATH": HERE})


STEAL = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def steal(pid, fd):
    p = libc.syscall(434, pid, 0)
    if p == -1: raise OSError(ctypes.get_errno(), "pidfd_open")
    s = libc.syscall(438, p, fd, 0)
    if s == -1: raise OSError(ctypes.get_errno(), "pidfd_getfd")
    return s
"""


def worker_of_joe(owlpost):
    assert owlpost.inject("Subject: t\n\nx\n", "joe@local.test").returncode == 0
    owlpost.wait_for_mail("joe")
    return wait_until(lambda: owlpost.named("owl-local"), 10, "an owl-local")[0]


def test_a_user_s_worker_holds_nothing_of_the_log(owlpost):
    if owlpost.build == "sanitized":
        pytest.skip("a sanitizer keeps the log for its report")
    owlpost.control("timeoutidle", "30")
    owlpost.start()
    pid = worker_of_joe(owlpost)
    p = as_user("joe", STEAL + "s = steal(int(sys.argv[1]), 2); os.write(s, b'delivery 77: success: forged/\\n');"
                "os.ftruncate(s, 0)", pid)
    p.communicate(timeout=20)
    assert "forged" not in owlpost.log()
    assert "starting delivery" in owlpost.log()


def refusal():
    tags = carrier.TAG
    return carrier.frame("agent", carrier.AGENT["AGENT_REFUSE"], carrier.items(CLASS=2, STATUS="4.3.0", TEXT="no"))


def test_a_worker_that_refuses_without_end_stops_nothing(owlpost):
    owlpost.control("timeoutidle", "30")
    owlpost.start()
    pid = worker_of_joe(owlpost)
    code = STEAL + """
import os, signal, socket, time
pid = int(sys.argv[1]); frame = bytes.fromhex(sys.argv[2])
os.kill(pid, signal.SIGSTOP)
s = socket.socket(fileno=steal(pid, 0))
end = time.time() + 12
print("flooding", flush=True)
try:
    while time.time() < end: s.sendall(frame * 2000)
except OSError: pass
"""
    p = as_user("joe", code, pid, refusal().hex())
    assert p.stdout.readline() == b"flooding\n"
    time.sleep(0.5)
    assert owlpost.inject("Subject: t\n\nx\n", "ann@local.test", user="ann").returncode == 0
    start = time.monotonic()
    try:
        owlpost.wait_for_mail("ann", seconds=20)
    finally:
        p.communicate(timeout=20)
        processes.send(pid, signal.SIGKILL)
    assert time.monotonic() - start < 8


def on_small_disk(owlpost, options):
    os.makedirs(owlpost.queue)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", owlpost.queue], check=True)


def free_of(path):
    v = os.statvfs(path)
    return v.f_bavail * v.f_frsize


def inject_raw(owlpost, user="joe", environment=None, **options):
    """owl-queue as a user; Popen with stdin open, and the envelope given."""
    r, w = os.pipe()
    with open(w, "wb") as f:
        f.write(b"Fjoe@local.test\0Tann@local.test\0\0")
    p = subprocess.Popen([owlpost.program("owl-queue")], stdin=subprocess.PIPE, stdout=r,
                         env=environment or {}, **owlpost.identity(user), **options)
    os.close(r)
    return p


def test_a_user_cannot_use_up_the_space_that_is_to_stay_free(owlpost):
    on_small_disk(owlpost, "size=100m")
    try:
        owlpost.control("minfree", str(40 << 20))
        owlpost.setup()
        p = inject_raw(owlpost)
        least = 1 << 40
        try:
            for _ in range(90):
                p.stdin.write(b"x" * (1 << 20))
                least = min(least, free_of(owlpost.queue))
        except BrokenPipeError:
            pass
        try:
            p.stdin.close()
        except BrokenPipeError:
            pass
        assert p.wait(20) == 53
        assert least > 30 << 20
    finally:
        owlpost.kill_all()
        subprocess.run(["umount", "-l", owlpost.queue])


def test_a_user_cannot_use_up_the_inodes(owlpost):
    on_small_disk(owlpost, "size=100m,nr_inodes=1400")
    try:
        owlpost.setup()
        owlpost.control("minfree", str(4 << 20))
        codes = {}
        for i in range(1400):
            p = inject_raw(owlpost)
            p.stdin.close()
            c = p.wait(20)
            codes[c] = codes.get(c, 0) + 1
            if c:
                break
        assert codes.keys() == {0, 53}
        assert os.statvfs(owlpost.queue).f_favail >= 63
    finally:
        owlpost.kill_all()
        subprocess.run(["umount", "-l", owlpost.queue])


def extra(owlpost, octets, user="joe"):
    """What comes of a message with these octets as its extra envelope."""
    path = f"{owlpost.folder}/extra"
    with open(path, "wb") as f:
        f.write(octets)
    with open(path, "rb") as f:
        p = inject_raw(owlpost, user, {"OWLPOST_ENVELOPE": str(f.fileno())}, pass_fds=[f.fileno()])
        p.stdin.close()
        return p.wait(60)


def raw_item(tag, value):
    return struct.pack(">HI", tag, len(value)) + value


CRITICAL = carrier.TAG["TAG_CRITICAL"]


@pytest.mark.parametrize("octets", [
    raw_item(CRITICAL | 0x3fff, b"x"),
    carrier.items(RECIPIENT_ADDRESS="ann@local.test") + raw_item(CRITICAL | carrier.TAG["TAG_RECIPIENT"] | 0x3ffe, b"x"),
    raw_item(0x3fff, b"x" * (20 << 20))], ids=["critical", "critical of a recipient", "large"])
def test_terms_that_nobody_knows_are_refused_to_users(owlpost, octets):
    """They would end in bad/, for the operator to clear away, or fill the runner's memory."""
    owlpost.setup()
    assert extra(owlpost, struct.pack(">H", 1) + octets) == 91
    assert not owlpost.queued()


# Of this instance's spawners, the arguments: another run on the machine has
# users of the same numbers, and its processes stay as they are.
STOP_CHILD = """
import os, signal, sys
def stop_child(pid, name):
    try:
        if open(f"/proc/{pid}/comm").read() != name + "\\n":
            return False
        if open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1] not in sys.argv[1:]:
            return False
        os.kill(pid, signal.SIGSTOP)
        return True
    except OSError: # gone, or root's
        return False
def processes():
    return map(int, filter(str.isdigit, os.listdir("/proc")))
"""

STOP_OWN_WORKERS = STOP_CHILD + """
import select
stopped = set()
print("ready", flush=True)
while not select.select([0], [], [], 0)[0]:
    stopped.update(pid for pid in processes() if pid not in stopped and stop_child(pid, "owl-local"))
for pid in stopped:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
"""


def test_a_user_who_stops_his_workers_leaves_places_to_others(owlpost):
    """Ten places, and mail for twelve of one user's extensions."""
    for i in range(12):
        owlpost.dot_qmail("joe", f"-{i}", "./Maildir/\n")
    owlpost.start()
    attacker = as_user("joe", STOP_OWN_WORKERS, *owlpost.named("owl-lspawn"))
    attacker.stdout.readline()
    try:
        for i in range(12):
            assert owlpost.inject("Subject: t\n\nx\n", f"joe-{i}@local.test", user="joe").returncode == 0
        assert owlpost.inject("Subject: t\n\nx\n", "ann@local.test", user="ann").returncode == 0
        owlpost.wait_for_mail("ann")
    finally:
        attacker.communicate(timeout=20)
