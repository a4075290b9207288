"""Mail that leaves by QMTP, to a server of our own."""
import json
import socket
import threading

from test_defer import MESSAGE
from waiting import wait_until


class Qmtp:
    """Takes what comes; answers(recipient) is the answer, K by default."""

    def __init__(self, answers=lambda recipient: b"Kkept"):
        self.answers, self.received, self.sessions = answers, [], 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.sessions += 1
            threading.Thread(target=self.serve, args=(client.makefile("rwb"),), daemon=True).start()

    @staticmethod
    def netstring(f):
        digits = b""
        while (c := f.read(1)) != b":":
            if not c:
                return None
            digits += c
        octets = f.read(int(digits))
        assert f.read(1) == b","
        return octets

    def serve(self, f):
        while (message := self.netstring(f)) is not None:
            sender, rest, recipients = self.netstring(f), self.netstring(f), []
            while rest:
                length, rest = rest.split(b":", 1)
                recipients.append(rest[:int(length)].decode())
                rest = rest[int(length) + 1:]
            self.received.append((message, sender.decode(), recipients))
            for recipient in recipients:
                answer = self.answers(recipient)
                f.write(b"%d:%s," % (len(answer), answer))
            f.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


def test_messages_go_by_qmtp_one_after_the_other(owlpost):
    with Qmtp() as server:
        owlpost.control("qmtproutes", f"elsewhere.test:127.0.0.1:{server.port}")
        owlpost.up(relay=True)
        for n in range(2):
            owlpost.submit(MESSAGE, f"one{n}@elsewhere.test", f"two{n}@elsewhere.test")
            wait_until(lambda: len(server.received) == n + 1, 20, owlpost.log)
        owlpost.wait_for_empty_queue()
        message, sender, recipients = server.received[0]
        assert message.startswith(b"\rReceived: ") and message.endswith(b"\r\n") and b"\n" not in message.replace(b"\r\n", b"")
        assert sender == "sender@sender.test"
        assert sorted(recipients) == ["one0@elsewhere.test", "two0@elsewhere.test"]
        assert "success" in owlpost.log() and "kept" in owlpost.log()
        facts = json.loads(owlpost.owlq("explain", "--json", "x@elsewhere.test"))["route"]
        assert facts[-1]["by"] == "qmtp" and int(facts[-1]["port"]) == server.port


def test_a_filter_sees_what_goes_by_qmtp_too(owlpost):
    """tac(1): the last line first."""
    with Qmtp() as server:
        owlpost.control("qmtproutes", f"elsewhere.test:127.0.0.1:{server.port}")
        owlpost.control("remotefilter", "/usr/bin/tac")
        owlpost.up(relay=True)
        owlpost.submit(MESSAGE, "one@elsewhere.test")
        owlpost.wait_for_empty_queue()
    ((message, _, _),) = server.received
    assert b"\nReceived: " in message and not message.startswith(b"\rReceived: ")


def test_a_refusal_bounces_and_later_is_later(owlpost):
    def answers(recipient):
        return {"no": b"Dno such user", "later": b"Znot now"}[recipient.split("@")[0]]

    with Qmtp(answers) as server:
        owlpost.control("qmtproutes", f"elsewhere.test:127.0.0.1:{server.port}")
        owlpost.up(relay=True)
        owlpost.submit(MESSAGE, "no@elsewhere.test", "later@elsewhere.test", sender="ann@local.test")
        (bounce,) = owlpost.wait_for_mail("ann")
        assert b"no such user" in bounce and b"later@" not in bounce.split(b"--- Below")[0]
        wait_until(lambda: "deferral" in owlpost.log() and "not_now" in owlpost.log(), 20, owlpost.log)
        assert owlpost.queued()
