"""What MTA-STS needs of the world: a name server whose records change, and a web server with one host for each domain."""
import contextlib
import socket
import ssl
import threading
import warnings

import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

import certificates

TEXT = "Content-Type: text/plain\r\n"


def serve(body, status="200 OK", header=TEXT):
    """A whole answer of a web server."""
    octets = body.encode()
    return f"HTTP/1.1 {status}\r\n{header}Content-Length: {len(octets)}\r\nConnection: close\r\n\r\n".encode() + octets


def policy(mode="enforce", mx=("mx.a.test",), max_age=86400, version="STSv1", end="\r\n"):
    lines = [f"version: {version}", f"mode: {mode}", *(f"mx: {m}" for m in mx), f"max_age: {max_age}"]
    return "".join(line + end for line in lines)


class Names:
    """Answers on port 53: records is {(name, type): [text]}; names in silent get no answer, those in failing SERVFAIL."""

    def __init__(self):
        self.records, self.silent, self.failing, self.asked = {}, set(), set(), []
        self.vouches = lambda name: False  # whether it says that it has validated an answer
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                octets, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            if not octets:
                return
            question = dns.message.from_wire(octets)
            name = question.question[0].name.to_text(omit_final_dot=True).lower()
            self.asked.append(name)
            if name not in self.silent:
                self.socket.sendto(self._answer(question, name).to_wire(), peer)

    def _answer(self, question, name):
        kind = question.question[0].rdtype
        reply = dns.message.make_response(question, recursion_available=True)
        found = self.records.get((name, dns.rdatatype.to_text(kind)), [])
        if self.vouches(name):
            reply.flags |= dns.flags.AD
        if name in self.failing:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif found:
            reply.answer.append(dns.rrset.from_text_list(question.question[0].name, 60, dns.rdataclass.IN, kind, found))
        elif not any(known == name for known, _ in self.records):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply

    def close(self):
        with contextlib.suppress(OSError):  # not connected; it wakes who reads all the same
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Site:
    """What one host does: its certificate's context, and the octets it answers with (None: nothing, ever)."""

    def __init__(self, context, answer):
        self.context, self.answer, self.requests = context, answer, 0


class Web:
    """HTTPS on 127.0.0.1:443; sites is {host: Site}, chosen by SNI."""

    def __init__(self, sites):
        self.sites = sites
        self.open = []
        self.front = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.front.sni_callback = self._choose
        self.listener = socket.create_server(("127.0.0.1", 443), backlog=16)
        threading.Thread(target=self._run, daemon=True).start()

    def speak_only(self, version):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            self.front.set_ciphers("DEFAULT:@SECLEVEL=0")
            self.front.minimum_version = self.front.maximum_version = version

    def _choose(self, tls, name, _):
        if name not in self.sites:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        tls.context = self.sites[name].context
        tls.site = self.sites[name]
        return None

    def _run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        try:
            tls = self.front.wrap_socket(connection, server_side=True)
            site = tls.site
            request = b""
            while b"\r\n\r\n" not in request:
                request += tls.recv(4096) or b"\r\n\r\n"
            if not request.startswith(b"GET /.well-known/mta-sts.txt HTTP/1.1\r\n"):
                tls.close()
                return
            site.requests += 1
            if site.answer is None:
                self.open.append(tls)
                return
            tls.sendall(site.answer)
            tls.unwrap()
            tls.close()
        except (OSError, ssl.SSLError):
            connection.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for tls in self.open:
            tls.close()


class Authority:
    """Certificates for web hosts."""

    def __init__(self, folder):
        self.folder = folder
        self.root = certificates.authority("owlpost test root")
        self.stranger = certificates.authority("a stranger")
        self.file = f"{folder}/authorities.pem"
        with open(self.file, "w") as f:
            f.write(self.root.pem)
        self.count = 0

    def context(self, host, *, issuer="root", names=None, **more):
        names = [host] if names is None else names
        signer = {"root": self.root, "stranger": self.stranger, "self": None}[issuer]
        certificate = certificates.make(host, names, issuer=signer, **more)
        self.count += 1
        files = certificate.write(self.folder, f"web{self.count}", chain=0)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        return context
