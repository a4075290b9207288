"""Messages that a test can recognise again."""
import email.utils
import hashlib
import random


def make(rng, number, size=2000):
    """A message with CRLF line ends: dots, long lines, 8-bit text, blank lines."""
    lines = ["From: sender@sender.test", "To: joe@local.test", f"Date: {email.utils.formatdate(number)}",
             f"Message-ID: <{number}.{rng.getrandbits(48):x}@sender.test>", f"Subject: message {number}",
             "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
             "Content-Transfer-Encoding: 8bit", ""]
    while sum(map(len, lines)) < size:
        lines.append(rng.choice((
            "", ".", "..", ".leading dot", "From the start of a line", "ünïcödé – ✓" * rng.randint(1, 5),
            " leading blank", "trailing blank ", "\t", "x" * rng.randint(1, 990),
            "".join(chr(rng.randint(33, 126)) for _ in range(rng.randint(1, 200))))))
    return "\r\n".join(lines).encode() + b"\r\n"


def digest(octets):
    """Of header and body without what mail servers add, line ends as LF."""
    header, body = octets.replace(b"\r\n", b"\n").split(b"\n\n", 1)
    return hashlib.sha256(b"\n".join(own_fields(header)) + b"\n\n" + body).hexdigest()


def own_fields(header):
    """The lines of the fields that the sender wrote."""
    lines, keep = [], True
    for line in header.split(b"\n"):
        if line[:1] not in b" \t" or not line:
            keep = line.split(b":")[0].lower() not in (b"received", b"return-path", b"delivered-to")
        if keep:
            lines.append(line)
    return lines


def many(seed, count, size=2000):
    rng = random.Random(seed)
    return [make(rng, i, size) for i in range(count)]
