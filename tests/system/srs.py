"""SRS addresses, as its specification has them, and others that make them."""
import base64
import hashlib
import hmac
import socket
import subprocess
import time

from peers import free_port, listens, unpacked
from waiting import wait_until

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def stamp(days_ago=0):
    day = (int(time.time()) // 86400 - days_ago) % 1024
    return DIGITS[day // 32] + DIGITS[day % 32]


def first(sender, at, secret, days_ago=0):
    """sender's SRS0 address."""
    local, domain = sender.rsplit("@", 1)
    day = stamp(days_ago)
    digest = hmac.new(secret.encode(), f"{day}{domain}{local}".lower().encode(), hashlib.sha1).digest()
    return f"SRS0={base64.b64encode(digest).decode()[:4]}={day}={domain}={local}@{at}"


class MailSRS:
    """Debian's libmail-srs-perl."""

    def __init__(self, secret):
        self.secret = secret

    def _call(self, method, *arguments):
        code = 'use Mail::SRS; my $s = shift; print Mail::SRS->new(Secret => [$s], MaxAge => 21)->' + method + '(@ARGV)'
        done = subprocess.run(["perl", "-e", code, self.secret, *arguments], capture_output=True, text=True, check=True)
        return done.stdout

    def forward(self, sender, domain):
        return self._call("forward", sender, domain)

    def reverse(self, address):
        return self._call("reverse", address)


class Postsrsd:
    """Debian's, unpacked; it answers as a TCP table of Postfix."""

    def __init__(self, bystanders, folder, secret, domain):
        program, environment = unpacked("postsrsd", "postsrsd")
        self.ports = [free_port(), free_port()]
        with open(f"{folder}/postsrsd.secret", "w") as f:
            f.write(f"{secret}\n")
        self.process = bystanders.start([program, f"-s{folder}/postsrsd.secret", f"-d{domain}", "-4", "-l127.0.0.1",
                                         f"-f{self.ports[0]}", f"-r{self.ports[1]}"], env=environment)
        wait_until(lambda: all(listens(port) for port in self.ports), 10, "postsrsd")

    def _ask(self, port, address):
        with socket.create_connection(("127.0.0.1", port), 10) as s:
            s.sendall(f"get {address}\n".encode())
            code, value = s.makefile().readline().rstrip("\n").split(" ", 1)
        assert code == "200", f"{address}: {code} {value}"
        return value

    def forward(self, sender, _):
        return self._ask(self.ports[0], sender)

    def reverse(self, address):
        return self._ask(self.ports[1], address)
