"""What owl-tlsd is asked, and what it answers (owlpost-tls(7))."""
import re
import socket
import struct

SERVER, CLIENT = 1, 2
NOTHING, NAMES, FINGERPRINT, DANE = range(4)


def escaped(value):
    return re.sub(rb"[^!-$&-~]", lambda m: b"%%%02x" % m[0][0], str(value).encode())


def pairs(fields):
    for name, value in fields.items():
        for each in value if isinstance(value, (list, tuple)) else [value]:
            yield name.encode() + b"=" + escaped(each)


def read_facts(line):
    found = dict(pair.split("=", 1) for pair in line.decode().split(" "))
    return {name: re.sub("%(..)", lambda m: chr(int(m[1], 16)), value) for name, value in found.items()}


def exactly(s, count):
    octets = b""
    while len(octets) < count:
        part = s.recv(count - len(octets))
        if not part:
            raise EOFError(f"{len(octets)} of {count} octets")
        octets += part
    return octets


def ask(path, network, **request):
    """(facts, connection with the plaintext) of TLS on the socket; network is closed."""
    line = b" ".join(pairs(request))
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(path)
    octets = struct.pack(">I", len(line)) + line
    socket.send_fds(s, [octets], [network.fileno()])
    network.close()
    (length,) = struct.unpack(">I", exactly(s, 4))
    return read_facts(exactly(s, length)), s
