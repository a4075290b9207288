"""A next hop that misbehaves: every fault at every stage, with and without a second mail exchanger.

All cells are tried at once in one instance, each with a domain of its own.
First each gets its first attempt; then all hosts are healed and what waits is
tried again.
"""
import collections
import re

import pytest

from faultserver import REFUSING, FaultServer
from peers import Unbound
from test_defer import delivery_status, parse
from waiting import wait_until

pytestmark = pytest.mark.needs_root("port 53, and addresses with port 25 free")

STAGES = ("connect", "greeting", "EHLO", "MAIL", "RCPT", "DATA", "in the data", "final dot", "RSET", "QUIT")
LOSING = ("reset", "close", "silence", "drip", "wrong code", "overlong", "mixed codes", "endless", "garbage", "half-open")
REFUSALS = ("5xx", "NUL", "multi-line")
FAULTS = ("refuse", "4xx", "busy", *REFUSALS, *LOSING)
IMPOSSIBLE = {
    **{(f, "connect"): "nothing is said before there is a connection" for f in FAULTS if f not in ("refuse", "silence")},
    **{("refuse", s): "there is a connection" for s in STAGES if s != "connect"},
}
SECOND = "127.3.0.1"
LIMIT_SECONDS = 6

# what the first attempt comes to
SENT, PASSED_ON, KEPT, UNKNOWN, BOUNCED = "sent", "sent to the second", "kept", "kept, may have arrived", "bounced"


def expected(fault, stage, has_second):
    elsewhere = PASSED_ON if has_second else KEPT
    if stage in ("RSET", "QUIT"):
        return SENT
    if stage in ("connect", "greeting"):
        return elsewhere
    if fault in REFUSALS:
        return SENT if stage == "EHLO" else BOUNCED  # by HELO
    if fault in ("4xx", "busy"):
        return KEPT if stage == "RCPT" or (fault == "4xx" and stage != "EHLO") else elsewhere
    return UNKNOWN if stage == "final dot" else elsewhere


class Cell:
    def __init__(self, number, fault, stage, has_second):
        self.fault, self.stage, self.has_second = fault, stage, has_second
        self.name = f"{fault} at {stage}, {'healthy second' if has_second else 'only host'}"
        self.domain = re.sub("[^a-z0-9]", "-", f"{fault}-{stage}-{'two' if has_second else 'one'}".lower()) + ".test"
        self.host = f"127.1.{number // 200}.{number % 200 + 1}"
        self.expected = expected(fault, stage, has_second)
        self.recipients = ["someone"] if stage != "RSET" else ["refused", "someone"]

    def records(self):
        yield f"{self.domain}. MX 10 bad.{self.domain}."
        yield f"bad.{self.domain}. A {self.host}"
        if self.has_second:
            yield f"{self.domain}. MX 20 second.test."

    def message(self):
        body = "x" * 70 + "\r\n"
        return (f"From: <ann@local.test>\r\nSubject: {self.name}\r\n\r\n"
                + body * (6000 if self.stage == "in the data" else 3))


def make_cells(offers=()):
    """With CHUNKING there is no DATA that could fail."""
    stages = [s for s in STAGES if s != "DATA" or "CHUNKING" not in offers]
    rows = [(f, s, second) for f in FAULTS for s in stages if (f, s) not in IMPOSSIBLE for second in (False, True)]
    return [Cell(n, *row) for n, row in enumerate(rows)]


def test_no_cell_is_forgotten():
    assert len(make_cells()) + 2 * len(IMPOSSIBLE) == 2 * len(FAULTS) * len(STAGES)


class Attempts:
    """What the log says of each address: [(class, text)]"""

    def __init__(self, log):
        self.of = collections.defaultdict(list)
        whom = dict(re.findall(r"starting delivery (\d+): msg \d+ to remote (\S+)", log))
        for number, kind, text in re.findall(r"delivery (\d+): (success|failure|deferral): (.*)/$", log, re.M):
            if number in whom:
                self.of[whom[number]].append((kind, text.replace("_", " ")))

    def count(self):
        return sum(map(len, self.of.values()))


def first_outcome(cell, attempts, server):
    """What became of it, and the remote's words."""
    (kind, text), = attempts.of["someone@" + cell.domain]
    at = [k.host for k in server.kept if k.cell == cell.domain]
    if kind == "success":
        return {(cell.host,): SENT, (SECOND,): PASSED_ON}.get(tuple(at), f"success, but kept at {at}"), text
    if kind == "failure":
        return BOUNCED if not at else f"failure, but kept at {at}", text
    if "may have been delivered" in text or "wrong code" == cell.fault and cell.stage == "final dot":
        return UNKNOWN if at == [cell.host] else f"unknown, but kept at {at}", text
    return KEPT if not at else f"deferral, but kept at {at}", text


