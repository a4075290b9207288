"""The runner's side of the agent protocol (owlpost-agent(7)), for tests of spawners and agents.

    spawner = Spawner(["build/remote/owl-rspawn"], env)
    worker = spawner.worker(channel=REMOTE, host="127.0.0.1", port=2525, use_mx=False)
    results = worker.deliver(Job(1, "sender@example.org", ["a@example.net"], b"Subject: x\\n\\nhello\\n"))
    worker.close(); spawner.close()
"""
import os
import socket
import struct
import subprocess
import tempfile
import time

WORKER, JOB, RESULT, REFUSE, CLOSE, SILENT, HEARD = 1, 2, 3, 4, 5, 6, 7
LOCAL, REMOTE = 0, 1
SUCCESS, DEFERRAL, FAILURE = 1, 2, 3
CONTENT_MAX = 65536

HEAD = struct.Struct(">IcBBB")
ITEM = struct.Struct(">HI")
HAS_DESCRIPTOR = 1

SENDER, BODY, REQUIRETLS = 0x0001, 0x0004, 0x8006
RECIPIENT_ADDRESS, RECIPIENT_INDEX = 0x4001, 0x4004
NUMBERS = {0x0100: "class", 0x0102: "reply_code", 0x0106: "action", 0x0300: "job", 0x0202: "index"}
TEXTS = {0x0101: "status", 0x0103: "text", 0x0104: "host", 0x0105: "address", 0x0015: "tls"}


class ProtocolError(Exception):
    pass


def item(tag, value):
    if isinstance(value, int):
        value = struct.pack(">Q", value)
    elif isinstance(value, str):
        value = value.encode()
    return ITEM.pack(tag, len(value)) + value


def items(payload):
    at = 0
    while at < len(payload):
        tag, length = ITEM.unpack_from(payload, at)
        at += ITEM.size
        if at + length > len(payload):
            raise ProtocolError("item is longer than its payload")
        yield tag, payload[at:at + length]
        at += length


def frame(kind, payload=b"", descriptor=False, protocol=b"A", version=1):
    return HEAD.pack(len(payload), protocol, version, HAS_DESCRIPTOR if descriptor else 0, kind) + payload


def send_frame(sock, kind, payload=b"", fd=None):
    octets = frame(kind, payload, fd is not None)
    sent = socket.send_fds(sock, [octets], [] if fd is None else [fd])
    if sent < len(octets):
        sock.sendall(octets[sent:])


def receive_frame(sock, buffer):
    """(type, payload), or None at the end of file; buffer is a bytearray kept between calls."""
    while True:
        if len(buffer) >= HEAD.size:
            length, protocol, version, _, kind = HEAD.unpack_from(buffer)
            if protocol != b"A" or version != 1:
                raise ProtocolError("not an agent frame")
            if len(buffer) >= HEAD.size + length:
                payload = bytes(buffer[HEAD.size:HEAD.size + length])
                del buffer[:HEAD.size + length]
                return kind, payload
        more = sock.recv(65536)
        if not more:
            if buffer:
                raise ProtocolError("closed within a frame")
            return None
        buffer += more


def decode_result(payload):
    result = {}
    for tag, value in items(payload):
        if tag in NUMBERS:
            result[NUMBERS[tag]] = struct.unpack(">Q", value)[0]
        elif tag in TEXTS:
            result[TEXTS[tag]] = value.decode("utf-8", "surrogateescape")
    return result


def make_id(now_us=None):
    """A queue id that has not been used."""
    now_us = time.time_ns() // 1000 if now_us is None else now_us
    return "%016d.%s" % (now_us, os.urandom(10).hex())


class Job:
    """extra: encoded items for the message; inline: False passes the body as a descriptor."""

    def __init__(self, number, sender, recipients, body, body_type=0, extra=b"", inline=None, size=None):
        self.number, self.sender, self.recipients, self.body = number, sender, recipients, body
        self.body_type, self.extra, self.size = body_type, extra, size
        self.inline = len(body) <= CONTENT_MAX if inline is None else inline

    def payload(self):
        p = item(0x0300, self.number) + item(0x0301, make_id())
        p += item(0x0302, len(self.body) if self.size is None else self.size)
        if self.inline:
            p += item(0x0303, self.body)
        p += item(SENDER, self.sender)
        if self.body_type:
            p += item(BODY, self.body_type)
        p += self.extra
        for index, address in enumerate(self.recipients):
            p += item(RECIPIENT_ADDRESS, address) + item(RECIPIENT_INDEX, index)
        return p


class Worker:
    def __init__(self, sock):
        self.sock, self.buffer, self.words = sock, bytearray(), {SILENT: 0, HEARD: 0}

    def send(self, job):
        if job.inline:
            return send_frame(self.sock, JOB, job.payload())
        with tempfile.TemporaryFile() as f:
            f.write(job.body)
            f.flush()
            with open(f"/proc/self/fd/{f.fileno()}", "rb") as reader:
                send_frame(self.sock, JOB, job.payload(), reader.fileno())

    def receive(self):
        """(RESULT or REFUSE, what it says), or None when the worker has ended; words counts SILENT and HEARD."""
        got = receive_frame(self.sock, self.buffer)
        while got and got[0] in (SILENT, HEARD):
            self.words[got[0]] += 1
            got = receive_frame(self.sock, self.buffer)
        return got and (got[0], decode_result(got[1]))

    def deliver(self, job):
        """One job, and a result for each recipient in the order of the recipients."""
        self.send(job)
        results = {}
        while len(results) < len(job.recipients):
            got = self.receive()
            if got is None:
                raise ProtocolError("the worker ended before it had reported")
            kind, result = got
            if kind == REFUSE:
                return [result] * len(job.recipients)
            if result["job"] != job.number or result["index"] in results:
                raise ProtocolError(f"result for something else: {result}")
            results[result["index"]] = result
        return [results[i] for i in range(len(job.recipients))]

    def close(self):
        """Says CLOSE and waits for the worker to end."""
        try:
            send_frame(self.sock, CLOSE)
            while receive_frame(self.sock, self.buffer):
                pass
        except (BrokenPipeError, ConnectionResetError):
            pass
        self.sock.close()


class Spawner:
    def __init__(self, arguments, env=None, stderr=None):
        self.sock, theirs = socket.socketpair()
        self.process = subprocess.Popen(arguments, stdin=theirs, stdout=subprocess.DEVNULL, stderr=stderr,
                                        env=env)
        theirs.close()

    def worker(self, channel, host=None, port=25, use_mx=False, address=None, timeout=60, lmtp_path=None):
        ours, theirs = socket.socketpair()
        p = item(0x0304, channel)
        if address is not None:
            p += item(0x0307, address)
        if host is not None:
            p += item(0x0104, host) + item(0x0305, port)
        if use_mx:
            p += item(0x0306, b"")
        if lmtp_path is not None:
            p += item(0x8308, 1) + item(0x8309, lmtp_path)
        send_frame(self.sock, WORKER, p, theirs.fileno())
        theirs.close()
        ours.settimeout(timeout)
        return Worker(ours)

    def close(self):
        """Ends the spawner; returns its exit code."""
        self.sock.close()
        return self.process.wait(timeout=10)
