"""Messages of every mixture of dots, CR, LF, NUL, octets above 127 and long lines,
and the form in which owl-remote(8) says that they go over the wire."""
import itertools
import os
import random
import re

SEED = int(os.environ.get("OWLPOST_SEED", "0")) or random.SystemRandom().randint(1, 10**9)
ATOMS = (b".", b"\r", b"\n", b"\0", b"\xff", b"x")
ENDS = (b"", b"\r", b"\n", b"\r\n", b"\n\r", b"\r\r\n", b"\0", b"\n\0")
LONG = (77, 510, 996, 997, 998, 999, 1000, 2047, 2048, 2049, 4095, 4096, 4097, 9000)
SECOND = (b"MAIL FROM:<evil@sender.test>", b"RCPT TO:<evil@peer.test>", b"DATA", b"Subject: smuggled", b"", b"x")
HEADER = b"From: <ann@sender.test>\nTo: <joe@peer.test>\nDate: Fri, 27 Nov 2026 10:00:00 +0000\nMessage-ID: <%d@sender.test>\n" \
         b"Subject: mixture %d\n"
CHUNK = 65536


def every_short():
    """All strings of up to four of the atoms: 1555."""
    for n in range(5):
        yield from (b"".join(atoms) for atoms in itertools.product(ATOMS, repeat=n))


def soup(rng):
    pieces = (*ATOMS, b"\n", b"\n.", b"\r\n", b"\r\n.\r\n", b" ", b"\t", b"=", b"From x", b"\xc3\xbc", bytes(range(256)))
    return b"".join(rng.choice(pieces) * rng.choice((1, 1, 1, 2, 3)) for _ in range(rng.randint(0, 60)))


def long_lines(rng):
    fill = (b"x", b".", b"\xfc", b"\0", b"y\r", b" ")
    lines = [(rng.choice(fill) * n)[:n] for n in (rng.choice(LONG) + rng.randint(-1, 1) for _ in range(rng.randint(1, 4)))]
    return rng.choice((b"\n", b"\r\n", b"\n.")).join(lines) + rng.choice((b"", b"\n", b"\r", b"\r\n"))


def smuggler(rng):
    """What some server might take for the end of the data, and a second message's commands."""
    end = rng.choice(ENDS) + b"." * rng.choice((1, 1, 2)) + rng.choice(ENDS)
    return b"x" + end + rng.choice((b"\n", b"\r\n", b"\r")).join(SECOND) + end


def across_chunks(rng):
    """An end where the reader's chunks meet."""
    return b"z" * (CHUNK - rng.randint(0, 5)) + rng.choice(ENDS) + b"." + rng.choice(ENDS) + soup(rng)


def field(rng):
    """A field of a header, with lines that go on."""
    pieces = (b".", b"\r", b"\0", b"\xff", b"x", b" ", b":", b"\n ", b"\n\t.", b"\r\n ", b"x" * rng.choice(LONG))
    return b"X-Mixture: x" + b"".join(rng.choice(pieces) for _ in range(rng.randint(0, 12))) + b"x\n"


def generate(rng, count, has_header=False):
    """count messages in the queue's form; with a header, all behind it."""
    short = list(every_short())
    if count < 4 * len(short):
        short = rng.sample(short, count // 4)
    kinds = (soup,) * 6 + (long_lines,) * 4 + (smuggler,) * 6 + (across_chunks,)
    for n in range(count):
        body = short[n] if n < len(short) else rng.choice(kinds)(rng)
        if has_header or (n >= len(short) and rng.random() < 0.5):
            body = HEADER % (n, n) + (field(rng) if rng.random() < 0.3 else b"") + b"\n" + body
        yield body


def wire_form(body):
    """What a server must get of a body, dots not yet doubled."""
    body = re.sub(rb"\r(?!\n|\Z)", b" ", body)
    body = re.sub(rb"\r?\n|\r\Z", b"\r\n", body)
    return body if body.endswith(b"\r\n") or not body else body + b"\r\n"


def data_form(body):
    """The octets behind the answer to DATA."""
    return re.sub(rb"(?:\A|(?<=\r\n))\.", b"..", wire_form(body)) + b".\r\n"
