"""The carriers in Python: TLV items and frames, numbered as lib/ says."""
import os
import re
import struct

LIB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib")


def enumerators(header):
    """NAME = NUMBER of a header of lib/."""
    with open(os.path.join(LIB, header)) as f:
        return {n: int(v, 0) for n, v in re.findall(r"\b([A-Z][A-Z0-9_]+) = (0x[0-9a-f]+|\d+)\b", f.read())}


TAG = enumerators("tag.h")
DOOR = enumerators("door.h")
AGENT = enumerators("agent.h")
CTL = enumerators("ctl.h")
PROTOCOL = {"agent": b"A", "door": b"D", "ctl": b"C"}
HEAD = struct.Struct(">IcBBB")


def item(tag, value):
    if isinstance(value, int):
        value = struct.pack(">Q", value)
    if isinstance(value, str):
        value = value.encode()
    return struct.pack(">HI", TAG[tag], len(value)) + value


def items(**values):
    """items(SENDER="a@b") -> the payload with TAG_SENDER."""
    return b"".join(item("TAG_" + name, value) for name, value in values.items())


def frame(protocol, kind, payload=b"", version=1, flags=0, length=None):
    length = len(payload) if length is None else length
    return HEAD.pack(length, PROTOCOL[protocol], version, flags, kind) + payload


def read_frame(sock):
    """(type, {tag number: value}) or None at the end of file."""
    head = read_exactly(sock, HEAD.size)
    if head is None:
        return None
    length, _, _, _, kind = HEAD.unpack(head)
    payload = read_exactly(sock, length)
    found, i = {}, 0
    while i < length:
        tag, n = struct.unpack_from(">HI", payload, i)
        found[tag] = payload[i + 6:i + 6 + n]
        i += 6 + n
    return kind, found


def read_exactly(sock, n):
    octets = b""
    while len(octets) < n:
        more = sock.recv(n - len(octets))
        if not more:
            return None
        octets += more
    return octets
