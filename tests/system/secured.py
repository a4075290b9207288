"""An instance with TLS: certificates of an authority of the test's own, and clients that know it."""
import os
import smtplib
import socket
import ssl

import certificates
from waiting import wait_until

NAMES = ("owlpost.test", "localhost", "127.0.0.1")


class Secured:
    """Makes an authority and certificates, RSA and ECDSA, and has the instance use them."""

    def __init__(self, owlpost, keys=("ec", "rsa")):
        self.owlpost = owlpost
        self.authority = certificates.authority("Test Authority")
        lines = []
        for key in keys:
            own = certificates.make("owlpost.test", NAMES, issuer=self.authority, key=key)
            pem, secret = own.write(owlpost.controls, key)
            os.chmod(secret, 0o600)
            owlpost.give("owltls", secret)
            lines.append(f"{pem} {secret}")
        owlpost.control("tlscertificates", "\n".join(lines))
        owlpost.control("tlsdaemon", "1")
        self.path = f"{owlpost.folder}/authority.pem"
        with open(self.path, "w", encoding="ascii") as f:
            f.write(self.authority.pem)

    def start(self):
        """owl-tlsd has its certificates a moment later than the runner answers."""
        self.owlpost.start()
        wait_until(lambda: os.path.exists(f"{self.owlpost.run}/tls/certificate"), 20, lambda: self.owlpost.log())

    def context(self, version=None, certificate=None):
        """A client's: verifies; version "1.2" or "1.3" alone."""
        c = ssl.create_default_context(cafile=self.path)
        if version:
            c.minimum_version = c.maximum_version = getattr(ssl.TLSVersion, f"TLSv{version.replace('.', '_')}")
        if certificate:
            c.load_cert_chain(*certificate)
        return c

    def client(self, port=None, **how):
        """An smtplib session after STARTTLS."""
        s = self.owlpost.client(port)
        s.starttls(context=self.context(**how))
        return s

    def implicit(self, port, **how):
        return smtplib.SMTP_SSL("127.0.0.1", port, local_hostname="client.test", timeout=30, context=self.context(**how))


class Plain:
    """A client in the clear that says octets and hears lines."""

    def __init__(self, port, source=""):
        self.socket = socket.create_connection(("127.0.0.1", port), 30, (source, 0))
        self.heard = self.socket.makefile("rb")

    def say(self, octets):
        self.socket.sendall(octets)

    def hear(self):
        """A reply, its lines together; b"" at the end."""
        reply = b""
        try:
            while line := self.heard.readline():
                reply += line
                if line[3:4] != b"-":
                    break
        except ConnectionResetError:
            pass
        return reply

    def ask(self, octets):
        self.say(octets)
        return self.hear()

    def wrap(self, context, name="owlpost.test"):
        self.socket = context.wrap_socket(self.socket, server_hostname=name)
        self.heard = self.socket.makefile("rb")

    def close(self):
        self.heard.close()
        self.socket.close()
