"""Reads what record wrote (trace.h has the form)."""
import re

import sites

ID = r"\d{16}\.[0-9a-f]{20}"
QUEUE_NAME = re.compile(rf"queue/(?:todo|wait/[0-9a-f]{{2}})/({ID})$")


class Event:
    """kind and its arguments; octets: those of write, send and receive; site:
    of a sync, which of the programs' syncs it is (sites.py)."""
    __slots__ = ("time_us", "pid", "program", "kind", "inode", "path", "to", "number", "octets", "site")

    def __init__(self, line, data):
        fields = line.rstrip("\n").split("\t")
        self.time_us, self.pid, self.program, self.kind = int(fields[0]), int(fields[1]), *fields[2:4]
        self.inode = self.path = self.to = self.number = self.octets = self.site = None
        getattr(self, f"_{self.kind}")(fields[4:], data)

    def _create(self, a, data):
        self.inode, self.path = int(a[0]), a[1] if a[1] != "-" else None

    _mkdir = _link = _create

    def _unlink(self, a, data):
        self.path = a[0]

    def _rename(self, a, data):
        self.path, self.to = a

    def _write(self, a, data):
        self.inode, self.number, self.path = int(a[0]), int(a[1]), a[4]
        self._take(data, a[2], a[3])

    def _truncate(self, a, data):
        self.inode, self.number, self.path = int(a[0]), int(a[1]), a[2]

    def _sync(self, a, data):
        self.inode, self.path = int(a[0]), a[1].removesuffix(" (deleted)")

    def _syncfs(self, a, data):
        pass

    def _send(self, a, data):
        self.number = int(a[0])
        self._take(data, a[1], a[2])

    _receive = _send

    def _idle(self, a, data):
        pass

    def _exit(self, a, data):
        self.number = int(a[0])

    def _unknown(self, a, data):
        raise ValueError(f"{self.program} made a call that record does not understand: {a}")

    def _take(self, data, length, at):
        self.octets = data[int(at):int(at) + int(length)]


def read_trace(path):
    with open(f"{path}.data", "rb") as f:
        data = f.read()
    with open(path, encoding="utf-8") as f:
        events = [Event(line, data) for line in f]
    sites.name(events)
    return events
