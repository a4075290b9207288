"""Every mixture of octets to Debian's mail servers: each message arrives once, as one, changed as doc/peers.md says."""
import os
import random
import re
from collections import Counter

import pytest

from agent import FAILURE, REMOTE, SUCCESS, Job, Spawner
from mixtures import SEED, data_form, generate, wire_form
from peers import Sink
from receivers import SECONDS, EximReceiver, OpenSmtpdReceiver, PostfixReceiver
from tap import Tap

pytestmark = pytest.mark.needs_root("programs with compiled-in paths, accounts")

FIELD = re.compile(rb"[!-9;-~]+[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*")
LOOSE_FIELD = re.compile(rb"[!-9;-~][!-9;-~ ]*:[^\n]*\n(?:[ \t\v\f][^\n]*\n)*")
FROM_LINES = re.compile(rb"(?:>*From [^\n]*\n)+")
CONTINUATION = re.compile(rb"(?:[ \t][^\n]*\n)+")
ADDED = rb"(?:(?:Message-I[dD]|Date|From): [^\n]*\n)*\n?"
TOO_LONG = 65534
RECEIVED = b"Received: x\n"
OUR_RECEIVED = rb"(?:\A|\n)Received: \([^\n]+(?:\n[ \t][^\n]+)*\n"


def split(text, field=FIELD):
    """(the fields, what is behind them)"""
    at = 0
    while found := field.match(text, at):
        at = found.end()
    return text[:at], text[at:]


def without_nul(text):
    return re.sub(rb"\0[^\n]*", b"", text)


# Each gives what becomes of the fields, and of what is behind them, and what that is called.

def cut_by_postfix(fields):
    """It reads long lines in pieces, and cuts each."""
    pieces = re.findall(rb"[^\n]{1,2048}|\n", fields)
    return b"".join(piece.split(b"\0")[0] for piece in pieces)


def as_lines_by_postfix(text):
    fields, rest = split(text)
    return cut_by_postfix(fields), rest, "lines of fields cut at NUL"


def by_postfix(text):
    first = FROM_LINES.match(text)
    if not first:
        return as_lines_by_postfix(text)
    made, text = re.sub(rb"(?m)^(?=.)", b"X-Mailbox-Line: ", first[0]), text[first.end():]
    fields, rest = (b"", text) if text[:1] in (b" ", b"\t") else split(text)
    return cut_by_postfix(made + fields), rest, "first lines, as of an mbox, made fields X-Mailbox-Line"


def by_postfix_in_chunks(text):
    first = CONTINUATION.match(text)
    if not first:
        return as_lines_by_postfix(text)
    fields, rest = split(text[first.end():])
    return cut_by_postfix(first[0] + fields), rest, "first lines, which begin with a blank, made part of Received"


def by_exim(text):
    fields, rest = split(text)
    cut = re.sub(rb"\n(?:[ \t]+\n)+(?![ \t])", b"\n", fields)
    return cut.replace(b"\0", b"?"), rest, "NUL in fields made question marks" if cut == fields else "empty lines at the end of fields cut"


def by_opensmtpd(text):
    return *split(without_nul(text), LOOSE_FIELD), "lines cut at NUL"


def never(text):
    return None


def by_opensmtpd_refused(text):
    if len(max(text.split(b"\n"), key=len)) >= TOO_LONG:
        return "5.0.0 Line too long"
    fields, rest = split(without_nul(text), LOOSE_FIELD)
    if not fields or rest[:1] not in (b"", b"\n"):
        return "5.7.1 Delivery not authorized, message refused: Message is not RFC 2822 compliant"
    return None


PEERS = {
    "postfix": (lambda b: PostfixReceiver(b, chunking=False), by_postfix, never, 10_000),
    "postfix, BDAT": (lambda b: PostfixReceiver(b, chunking=True), by_postfix_in_chunks, never, 10_000),
    "exim": (lambda b: EximReceiver(b, chunking=False), by_exim, never, 10_000),
    "exim, BDAT": (lambda b: EximReceiver(b, chunking=True), by_exim, never, 2000),
    "opensmtpd": (OpenSmtpdReceiver, by_opensmtpd, by_opensmtpd_refused, 10_000),
}


def chunk_form(body):
    form = wire_form(body)
    return b"BDAT %d LAST\r\n" % len(form) + form


