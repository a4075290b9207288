"""Questions to owl-authd, octet by octet (owlpost-auth(7))."""
import base64
import hmac
import os
import socket
import struct
import time

import scram
from waiting import wait_until

PASSWORD, RESPONSE, SCRAM, PROOF, EXTERNAL, MECHANISMS, ANSWER = range(1, 8)
RIGHT, LATER, WRONG = 1, 2, 3
TAGS = {"service": 0x600, "client": 0x11, "port": 0x12, "local": 0x404, "local_port": 0x405, "tls": 0x15,
        "mechanism": 0x403, "user": 0x10, "secret": 0x402, "challenge": 0x601, "response": 0x602,
        "auth_message": 0x603, "proof": 0x604, "certificate": 0x609, "certificate_name": 0x60a}
ANSWERS = {0x100: "class", 0x101: "status", 0x103: "text", 0x10: "user", 0x606: "salt", 0x607: "iterations",
           0x605: "signature", 0x608: "mechanisms", 0x60b: "pass"}
NUMBERS = ("port", "local_port", "class", "iterations")


def octets(value):
    return value if isinstance(value, bytes) else value.encode()


def frame(kind, **items):
    payload = b""
    for name, value in items.items():
        value = struct.pack(">Q", value) if name in NUMBERS else octets(value)
        payload += struct.pack(">HI", TAGS[name], len(value)) + value
    return struct.pack(">I", len(payload)) + b"C\1\0" + bytes([kind]) + payload


class Hangup(Exception):
    pass


class Link:
    """A connection to owl-authd; each question has a client's address unless told."""

    def __init__(self, owlpost, client="192.0.2.1"):
        self.client = client
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(f"{owlpost.run}/auth/socket")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def say(self, raw):
        try:
            self.sock.sendall(raw)
        except BrokenPipeError as e:
            raise Hangup() from e

    def send(self, kind, **items):
        self.say(frame(kind, **({"service": "smtp", "client": self.client, "port": 4711} | items)))

    def receive(self):
        head = self._exactly(8)
        assert head[4:] == b"C\1\0" + bytes([ANSWER])
        payload, answer = self._exactly(struct.unpack(">I", head[:4])[0]), {}
        while payload:
            tag, size = struct.unpack(">HI", payload[:6])
            value, payload = payload[6:6 + size], payload[6 + size:]
            name = ANSWERS[tag]
            answer[name] = struct.unpack(">Q", value)[0] if name in NUMBERS else value
        return answer

    def _exactly(self, size):
        have = b""
        while len(have) < size:
            try:
                more = self.sock.recv(size - len(have))
            except ConnectionResetError:
                more = b""
            if not more:
                raise Hangup()
            have += more
        return have

    def ask(self, kind, **items):
        self.send(kind, **items)
        return self.receive()

    def password(self, user, secret, mechanism="PLAIN", **items):
        return self.ask(PASSWORD, mechanism=mechanism, user=user, secret=secret, **items)["class"]

    def cram(self, user, secret, challenge="<1.2@owlpost.test>"):
        response = hmac.new(octets(secret), octets(challenge), "md5").hexdigest()
        return self.ask(RESPONSE, mechanism="CRAM-MD5", user=user, challenge=challenge, response=response)["class"]

    def scram(self, user, secret):
        """The class, of the salt or of the proof."""
        return self.prove(user, secret)["class"]

    def prove(self, user, secret, **items):
        """The answer with SCRAM; a right one has shown the server's signature."""
        first = self.ask(SCRAM, mechanism="SCRAM-SHA-256", user=user, **items)
        if first["class"] != RIGHT:
            return first
        message = b"n=x,r=abc,r=abcdef,s=%s,i=%d,c=biws,r=abcdef" % (
            base64.b64encode(first["salt"]), first["iterations"])
        proof, signature = scram.prove(octets(secret), first["salt"], first["iterations"], message)
        second = self.ask(PROOF, mechanism="SCRAM-SHA-256", auth_message=message, proof=proof, **items)
        if second["class"] == RIGHT:
            assert second["signature"] == signature
        return second


def ask(owlpost, user, secret, client="192.0.2.1", **items):
    """One password, on a connection of its own."""
    with Link(owlpost, client) as link:
        return link.password(user, secret, **items)


def script(owlpost, text, name="check"):
    """A checkpassword program."""
    path = f"{owlpost.folder}/{name}"
    with open(path, "w") as f:
        f.write(f"#!/bin/sh\n{text}\n")
    os.chmod(path, 0o755)
    return path


def lines(owlpost, word):
    """What the log says of answers of that kind."""
    return [line for line in owlpost.log().splitlines() if line.startswith(f"auth: {word}")]


def timed(function, *arguments):
    began = time.monotonic()
    result = function(*arguments)
    return result, time.monotonic() - began


def wait_for_daemon(owlpost):
    wait_for_socket(owlpost, "auth")


def wait_for_mailboxes(owlpost):
    wait_for_socket(owlpost, "mailbox")


def wait_for_socket(owlpost, name):
    """Not only until it is there: it may be that of an earlier start, or nobody listen yet."""
    wait_until(lambda: answers(f"{owlpost.run}/{name}/socket"), 20, lambda: owlpost.log())


def answers(path):
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect_ex(path) == 0
