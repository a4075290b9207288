"""owl-tlsd as a server, with the test in the places of caller and client."""
import os
import socket
import ssl
import threading

from tlswire import SERVER, ask


class Meeting:
    """A client that has TLS, or what went wrong, and the caller's facts and plaintext."""

    def __init__(self, owlpost, context=None, name="mx.a.test", session=None, **request):
        listener = socket.create_server(("127.0.0.1", 0))
        self.client = self.error = None
        raw = socket.create_connection(listener.getsockname(), 20)
        accepted, _ = listener.accept()
        listener.close()
        thread = threading.Thread(target=self._shake_hands, args=(raw, context or unverified(), name, session))
        thread.start()
        self.facts, self.plain = ask(f"{owlpost.run}/tls/socket", accepted, **{"role": SERVER} | request)
        thread.join(30)

    def _shake_hands(self, raw, context, name, session):
        try:
            self.client = context.wrap_socket(raw, server_hostname=name, session=session)
        except (OSError, ValueError) as error:
            self.error = error

    def echo(self, octets=b"octets"):
        """Both ways; fails when they do not arrive."""
        self.client.sendall(octets)
        assert exactly(self.plain, len(octets)) == octets
        self.plain.sendall(octets)
        assert exactly(self.client, len(octets)) == octets

    def close(self):
        for end in (self.plain, self.client):
            if end:
                end.close()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


def exactly(s, count):
    octets = b""
    while len(octets) < count and (part := s.recv(count - len(octets))):
        octets += part
    return octets


def unverified(version=None, ciphers=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if version:
        context.minimum_version = context.maximum_version = version
    if ciphers:
        context.set_ciphers(ciphers)
    return context


def processes(owlpost):
    """The pids of owl-tlsd's processes."""
    return [pid for pid in owlpost.pids() if name_of(pid) == "owl-tlsd"]


def master(owlpost):
    """Whom owl-start started."""
    def parent(pid):
        with open(f"/proc/{pid}/stat") as f:
            return int(f.read().rpartition(")")[2].split()[1])
    return next(pid for pid in processes(owlpost) if parent(pid) == owlpost.starter.pid)


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm") as f:
            return f.read().strip()
    except OSError:
        return ""


def has_in_memory(pid, needles):
    """Whether one of them is anywhere in the process's memory."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            start, end = (int(n, 16) for n in line.split()[0].split("-"))
            if "r" not in line.split()[1] or line.rstrip().endswith(("[vvar]", "[vsyscall]")):
                continue
            try:
                octets = os.pread(memory.fileno(), end - start, start)
            except OSError:
                continue
            if any(needle in octets for needle in needles):
                return True
    return False


def status(pid):
    with open(f"/proc/{pid}/status") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
