"""Octets in, octets out: what owl-smtpd takes is delivered as it came, by DATA and by BDAT, however it is cut."""
import os
import random
import socket

import pytest

SEED = int(os.environ.get("OWLPOST_SEED", "0")) or random.SystemRandom().randint(1, 10**9)
MEBIBYTE = 1 << 20
SECONDS = 30


class Client:
    """A client that sends in pieces of its choice and reads replies one by one."""

    def __init__(self, port, rng=None):
        self.socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rng, self.got = rng, b""
        self.expect(b"220")
        self.command(b"EHLO client.test", b"250")

    def send(self, octets):
        at = 0
        while at < len(octets):
            n = len(octets) if not self.rng or len(octets) - at > 20000 else self.rng.choice((1, 2, 3, 17, 1000))
            n = n if n < len(octets) else self.rng.randint(1, 60000) if self.rng else n
            self.socket.sendall(octets[at:at + n])
            at += n

    def line(self):
        while b"\n" not in self.got:
            more = self.socket.recv(65536)
            assert more, f"closed after {self.got!r}"
            self.got += more
        line, self.got = self.got.split(b"\n", 1)
        return line + b"\n"

    def expect(self, code):
        line = self.line()
        while line[3:4] == b"-":
            line = self.line()
        assert line.startswith(code), f"{line!r}, not {code!r}"
        return line

    def command(self, line, code):
        self.send(line + b"\r\n")
        return self.expect(code)

    def begin(self, recipient=b"joe@local.test", parameters=b""):
        self.command(b"MAIL FROM:<ann@local.test>" + parameters, b"250")
        self.command(b"RCPT TO:<" + recipient + b">", b"250")

    def data(self, message, code):
        """As it is: stuffed() has doubled the dots, or they are meant to mislead."""
        self.begin()
        self.command(b"DATA", b"354")
        self.send(message + b".\r\n")
        return self.expect(code)

    def chunks(self, message, code, sizes):
        """Pipelined: all chunks, then the replies."""
        self.begin()
        octets, at = b"", 0
        for size in sizes:
            octets += b"BDAT %d\r\n" % size + message[at:at + size]
            at += size
        self.send(octets + b"BDAT %d LAST\r\n" % (len(message) - at) + message[at:])
        for _ in sizes:
            self.expect(b"250")
        return self.expect(code)

    def hangs_up(self):
        return self.got == b"" and self.socket.recv(1) == b""


def stuffed(message):
    return b"\r\n".join(b"." + line if line[:1] == b"." else line for line in message.split(b"\r\n"))


def text(rng, size):
    """Any octets but CR and LF."""
    return bytes(rng.randbytes(size)).replace(b"\r", b".").replace(b"\n", b"\0")


def generate(rng, number):
    lines = [b"Subject: octets %d" % number, b""]
    for _ in range(rng.randint(0, 30)):
        lines.append(b"." * rng.choice((0, 0, 1, 2, 3)) + rng.choice((b"", b"From x", b" ", text(rng, rng.randint(0, 2000)))))
    if number % 10 == 0:
        lines.insert(rng.randint(2, len(lines)), text(rng, MEBIBYTE))
    return b"\r\n".join(lines) + b"\r\n"


def as_sent(stored):
    """Without the fields that are put in front."""
    return stored[stored.index(b"Subject: octets"):].replace(b"\n", b"\r\n")


@pytest.fixture
def owlpost(instances):
    print(f"seed {SEED}")
    return instances("plain")


def test_messages_come_out_as_they_went_in(owlpost):
    owlpost.up()
    rng = random.Random(SEED)
    messages = [generate(rng, i) for i in range(40)]
    client = Client(owlpost.port, rng)
    for i, message in enumerate(messages):
        if i % 2:
            client.data(stuffed(message), b"250")
        else:
            sizes = [rng.randint(0, len(message) // 4) for _ in range(rng.randint(0, 3))]
            client.chunks(message, b"250", sizes)
    found = owlpost.wait_for_mail("joe", len(messages))
    assert sorted(map(as_sent, found)) == sorted(messages)


SMUGGLED = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\n\r.\n\r", b"\r\n\0.\r\n", b"\r\n.\0\r\n"]
SECOND = b"MAIL FROM:<evil@sender.test>\r\nRCPT TO:<joe@local.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n"


def test_nothing_but_the_true_end_ends_the_data(owlpost):
    owlpost.up()
    client = Client(owlpost.port)
    for end in SMUGGLED:
        spoilt = b"\0" not in end
        for send in (lambda m, code: client.data(m, code), lambda m, code: client.chunks(m, code, ())):
            reply = send(b"Subject: octets\r\n\r\nx" + end + SECOND, b"550" if spoilt else b"250")
            assert not spoilt or b"5.6.11" in reply
            client.command(b"NOOP", b"250")
    found = owlpost.wait_for_mail("joe", 4)
    assert len(found) == 4 and all(m.count(b"Subject: octets") == 1 for m in found)


def test_bare_line_ends_are_normalised_where_that_is_asked_for(owlpost):
    owlpost.control("smtpnewlines", "normalise")
    owlpost.up()
    Client(owlpost.port).data(b"Subject: octets\n\na\rb\n.\n.\r\nc\r\n", b"250")
    assert as_sent(owlpost.wait_for_mail("joe")[0]) == b"Subject: octets\r\n\r\na b\r\n.\r\n.\r\nc\r\n"
    strict = owlpost.listen(port=2525, environment={"SMTPNEWLINES": "refuse"})
    Client(strict).data(b"Subject: octets\n\nx\r\n", b"550")


def test_binary_needs_chunks(owlpost):
    owlpost.up()
    client = Client(owlpost.port)
    message = b"Subject: octets\r\n\r\n" + bytes(c for c in range(256) if c not in (10, 13)) + b"\r\nno end"
    client.begin(parameters=b" BODY=BINARYMIME")
    client.command(b"DATA", b"503")
    client.send(b"BDAT %d LAST\r\n" % len(message) + message)
    client.expect(b"250")
    assert as_sent(owlpost.wait_for_mail("joe")[0]).rstrip(b"\r\n") == message


def test_clients_that_do_not_wait_or_speak_http_are_hung_up_on(owlpost):
    owlpost.up()
    client = Client(owlpost.port)
    client.begin()
    client.send(b"DATA\r\nSubject: early\r\n\r\n.\r\n")
    client.expect(b"503")
    assert client.hangs_up()
    client = Client(owlpost.port)
    client.send(b"POST / HTTP/1.1\r\nHost: x\r\n\r\nMAIL FROM:<ann@local.test>\r\n")
    client.expect(b"503")
    assert client.hangs_up()
    assert not owlpost.maildir("joe")
