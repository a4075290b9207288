"""owl-smtpd's own listener: limits, relay clients, drain, upgrade, handed over sockets."""
import os
import pwd
import signal
import smtplib
import socket
import subprocess
import threading

import pytest

from instance import ROOT, read
from peers import free_port, listens
from waiting import wait_until

MESSAGE = b"Subject: hello\r\n\r\ntext\r\n"


class Listener:
    def __init__(self, instance, *addresses, name="listener", **options):
        self.instance, self.name = instance, name
        with instance._log(name) as log:
            self.process = subprocess.Popen(
                [instance.program("owl-smtpd"), "--listen", *addresses], env=instance.environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)
        instance.listeners.append(self.process)
        self.wait_for("listening")

    def log(self):
        return self.instance.log(self.name)

    def wait_for(self, what, count=1):
        wait_until(lambda: self.log().count(what) >= count or self.process.poll() is not None, 10,
                   lambda: f"no {what!r}: {self.log()}")
        assert self.log().count(what) >= count, f"{self.process.poll()}: {self.log()}"

    def signal(self, number):
        self.process.send_signal(number)

    def ended(self):
        return self.process.wait(10)


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def owlpost(instances):
    return instances()


def connect(port, host="127.0.0.1", source=None):
    """A socket and its first reply."""
    s = socket.create_connection((host, port), 10, source_address=(source, 0) if source else None)
    return s, s.recv(1000)


def say(s, line):
    s.sendall(line + b"\r\n")
    return s.recv(4000)


def test_a_message_over_both_families(owlpost, port):
    owlpost.start()
    Listener(owlpost, f"127.0.0.1:{port}", f"[::1]:{port}")
    owlpost.submit(MESSAGE, "joe@owlpost.test", port=port)
    with smtplib.SMTP("::1", port, "client.test", 30) as session:
        session.sendmail("s@sender.test", ["joe@owlpost.test"], MESSAGE)
    found = b"".join(owlpost.wait_for_mail("joe", 2))
    assert b"from client.test ([127.0.0.1])" in found
    assert b"from client.test ([IPv6:::1])" in found


@pytest.mark.needs_root("owl-smtpd's user")
def test_it_is_root_no_longer(owlpost, port):
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    account = pwd.getpwnam("owlsmtpd")
    status = dict(line.split(":\t", 1) for line in read(f"/proc/{listener.process.pid}/status").splitlines())
    assert set(status["Uid"].split()) == {str(account.pw_uid)}
    assert set(status["Gid"].split()) == {str(account.pw_gid)}
    assert status["Groups"].split() == [str(account.pw_gid)]
    assert int(status["CapEff"], 16) == 0


def test_addresses_come_from_the_control_file(owlpost, port):
    owlpost.control("smtplisten", f"127.0.0.1:{port}\n[::1]:{port}")
    Listener(owlpost)
    for host in ("127.0.0.1", "::1"):
        s, greeting = connect(port, host)
        assert greeting.startswith(b"220 ")
        s.close()


@pytest.mark.parametrize("address, reason", [
    ("nowhere", "it is no ADDRESS"),
    ("192.0.2.1:25", "Cannot assign requested address"),
])
def test_an_address_that_cannot_be(owlpost, address, reason):
    done = owlpost.call("owl-smtpd", "--listen", address)
    assert done.returncode == 111
    assert f"unable to listen at {address}: {reason}".encode() in done.stderr


def test_relay_clients_by_address(owlpost, port):
    owlpost.control("relayclients", "127.0.0.2\n127.0.1.0/24")
    Listener(owlpost, f"127.0.0.1:{port}")
    for source, code in (("127.0.0.1", b"553"), ("127.0.0.2", b"250"), ("127.0.1.77", b"250"), ("127.0.2.1", b"553")):
        s, _ = connect(port, source=source)
        say(s, b"EHLO me")
        say(s, b"MAIL FROM:<a@b.test>")
        assert say(s, b"RCPT TO:<x@far.test>").startswith(code), source
        s.close()


def test_sessions_in_all(owlpost, port):
    owlpost.control("maxsessions", "3")
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    held = [connect(port) for _ in range(3)]
    assert all(greeting.startswith(b"220 ") for _, greeting in held)
    s, greeting = connect(port, source="127.0.0.9")
    assert greeting.startswith(b"421 4.7.0 ")
    assert s.recv(10) == b""
    assert "[127.0.0.9] refused: too many sessions" in listener.log()
    for s, _ in held:
        s.close()
    wait_until(lambda: connect(port)[1].startswith(b"220 "), 10, "a place that is free again")


@pytest.mark.parametrize("bits, hosts, refused", [
    ("32", ("127.0.0.5", "127.0.0.5", "127.0.0.6"), "127.0.0.5"),
    ("24", ("127.0.7.5", "127.0.7.6", "127.0.8.1"), "127.0.7.9"),
])
def test_sessions_of_one_client(owlpost, port, bits, hosts, refused):
    owlpost.control("maxsessionsperip", "2")
    owlpost.control("sessionsprefix4", bits)
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    held = [connect(port, source=host) for host in hosts]
    assert all(greeting.startswith(b"220 ") for _, greeting in held)
    _, greeting = connect(port, source=refused)
    assert greeting.startswith(b"421 4.7.0 ")
    assert f"[{refused}] refused: too many sessions of this client" in listener.log()


@pytest.mark.needs_root("addresses of its own")
def test_an_ipv6_client_is_a_network(owlpost, port):
    for address in ("2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:2::1"):
        subprocess.run(["ip", "addr", "add", f"{address}/128", "dev", "lo", "nodad"], check=True)
    owlpost.control("maxsessionsperip", "1")
    Listener(owlpost, f"[::1]:{port}", f"[2001:db8:0:1::1]:{port}")
    held = [connect(port, "2001:db8:0:1::1", source) for source in ("2001:db8:0:1::1", "2001:db8:0:2::1")]
    assert all(greeting.startswith(b"220 ") for _, greeting in held)
    assert connect(port, "2001:db8:0:1::1", "2001:db8:0:1::2")[1].startswith(b"421 4.7.0 ")
