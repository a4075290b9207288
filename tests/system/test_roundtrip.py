"""Every mixture of octets through owl-remote: the wire has owl-remote(8)'s form, and one message arrives as one."""
import binascii
import os
import random
import re
from collections import Counter

import pytest

from agent import REMOTE, SUCCESS, Job, Spawner
from mixtures import SEED, data_form, generate, wire_form
from peers import DumpingSink
from tap import Tap
from waiting import wait_until


@pytest.fixture
def rng():
    print(f"seed {SEED}")
    return random.Random(SEED)


@pytest.fixture
def spawner(owlpost):
    s = Spawner([owlpost.program("owl-rspawn")], owlpost.environment | {"PATH": os.environ["PATH"]})
    yield s
    if s.process.poll() is None:
        assert s.close() == 0
    wait_until(lambda: not owlpost.named("owl-remote"), 20, "the end of all senders")


def commands(number, body):
    form = wire_form(body)
    kind = b"" if form.isascii() else b" BODY=8BITMIME"
    return b"MAIL FROM:<s%d@sender.test>%s\r\nRCPT TO:<r%d@peer.test>\r\nDATA\r\n" % (number, kind, number)


def as_dumped(body):
    """smtp-sink writes no CR, whatever stood behind it."""
    return wire_form(body).replace(b"\r", b"")


def deliver_all(spawner, port, bodies):
    worker = spawner.worker(REMOTE, host="127.0.0.1", port=port)
    for n, body in enumerate(bodies):
        job = Job(n, f"s{n}@sender.test", [f"r{n}@peer.test"], body, inline=None if n % 3 else False)
        (result,) = worker.deliver(job)
        assert result["class"] == SUCCESS, (n, body[:2000], result)
    worker.close()


def assert_all_there(sink, bodies):
    assert Counter(r for r, _ in sink.dumped()) == Counter(f"r{n}@peer.test" for n in range(len(bodies)))


def test_the_wire_has_the_documented_form(spawner, bystanders, folder, full, rng):
    bodies = list(generate(rng, 10_000 if full else 1000))
    sink = DumpingSink(bystanders, folder)
    with Tap(sink.port) as tap:
        deliver_all(spawner, tap.port, bodies)
    (said,) = tap.said
    at = said.index(b"\r\n") + 2
    assert said[:at] == b"EHLO owlpost.test\r\n"
    for n, body in enumerate(bodies):
        expected = commands(n, body) + data_form(body)
        assert said[at:at + len(expected)] == expected, (n, body[:2000])
        at += len(expected)
    assert said[at:] == b"QUIT\r\n"
    assert_all_there(sink, bodies)
    for recipient, octets in sink.dumped():
        assert octets == as_dumped(bodies[int(re.search(r"\d+", recipient)[0])]), recipient


MADE_MIME = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\nContent-Transfer-Encoding: quoted-printable\r\n"


def parts(form):
    """(header, text), the empty line with the text"""
    at = 0 if form.startswith(b"\r\n") else form.find(b"\r\n\r\n") + 2
    return (form[:at], form[at:]) if at != 1 else (form, b"")


def test_without_8bitmime_the_text_is_quoted_and_nothing_else_changes(spawner, bystanders, folder, full, rng):
    bodies = list(generate(rng, 10_000 if full else 500))
    sink = DumpingSink(bystanders, folder, "-8")
    with Tap(sink.port) as tap:
        deliver_all(spawner, tap.port, bodies)
    (said,) = tap.said
    messages = re.findall(rb"(?s)MAIL FROM:<s(\d+)@sender\.test>\r\nRCPT TO:<r\d+@peer\.test>\r\nDATA\r\n(.*?(?:\A|(?<=\r\n)))\.\r\n",
                          bytes(said))
    assert [int(n) for n, _ in messages] == list(range(len(bodies)))
    for n, data in messages:
        body = bodies[int(n)]
        fields, text = parts(wire_form(body))
        if text.isascii():
            assert data + b".\r\n" == data_form(body), body[:2000]
            continue
        got_fields, got_text = parts(re.sub(rb"(?m)^\.", b"", data))
        assert got_fields == fields + MADE_MIME, body[:2000]
        assert got_text.isascii() and max(map(len, got_text.split(b"\r\n"))) <= 76
        assert binascii.a2b_qp(got_text) == text, body[:2000]
    assert_all_there(sink, bodies)


def test_the_queue_changes_nothing(owlpost, bystanders, folder, full, rng):
    """It puts Received in front."""
    bodies = list(generate(rng, 1000 if full else 40))
    sink = DumpingSink(bystanders, folder)
    with Tap(sink.port) as tap:
        owlpost.control("smtproutes", f"peer.test:127.0.0.1:{tap.port}")
        owlpost.start()
        for n, body in enumerate(bodies):
            owlpost.put(body, f"s{n}@sender.test", f"r{n}@peer.test")
        owlpost.wait_for_empty_queue(120)
        owlpost.stop()
    messages = [m for said in tap.said for m in re.split(rb"(?:\A|(?<=\r\n\.\r\n))(?:EHLO .*\r\n)?MAIL FROM:", bytes(said))[1:]]
    assert len(messages) == len(bodies)
    for octets in messages:
        envelope, data = octets.split(b"\r\nDATA\r\n", 1)
        body = bodies[int(re.search(rb"TO:<r(\d+)@", envelope)[1])]
        form = data_form(b"\n" + body).removeprefix(b"\r\n")
        assert re.fullmatch(rb"Received: [^\r\n]+(?:\r\n[ \t][^\r\n]+)*\r\n" + re.escape(form), data.removesuffix(b"QUIT\r\n")), body
    assert_all_there(sink, bodies)
