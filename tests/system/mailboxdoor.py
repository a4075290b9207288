"""Requests for a mailbox to owl-lspawn, octet by octet (owlpost-mailbox(7)), and the session that follows."""
import array
import os
import socket
import struct

OPEN, ANSWER, END = 1, 2, 3
STARTED, LATER, REFUSED = 1, 2, 3
TAGS = {"service": 0x600, "pass": 0x60b, "client": 0x11, "port": 0x12, "name": 0x13, "local": 0x404,
        "local_port": 0x405, "tls": 0x15, "language": 0x706}
ANSWERS = {0x100: "class", 0x101: "status", 0x103: "text", 0x707: "seen", 0x708: "retrieved", 0x709: "removed",
           0x70a: "sent"}
NUMBERS = ("port", "local_port", "class", "seen", "retrieved", "removed", "sent")


def frame(kind=OPEN, flags=1, **items):
    payload = b""
    for name, value in items.items():
        if isinstance(value, str):
            value = value.encode()
        value = struct.pack(">Q", value) if name in NUMBERS else value
        payload += struct.pack(">HI", TAGS[name], len(value)) + value
    return struct.pack(">I", len(payload)) + b"M\1" + bytes([flags, kind]) + payload


class Door:
    """A connection to the door, and our end of the client's stream."""

    def __init__(self, owlpost):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(f"{owlpost.run}/mailbox/socket")
        self.stream = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()
        if self.stream:
            self.stream.close()

    def say(self, raw, stream=None):
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [stream.fileno()]))] if stream else []
        self.sock.sendmsg([raw], rights)

    def ask(self, word, waiting=b"", **items):
        """Asks with one end of a socket pair, in which these octets wait; the answer."""
        self.stream, theirs = socket.socketpair()
        self.stream.settimeout(60)
        self.inode = os.fstat(theirs.fileno()).st_ino
        self.stream.sendall(waiting)
        self.say(frame(**({"service": "pop3", "pass": word, "client": "192.0.2.1", "port": 4711} | items)), theirs)
        theirs.close()
        return self.receive(ANSWER)

    def receive(self, kind):
        """The next frame's items; None at the end."""
        head = self._exactly(8)
        if head is None:
            return None
        assert head[4:] == b"M\1\0" + bytes([kind]), head
        payload, items = self._exactly(struct.unpack(">I", head[:4])[0]), {}
        while payload:
            tag, size = struct.unpack(">HI", payload[:6])
            value, payload = payload[6:6 + size], payload[6 + size:]
            name = ANSWERS[tag]
            items[name] = struct.unpack(">Q", value)[0] if name in NUMBERS else value.decode()
        return items

    def _exactly(self, size):
        have = b""
        while len(have) < size:
            more = self.sock.recv(size - len(have))
            if not more:
                assert not have
                return None
            have += more
        return have

    # ---- POP3

    def line(self):
        have = b""
        while not have.endswith(b"\r\n"):
            more = self.stream.recv(1)
            assert more, have
            have += more
        return have[:-2].decode()

    def command(self, words):
        self.stream.sendall(words.encode() + b"\r\n")
        return self.line()

    def quit(self):
        """Ends the session; what it says that it did."""
        assert self.command("QUIT").startswith("+OK")
        done = self.receive(END)
        assert self.receive(END) is None
        return done
