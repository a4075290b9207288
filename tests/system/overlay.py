"""Unpacked packages where their programs look for themselves: over /usr, in a
mount namespace of each process, and the accounts that they want."""
import contextlib
import grp
import os
import pwd
import re
import subprocess

from instance import WORK
from peers import PEERS

MOUNT = 'mount -t overlay overlay -o "lowerdir=$1:/usr" /usr && shift && exec "$@"'
FIRST_NUMBER = 61801


def merged(*packages):
    """The packages' /usr as one tree; made once."""
    folder = f"{WORK}/usr-{'-'.join(packages)}"
    if os.path.isdir(folder):
        return folder
    os.mkdir(f"{folder}.new", 0o755)
    for package in packages:
        root = f"{PEERS}/{package}/usr"
        if not os.path.isdir(root):
            raise FileNotFoundError(f"{root} is not there: run tests/peers.sh")
        subprocess.run(["cp", "-a", "--remove-destination", f"{root}/.", f"{folder}.new"], check=True)
    os.rename(f"{folder}.new", folder)
    return folder


def over_usr(packages, *argv):
    """The command line that runs argv with them there."""
    return ["unshare", "-m", "sh", "-c", MOUNT, "sh", merged(*packages), *argv]


def _free_number():
    taken = {g.gr_gid for g in grp.getgrall()} | {p.pw_uid for p in pwd.getpwall()}
    return next(n for n in range(FIRST_NUMBER, FIRST_NUMBER + 100) if n not in taken)


def need_group(name):
    if name not in {g.gr_name for g in grp.getgrall()}:
        with open("/etc/group", "a", encoding="ascii") as f:
            f.write(f"{name}:x:{_free_number()}:\n")
    return grp.getgrnam(name).gr_gid


def need_account(name):
    """(uid, gid) of an account with a group of its name, in the namespace's own /etc."""
    gid = need_group(name)
    if name not in {p.pw_name for p in pwd.getpwall()}:
        with open("/etc/passwd", "a", encoding="ascii") as f:
            f.write(f"{name}:x:{_free_number()}:{gid}::/nonexistent:/bin/sh\n")
    return pwd.getpwnam(name).pw_uid, gid


@contextlib.contextmanager
def without_account(name):
    with open("/etc/passwd", encoding="ascii") as f:
        accounts = f.read()
    with open("/etc/passwd", "w", encoding="ascii") as f:
        f.write(re.sub(rf"(?m)^{name}:.*\n", "", accounts))
    yield
    with open("/etc/passwd", "w", encoding="ascii") as f:
        f.write(accounts)