def check_words(cell, text):
    """The words that are worth most to who asks why."""
    if cell.expected == BOUNCED:
        words = "no?owls here" if cell.fault == "NUL" else "no owls here"
        return words in text
    if cell.expected == KEPT and cell.fault == "4xx":
        return "come back later" in text
    if cell.expected in (KEPT, UNKNOWN) and cell.fault == "silence" and cell.stage != "connect":
        return "timed out" in text
    return True


def check_bounce(octets, cells):
    """The domain that a DSN is about, and what is wrong with it."""
    about, recipient = delivery_status(parse(octets))
    address = recipient["Final-Recipient"].split(";")[1].strip()
    cell = cells[address.split("@")[1]]
    wrong = [name for name, wanted in (
        ("Action", "failed"), ("Status", "5.7.1"), ("Remote-MTA", f"dns; bad.{cell.domain}")) if recipient[name] != wanted]
    diagnosis = recipient["Diagnostic-Code"]
    if not re.match(r"smtp; 550 5.7.1 no", diagnosis) or "\0" in diagnosis:
        wrong.append(diagnosis)
    return address, wrong


def submit_all(owlpost, cells):
    """Before the runner is there: so both messages of a cell that needs two are for one worker."""
    owlpost.setup()
    owlpost.listen(relay=True, port=2525)
    with owlpost.client() as session:
        for cell in cells:
            for name in cell.recipients:
                session.sendmail("ann@local.test", [f"{name}@{cell.domain}"], cell.message())


def furnish(owlpost, bystanders, folder, cells):
    Unbound(bystanders, folder, [r for c in cells for r in c.records()] + [f"second.test. A {SECOND}"])
    for name, value in {"timeoutconnect": 3, "timeoutremote": LIMIT_SECONDS, "timeoutquit": 2, "retryskipremote": 3600,
                        "concurrencyremote": 500, "concurrencydomain": 1, "timeoutdns": 30}.items():
        owlpost.control(name, value)


@pytest.mark.parametrize("offers", [(), ("PIPELINING",), ("CHUNKING",), ("PIPELINING", "CHUNKING")], ids=" ".join)
def test_nothing_is_lost_and_nothing_doubled(owlpost, bystanders, folder, full, offers):
    if offers and not full:
        pytest.skip("the matrix with extensions is for the long check")
    cells = make_cells(offers)
    by_domain = {c.domain: c for c in cells}
    messages = sum(len(c.recipients) for c in cells)
    furnish(owlpost, bystanders, folder, cells)
    with FaultServer({c.host: (c.fault, c.stage) for c in cells} | {SECOND: None}, offers) as server:
        submit_all(owlpost, cells)
        owlpost.start()
        wait_until(lambda: Attempts(owlpost.log()).count() >= messages, 120, lambda: owlpost.log()[-2000:], 0.2)
        attempts = Attempts(owlpost.log())
        wrong = []
        for cell in cells:
            outcome, text = first_outcome(cell, attempts, server)
            if outcome != cell.expected or not check_words(cell, text):
                wrong.append(f"{cell.name}: {outcome}, not {cell.expected}: {text[:200]}")
        assert not wrong, "\n".join(wrong)
        wait_until(lambda: not owlpost.named("owl-remote"), 60, "the end of all senders")

        bounced = [c for c in cells if c.expected == BOUNCED]
        expected_bounces = collections.Counter(
            [f"someone@{c.domain}" for c in bounced] + [f"refused@{c.domain}" for c in cells if c.stage == "RSET"])
        bounces = [check_bounce(octets, by_domain) for octets in owlpost.wait_for_mail("ann", len(expected_bounces))]
        assert collections.Counter(address for address, _ in bounces) == expected_bounces
        assert not [b for b in bounces if b[1]]

        server.heal()
        owlpost.owlq("flush")
        owlpost.wait_for_empty_queue(60)
        arrived = collections.Counter(k.cell for k in server.kept)
        wanted = {c.domain: {BOUNCED: 0, UNKNOWN: 2}.get(c.expected, 1) for c in cells}
        assert {d: arrived[d] for d in wanted if arrived[d] != wanted[d]} == {}
        assert all(by_domain[k.cell].name.encode() in k.octets for k in server.kept)
        assert len(owlpost.maildir("ann")) == len(expected_bounces)
