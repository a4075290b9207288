"""An instance whose programs run under fault (fault.c)."""
import os
import re
import socket
import struct
import subprocess
import time
from collections import Counter

import processes
from instance import Instance
from peers import Bystanders
from waiting import wait_until

FAULT = os.environ["OWLPOST_FAULT"]
MAGIC = b"owlpostqueue"
QUEUE_FOLDERS = ("todo", "tmp", "bad", *(f"wait/{n:02x}" for n in range(256)))


class Tracer:
    """fault's options, and its log."""

    def __init__(self, root, log, programs):
        self.ours, self.theirs = socket.socketpair()
        self.path, self.argv = log, [FAULT, str(self.theirs.fileno()), root, log, ",".join(programs)]
        open(log, "w").close()
        self.at = 0

    def run(self, argv, **options):
        return subprocess.Popen([*self.argv, *argv], pass_fds=(self.theirs.fileno(),), **options)

    def arm(self, *faults):
        for f in faults:
            self.ours.sendall(f.order().encode())

    def disarm(self):
        self.ours.sendall(b"disarm\n")

    def forget(self):
        """What comes from here on is what lines() gives."""
        self.at = os.path.getsize(self.path)

    def lines(self):
        with open(self.path) as f:
            f.seek(self.at)
            return [tuple(line.split()) for line in f.read().splitlines()]

    def calls(self):
        return Counter(line[1:] for line in self.lines() if len(line) == 4)

    def fired(self):
        return any(line[0] == "fault" for line in self.lines() if line)

    def close(self):
        self.ours.close()
        self.theirs.close()


class Stage(Instance):
    def __init__(self, folder):
        os.mkdir(folder, 0o711)
        super().__init__(folder, Bystanders())
        self.tracer = None
        self.control("retryfault", "1")
        self.control("timeoutidle", "1")
        self.control("syncinterval", "0")
        self.setup()

    def tracer_of(self, *programs):
        return Tracer(self.folder, f"{self.folder}/calls", programs)

    def start_traced(self, *programs, faults=()):
        """owl-start under fault; whether it came up."""
        self.tracer = self.tracer_of(*programs)
        self.tracer.arm(*faults)
        with self._log("owlpost") as log:
            at = log.tell()
            self.starter = self.tracer.run([self.program("owl-start")], env=self.environment,
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: self.starter.poll() is not None or self._answers(at), 20, self.log)
        return self.starter.poll() is None

    def end(self):
        self.kill_all()
        if self.tracer:
            self.tracer.close()
            self.tracer = None

    def inject_raw(self, message, sender, recipients, tracer=None):
        """owl-queue's exit code; under a tracer's fault."""
        envelope = b"F" + sender.encode() + b"\0" + b"".join(b"T" + r.encode() + b"\0" for r in recipients) + b"\0"
        argv, options = [self.program("owl-queue")], {"env": self.environment, "stderr": subprocess.DEVNULL}
        with open(f"{self.folder}/message", "w+b") as m, open(f"{self.folder}/envelope", "w+b") as e:
            m.write(message)
            e.write(envelope)
            m.seek(0)
            e.seek(0)
            p = tracer.run(argv, stdin=m, stdout=e, **options) if tracer else subprocess.Popen(
                argv, stdin=m, stdout=e, **options)
            return p.wait(30)

    # ---- what lies about

    def queue_files(self):
        return [f"{folder}/{name}" for folder in QUEUE_FOLDERS
                for name in os.listdir(f"{self.queue}/{folder}")]

    def waste(self, user):
        """Files in a Maildir's tmp/."""
        return os.listdir(f"{self.home(user)}/Maildir/tmp")

    def clear(self):
        for path in self.queue_files():
            os.unlink(f"{self.queue}/{path}")
        self.clear_mail()

    def clear_mail(self):
        for user in ("joe", "ann", "mallory"):
            for part in ("new", "tmp"):
                folder = f"{self.home(user)}/Maildir/{part}"
                for name in os.listdir(folder):
                    os.unlink(f"{folder}/{name}")

    def busy_with(self, name, state):
        """A user's home is being edited: his mail is deferred."""
        os.chmod(self.home(name), 0o1700 if state else 0o700)


def is_whole(path, message):
    """A queue file that holds that message behind its Received field."""
    with open(path, "rb") as f:
        octets = f.read()
    if len(octets) < 40 or octets[-12:] != MAGIC:
        return False
    body, envelope = struct.unpack(">QQ", octets[-40:-24])
    return body + envelope + 40 == len(octets) and octets[:body].endswith(b"\n" + message)


def holds(octets, message):
    """A delivered one: some fields, and all of the message."""
    head, _, rest = octets.partition(b"X-Fault:")
    return b"X-Fault:" + rest == message and re.fullmatch(rb"([A-Z][\w-]+:[^\n]*\n([ \t][^\n]*\n)*)+", head) is not None


def until(condition, seconds, every=0.005):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(every)
    return bool(condition())


__all__ = ["Stage", "Tracer", "holds", "is_whole", "processes", "until"]
