"""What has been promised, moment by moment.

A moment is a number of events that have happened.  From a trace come: which
messages exist and since when they are accepted (owl-queue's exit 0, or a first
try, or owl-smtpd's 250), what the runner was ordered and what it said to that, what it handed to agents, which results it got, and from when on these count as
durable: from the runner's next rest, or with a sync interval the first one
that comes so much later.
"""
import re
import struct
from collections import deque

from letter import Letter, MARKER
from model import FileSystem
from place import agent
from queuefile import Message
from trace import QUEUE_NAME

NEVER = 1 << 60
TAKEN = re.compile(rb"^250 2\.0\.0 ok (\d+) qp \d+\r$", re.M)
ID_LENGTH = 37
HOLD, RELEASE, EXPIRE, RETURN, DELETE = range(5, 10)  # lib/ctl.h, as are these:
OK, ERROR, MESSAGES, OUTCOMES = 10, 11, 0x0510, 0x0511


class Order:
    """confirmed: when the runner has said that it is so."""

    def __init__(self, moment, what, id):
        self.begun, self.what, self.id, self.confirmed = moment, what, id, NEVER


class Result:
    def __init__(self, moment, time_us, pid, id, address, kind, remote):
        self.moment, self.time_us, self.pid = moment, time_us, pid
        self.id, self.address, self.kind, self.remote = id, address, kind, remote
        self.durable = NEVER


class Frames:
    """The frames that went one way over a socket."""

    def __init__(self):
        self.buffer = bytearray()

    def feed(self, octets):
        self.buffer += octets
        while len(self.buffer) >= agent.HEAD.size:
            length, protocol, _, _, kind = agent.HEAD.unpack_from(self.buffer)
            if protocol not in (b"A", b"C") or len(self.buffer) < agent.HEAD.size + length:
                return
            yield protocol, kind, bytes(self.buffer[agent.HEAD.size:agent.HEAD.size + length])
            del self.buffer[:agent.HEAD.size + length]


class Ledger:
    def __init__(self, sync_s=0):
        self.sync_us = sync_s * 1000000
        self.messages, self.begun, self.accepted, self.originals, self.letters = {}, {}, {}, {}, {}
        self.results, self.handed, self.orders, self.taken = [], [], [], set()
        self.moment = 0
        self._made_by, self._frames, self._jobs, self._asked = {}, {}, {}, {}

    def feed(self, events, tree=()):
        """Goes on with events on a file system that begins as this tree: what was
        not durable then never was."""
        fs = FileSystem(tree)
        for result in self.results:
            result.pid = None
        for event in events:
            self.moment += 1
            fs.do(event)
            getattr(self, f"_{event.kind}", lambda e, fs: None)(event, fs)
        return self

    # ---- messages

    def _name(self, path, pid, fs):
        match = QUEUE_NAME.match(path or "")
        if not match or match.group(1) in self.messages:
            return
        id = match.group(1)
        message = Message(fs.node_at(path).current)
        self.messages[id], self.begun[id] = message, self.moment
        self._made_by[pid] = id
        if not message.parent:
            marker = MARKER.search(message.octets)
            self.originals[marker.group(1).decode()] = message.octets[marker.start():]
        self.letters[id] = Letter(message.octets, self.originals)

    def _link(self, e, fs):
        self._name(e.path, e.pid, fs)

    def _rename(self, e, fs):
        self._name(e.to, e.pid, fs)

    def _exit(self, e, fs):
        if e.program == "owl-queue" and e.number == 0:
            self.accepted.setdefault(self._made_by[e.pid], self.moment)
        if e.program == "owl-send" and e.number == 0:
            self._rest(e, after=0)

    def _say_taken(self, number):
        (id,) = (id for id in self.messages if id.startswith(number + "."))
        self.taken.add(id)
        self.accepted.setdefault(id, self.moment)

    # ---- orders

    def _ask(self, e, kind, payload):
        octets = dict(agent.items(payload)).get(MESSAGES, b"").decode()
        ids = [octets[at:at + ID_LENGTH] for at in range(0, len(octets), ID_LENGTH)]
        orders = [Order(self.moment, kind, id) for id in ids if HOLD <= kind <= DELETE]
        self.orders += orders
        self._asked.setdefault((e.pid, e.number), deque()).append(orders)

    def _answer(self, e, kind, payload):
        if kind not in (OK, ERROR):
            return
        outcomes = dict(agent.items(payload)).get(OUTCOMES, b"")
        for order, outcome in zip(self._asked[e.pid, e.number].popleft(), outcomes):
            if kind == OK and outcome in b"da":
                order.confirmed = self.moment

    # ---- deliveries

    def _numbers(self, payload):
        return {tag: struct.unpack(">Q", value)[0] for tag, value in agent.items(payload) if len(value) == 8}

    def _send(self, e, fs):
        if e.program == "owl-smtpd":
            for number in TAKEN.findall(e.octets):
                self._say_taken(number.decode())
        if e.program != "owl-send":
            return
        for protocol, kind, payload in self._frames.setdefault((e.pid, e.number, "out"), Frames()).feed(e.octets):
            if protocol == b"C":
                self._answer(e, kind, payload)
            if (protocol, kind) != (b"A", agent.JOB):
                continue
            items = list(agent.items(payload))
            id = next(v.decode() for tag, v in items if tag == 0x0301)
            addresses = [v.decode() for tag, v in items if tag == agent.RECIPIENT_ADDRESS]
            self._jobs[e.pid, e.number, self._numbers(payload)[0x0300]] = (id, dict(enumerate(addresses)))
            self.handed += [(self.moment, id, address) for address in addresses]
            self.accepted.setdefault(id, self.moment)  # nothing is tried that is not durable

    def _receive(self, e, fs):
        if e.program != "owl-send":
            return
        for protocol, kind, payload in self._frames.setdefault((e.pid, e.number, "in"), Frames()).feed(e.octets):
            if protocol == b"C":
                self._ask(e, kind, payload)
                continue
            numbers = self._numbers(payload)
            if kind == agent.RESULT:
                id, addresses = self._jobs[e.pid, e.number, numbers[0x0300]]
                self._take(e, id, addresses.pop(numbers[0x0202]), numbers[0x0100])
            elif kind == agent.REFUSE:
                for key, (id, addresses) in self._jobs.items():
                    while key[:2] == (e.pid, e.number) and addresses:
                        self._take(e, id, addresses.popitem()[1], numbers[0x0100])

    def _take(self, e, id, address, kind):
        remote = not address.endswith("@here.test")
        self.results.append(Result(self.moment, e.time_us, e.pid, id, address, kind, remote))

    def _idle(self, e, fs):
        if e.program == "owl-send":
            self._rest(e, after=self.sync_us)

    def _rest(self, e, after):
        for r in self.results:
            if r.durable == NEVER and r.pid == e.pid and r.time_us + after <= e.time_us:
                r.durable = self.moment
