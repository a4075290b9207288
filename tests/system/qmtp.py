"""A client for QMTP and QMQP: octets in, responses out."""
import socket


def netstring(octets):
    return b"%d:%s," % (len(octets), octets)


def qmtp_message(body, sender, *recipients, encoding=b"\n"):
    return (netstring(encoding + body) + netstring(sender.encode())
            + netstring(b"".join(netstring(r.encode()) for r in recipients)))


def qmqp_message(body, sender, *recipients):
    return netstring(netstring(body) + netstring(sender.encode())
                     + b"".join(netstring(r.encode()) for r in recipients))


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.stream = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def send(self, octets):
        self.socket.sendall(octets)

    def end(self):
        """No more is sent; all that is still to be heard."""
        self.socket.shutdown(socket.SHUT_WR)
        return self.stream.read()

    def response(self):
        length = b""
        while (c := self.stream.read(1)) != b":":
            assert c.isdigit(), f"no netstring: {length + c!r}"
            length += c
        octets = self.stream.read(int(length) + 1)
        assert octets[-1:] == b",", octets
        return octets[:-1].decode()