def send(owlpost, port, bodies):
    """A result for each."""
    spawner = Spawner([owlpost.program("owl-rspawn")], owlpost.environment | {"PATH": os.environ["PATH"]})
    worker = spawner.worker(REMOTE, host="127.0.0.1", port=port)
    results = [worker.deliver(Job(n, f"s{n}@sender.test", [f"r{n}@peer.test"], body))[0] for n, body in enumerate(bodies)]
    worker.close()
    assert spawner.close() == 0
    return results


def assert_said(said, by_chunk, bodies, taken):
    """The last command of each that was taken, and what is behind it."""
    octets = b"".join(said)
    behind = {int(m[1]): m.end() for m in re.finditer(rb"RCPT TO:<r(\d+)@peer\.test>\r\n", octets)}
    for n in taken:
        expected = chunk_form(bodies[n]) if by_chunk else b"DATA\r\n" + data_form(bodies[n])
        assert octets[behind[n]:behind[n] + len(expected)] == expected, (n, bodies[n][:300])


@pytest.mark.parametrize("peer", PEERS)
def test_each_arrives_once_and_as_one(owlpost, bystanders, full, peer):
    make, changed, refused, count = PEERS[peer]
    print(f"seed {SEED}")
    bodies = list(generate(random.Random(SEED), count if full else 40))
    receiver = make(bystanders)
    with Tap(receiver.port) as tap:
        # what a server says that hangs up in mid-message could get lost in the tap
        results = send(owlpost, tap.port if refused is never else receiver.port, bodies)
    texts = [wire_form(body).replace(b"\r\n", b"\n") for body in bodies]
    taken, tally = [], Counter()
    for n, result in enumerate(results):
        if result["class"] == SUCCESS:
            taken.append(n)
            continue
        assert result["class"] == FAILURE and result["text"] == refused(texts[n]), (n, texts[n][:300], result)
        tally[f"refused: {result['reply_code']} {result['text']}"] += 1
    if tap.said:
        assert_said(tap.said, "BDAT" in peer, bodies, taken)
    assert_letters(receiver, peer, taken, lambda n: changed(texts[n]), rb"", texts, tally)


def assert_letters(receiver, peer, taken, changed, first, texts, tally):
    """Each that was taken is there once, behind what the peer puts in front, and first."""
    letters = list(receiver.letters(len(taken)))
    assert Counter(n for n, _ in letters) == Counter(taken)
    for n, octets in letters:
        fields, rest, how = changed(n)
        assert octets.endswith(rest), (n, how, texts[n][:300], octets[:900])
        front = octets[:len(octets) - len(rest)]
        assert re.search(first + re.escape(fields) + ADDED + rb"\Z", front), (n, how, texts[n][:300], front[:900])
        tally["as it came" if fields + rest == texts[n] else how] += 1
    print("".join(f"{peer} | {what} | {times}\n" for what, times in tally.most_common()))


def behind_received(changed, text):
    """What becomes of it when the queue has put its field in front."""
    fields, rest, how = changed(RECEIVED + text)
    assert fields.startswith(RECEIVED)
    return fields.removeprefix(RECEIVED), rest, how


@pytest.mark.parametrize("peer", [name for name in PEERS if "BDAT" not in name])
def test_through_the_queue_each_arrives_once(owlpost, bystanders, full, peer):
    make, changed, refused, count = PEERS[peer]
    print(f"seed {SEED}")
    bodies = list(generate(random.Random(SEED), count if full else 150))
    texts = [wire_form(body).replace(b"\r\n", b"\n") for body in bodies]
    why_not = {n: why for n, text in enumerate(texts) if (why := refused(RECEIVED + text))}
    receiver = make(bystanders)
    with Sink() as senders:
        owlpost.control("smtproutes", f"peer.test:127.0.0.1:{receiver.port}\nsender.test:127.0.0.1:{senders.port}")
        owlpost.start()
        for n, body in enumerate(bodies):
            owlpost.put(body, f"s{n}@sender.test", f"r{n}@peer.test")
        owlpost.wait_for_empty_queue(SECONDS if full else 120)
        told = {re.search(r"s(\d+)@sender", str(mail.recipients))[1]: mail.octets for mail in senders.received}
        assert len(senders.received) == len(told) and {int(n) for n in told} == set(why_not)
    tally = Counter()
    for n, octets in told.items():
        assert why_not[int(n)].split()[-1].encode() in octets, (n, octets)
        tally[f"refused: {why_not[int(n)]}"] += 1
    taken = [n for n in range(len(bodies)) if n not in why_not]
    assert_letters(receiver, peer, taken, lambda n: behind_received(changed, texts[n]), OUR_RECEIVED, texts, tally)
