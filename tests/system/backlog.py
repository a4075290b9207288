"""A queue full of waiting messages, made from one."""
import os
import shutil

from peers import Sink
from waiting import wait_until

MESSAGE = "From: <ann@owlpost.test>\nTo: <someone@sink.test>\nSubject: about owls\n\nThe body.\n"


class NextHop(Sink):
    """Where mail for sink.test goes; it defers each recipient until it accepts."""

    def __init__(self, owlpost):
        self.accepts = False
        super().__init__(reply=lambda verb, argument: "450 4.2.1 come back" if verb == "RCPT" and not self.accepts else None)
        owlpost.control("smtproutes", f"sink.test:127.0.0.1:{self.port}")
        owlpost.control("retryskipremote", "60")


def ids(owlpost):
    """Queue ids in todo/ and wait/."""
    return sorted(name for top in ("todo", "wait") for _, _, names in os.walk(f"{owlpost.queue}/{top}")
                  for name in names if not name.endswith(".log"))


def path_of(owlpost, ident):
    return f"{owlpost.queue}/wait/{ident[-2:]}/{ident}"


def defer(owlpost, *recipients, sender="ann@owlpost.test", message=MESSAGE):
    """One message that has been tried; its id."""
    before = set(ids(owlpost))
    assert owlpost.inject(message, *(recipients or ["someone@sink.test"]), sender=sender).returncode == 0
    new = wait_until(lambda: set(ids(owlpost)) - before, 10, "the message")
    ident, = new
    wait_until(lambda: os.path.exists(path_of(owlpost, ident) + ".log"), 20, lambda: owlpost.log()[-2000:])
    return ident


def copy(source, target):
    status = os.stat(source)
    shutil.copyfile(source, target)
    os.chmod(target, status.st_mode & 0o7777)
    os.chown(target, status.st_uid, status.st_gid)


def multiply(owlpost, ident, count):
    """So many copies of a waiting message and its log, with ids of their own; the ids.
    The daemons must not run."""
    new = [f"{int(ident[:16]) + i:016d}.{ident[17:-6]}{i:06x}" for i in range(1, count + 1)]
    for each in new:
        copy(path_of(owlpost, ident), path_of(owlpost, each))
        copy(path_of(owlpost, ident) + ".log", path_of(owlpost, each) + ".log")
    return new
