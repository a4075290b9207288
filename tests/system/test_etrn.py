"""A client asks for the mail that waits for its domain: ETRN, RFC 1985."""
import re
import socket
import struct
import subprocess
import sys
import time

import pytest

from peers import Sink, free_port
from waiting import wait_until

MESSAGE = "From: <ann@owlpost.test>\nSubject: about owls\n\nThe body.\n"
FLUSH = struct.pack(">I", 0) + b"C\1\0\2"


def hold_back(owlpost, **domains):
    """Messages for domains at ports where nobody listens, nor will be asked for hours."""
    owlpost.control("smtproutes", "\n".join(f"{name}.test:127.0.0.1:{port}" for name, (port, _) in domains.items()))
    for name in ("retryskipremote", "backofffirst", "backoffmax"):
        owlpost.control(name, "7200")
    owlpost.up()
    wanted = 0
    for name, (_, count) in domains.items():
        for n in range(count):
            assert owlpost.inject(MESSAGE, f"user{n}@{name}.test").returncode == 0
        wanted += count
    wait_until(lambda: owlpost.log().count(": deferral: ") == wanted, 20, lambda: owlpost.log()[-2000:])
    tried = time.monotonic()
    # an attempt in the second of an order counts as the one that was ordered
    wait_until(lambda: time.monotonic() > tried + 1, 5, "the next second")


def attempts(owlpost, domain):
    return len(re.findall(rf"starting delivery \d+: .* to remote \S+@{domain}", owlpost.log()))


def etrn(owlpost, node):
    with owlpost.client() as session:
        session.ehlo()
        code, text = session.docmd("ETRN", node)
        return code, text.decode(), session.has_extn("etrn")


def test_what_was_held_back_is_delivered_at_once(owlpost):
    port, other = free_port(), free_port()
    owlpost.control("etrnclients", "node.test:127.0.0.0/8")
    hold_back(owlpost, node=(port, 3), other=(other, 1))
    before = attempts(owlpost, "other.test")
    with Sink(port) as sink:
        code, text, offered = etrn(owlpost, "node.test")
        assert (code, text) == (253, "2.0.0 3 pending messages for node.test started") and offered
        wait_until(lambda: len(sink.received) == 3, 20, lambda: owlpost.log()[-2000:])
        assert sorted(r.recipients[0] for r in sink.received) == [f"user{n}@node.test" for n in range(3)]
    wait_until(lambda: owlpost.log().count("end msg ") == 3, 20, lambda: owlpost.log()[-2000:])
    assert etrn(owlpost, "node.test")[:2] == (251, "2.0.0 no messages waiting for node.test")
    assert etrn(owlpost, "other.test")[0] == 459
    assert attempts(owlpost, "other.test") == before
    assert "order: start node node.test by uid" in owlpost.log()
    assert ": mail asked for, node node.test: 253 2.0.0 3 pending messages" in owlpost.log("smtpd")
    assert ": mail asked for, node other.test: 459 4.7.1 " in owlpost.log("smtpd")


def test_who_may_relay_may_ask_for_all_below(owlpost):
    ports = free_port(), free_port()
    owlpost.control("relayclients", "127.0.0.1")
    hold_back(owlpost, node=(ports[0], 1), other=(ports[1], 1))
    owlpost.control("smtproutes", f"node.test:127.0.0.1:{ports[0]}")
    with Sink(ports[0]) as sink:
        assert etrn(owlpost, "@node.test")[0] == 253
        wait_until(lambda: sink.received, 20, lambda: owlpost.log()[-2000:])
    owlpost.owlq("hold-destination", f"127.0.0.1:{ports[1]}")
    code, text, _ = etrn(owlpost, "other.test")
    assert (code, text) == (458, "4.3.0 unable to queue messages for other.test: its mail is held by the operator")


def test_strangers_are_not_offered_it(owlpost):
    owlpost.control("etrnclients", "node.test:192.0.2.7")
    owlpost.up()
    code, text, offered = etrn(owlpost, "node.test")
    assert (code, text[:5]) == (459, "4.7.1") and not offered


def test_xclient_names_who_may_ask(owlpost):
    owlpost.control("etrnclients", "node.test:192.0.2.7")
    owlpost.control("xclients", "127.0.0.1")
    owlpost.up()
    for address, code in (("192.0.2.7", 251), ("192.0.2.8", 459)):
        with owlpost.client() as session:
            session.ehlo()
            assert not session.has_extn("etrn")
            assert session.docmd("XCLIENT", f"ADDR={address}")[0] == 220
            session.ehlo()
            assert session.has_extn("etrn") == (code == 251)
            assert session.docmd("ETRN", "node.test")[0] == code


def test_a_proxy_s_client_is_who_asks(owlpost):
    owlpost.control("etrnclients", "node.test:192.0.2.7\nnode.test:127.0.0.1")
    owlpost.control("proxyclients", "127.0.0.1")
    owlpost.up()
    for address, code in (("192.0.2.7", b"251"), ("192.0.2.8", b"459")):
        with socket.create_connection(("127.0.0.1", owlpost.port), 20) as s, s.makefile("rb") as replies:
            s.sendall(f"PROXY TCP4 {address} 127.0.0.1 1 25\r\n".encode())
            assert replies.readline()[:4] == b"220 "
            s.sendall(b"EHLO me\r\n")
            keywords = b""
            while not keywords.splitlines() or keywords.splitlines()[-1][3:4] == b"-":
                keywords += replies.readline()
            assert (b"ETRN" in keywords) == (code == b"251")
            s.sendall(b"ETRN node.test\r\n")
            assert replies.readline()[:3] == code


def test_nobody_waits_for_a_queue_that_is_down(owlpost):
    owlpost.control("etrnclients", "node.test:127.0.0.1")
    owlpost.setup()
    owlpost.listen()
    code, text, offered = etrn(owlpost, "node.test")
    assert (code, text) == (458, "4.3.0 unable to queue messages for node.test: the queue does not answer") and offered


@pytest.mark.needs_root("the accounts")
def test_the_receiver_can_order_nothing_else(owlpost):
    owlpost.start()
    ask = ("import socket, sys; s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(sys.argv[1]); "
           "s.sendall(bytes.fromhex(sys.argv[2])); sys.stdout.buffer.write(s.recv(1000))")

    def order(path, user):
        return subprocess.run([sys.executable, "-c", ask, f"{owlpost.run}/{path}", FLUSH.hex()], capture_output=True,
                              check=False, **owlpost.identity(user))

    answer = order("etrn/socket", "owlsmtpd").stdout
    assert answer[7:8] == b"\x0b" and b"not allowed on this socket" in answer
    assert b"PermissionError" in order("control/socket", "owlsmtpd").stderr
    for user in ("joe", "owlremote"):
        assert b"PermissionError" in order("etrn/socket", user).stderr
