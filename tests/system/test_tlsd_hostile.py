"""owl-tlsd and peers who stall, flood, and break the rules of TLS."""
import os
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

import certificates
from tlsserver import Meeting, exactly, processes, unverified
from tlswire import SERVER, ask, pairs
from waiting import wait_until

EC = certificates.make("ec", ["mx.a.test"])


@pytest.fixture
def served(owlpost):
    owlpost.tls(EC)
    owlpost.control("timeouttls", "3")
    owlpost.start()
    return owlpost


def connection():
    """(peer's end, caller's end) of a TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = socket.create_connection(listener.getsockname(), 20)
        return peer, listener.accept()[0]


def client_hello():
    """What a client of OpenSSL's says first."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = unverified().wrap_bio(incoming, outgoing, server_hostname="mx.a.test")
    with pytest.raises(ssl.SSLWantReadError):
        session.do_handshake()
    return outgoing.read()


HELLO = client_hello()
STALLS = [b"", b"\x16", HELLO[:5], HELLO[:-1], HELLO]


@pytest.mark.parametrize("said", STALLS, ids=["nothing", "an octet", "a header", "all but an octet", "half of the handshake"])
def test_a_stalled_handshake_ends_in_time(served, said):
    peer, caller = connection()
    peer.sendall(said)
    start = time.monotonic()
    facts, plain = ask(f"{served.run}/tls/socket", caller, role=SERVER)
    assert facts["ok"] == "0" and facts["temporary"] == "1", facts
    assert 2.5 < time.monotonic() - start < 15
    assert plain.recv(1) == b""


def test_a_caller_may_allow_less(served):
    peer, caller = connection()
    start = time.monotonic()
    facts, _ = ask(f"{served.run}/tls/socket", caller, role=SERVER, limit_s=1)
    assert facts["ok"] == "0" and 0.5 < time.monotonic() - start < 2.5
    peer.close()


def record(kind, length, octets=None):
    return struct.pack(">BHH", kind, 0x0303, length) + (octets if octets is not None else b"x" * length)


RULES = {"oversized record": record(22, 16384 + 2049), "longest header": record(22, 65535, b"x" * 20000),
         "no TLS": b"EHLO client.test\r\n" * 10, "HTTP": b"GET / HTTP/1.0\r\n\r\n", "SSLv2": b"\x80\x2e\x01\x00\x02" + b"\0" * 44,
         "empty records": record(22, 0) * 2000, "alerts": record(21, 2, b"\x01\x00") * 2000,
         "data first": record(23, 5), "zeros": b"\0" * 5000}


@pytest.mark.parametrize("rule", RULES)
def test_who_breaks_the_rules_is_refused_and_others_go_on(served, rule):
    with Meeting(served) as other:
        peer, caller = connection()
        peer.sendall(RULES[rule])
        facts, _ = ask(f"{served.run}/tls/socket", caller, role=SERVER)
        assert facts["ok"] == "0" and facts["error"].startswith("unable to "), facts
        other.echo()
    assert "killed by signal" not in served.log()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_oversized_record_within_a_session_ends_it(served, version):
    with Meeting(served, unverified(version)) as meeting, Meeting(served) as other:
        meeting.echo()
        raw = socket.socket(fileno=os.dup(meeting.client.fileno()))
        raw.sendall(record(23, 16384 + 2049))
        meeting.plain.settimeout(20)
        assert meeting.plain.recv(1) == b""
        other.echo()
        raw.close()


def test_renegotiation_is_refused(served):
    peer, caller = connection()
    peer.close()
    listener = socket.create_server(("127.0.0.1", 0))
    client = subprocess.Popen(["openssl", "s_client", "-tls1_2", "-connect", "127.0.0.1:%d" % listener.getsockname()[1]],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    caller, _ = listener.accept()
    facts, plain = ask(f"{served.run}/tls/socket", caller, role=SERVER)
    client.stdin.write(b"R\n")
    client.stdin.flush()
    output = client.communicate(timeout=20)[0].decode()
    assert facts["ok"] == "1"
    assert "RENEGOTIATING" in output and "no renegotiation" in output, output
    plain.close()


def half_open(path):
    """A handshake that never comes; the caller's connection to owl-tlsd."""
    peer, caller = connection()
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    line = b" ".join(pairs({"role": SERVER, "limit_s": 3600}))
    socket.send_fds(s, [struct.pack(">I", len(line)) + line], [caller.fileno()])
    caller.close()
    return s, peer


def test_a_thousand_half_open_handshakes(owlpost):
    owlpost.tls(EC)
    owlpost.control("timeouttls", "60")
    owlpost.start()
    with Meeting(owlpost) as early:
        waiting = [half_open(f"{owlpost.run}/tls/socket") for _ in range(1000)]
        wait_until(lambda: len(processes(owlpost)) >= 1000, 60, owlpost.log)
        early.echo(b"x" * 10000)
        start = time.monotonic()
        with Meeting(owlpost) as late:
            late.echo(b"x" * 10000)
        assert time.monotonic() - start < 10
        for s, peer in waiting:
            s.close()
            peer.close()
        wait_until(lambda: len(processes(owlpost)) < 10, 60, owlpost.log)


def test_over_the_limit_callers_are_told_so(owlpost):
    owlpost.tls(EC)
    owlpost.control("maxtlssessions", "8")
    owlpost.start()
    path = f"{owlpost.run}/tls/socket"
    waiting = [half_open(path) for _ in range(6)] # three quarters
    wait_until(lambda: len(processes(owlpost)) == 3 + 6, 20, owlpost.log)
    _, caller = connection()
    facts, _ = ask(path, caller, role=SERVER)
    assert facts["temporary"] == "1" and "too many sessions" in facts["error"]
    waiting.pop()[0].close()
    wait_until(lambda: len(processes(owlpost)) == 3 + 5, 20, owlpost.log)
    with Meeting(owlpost) as meeting:
        meeting.echo()
    for s, _ in waiting:
        s.close()


# ---- the relay

def test_an_end_is_passed_on_and_the_other_way_goes_on(served):
    with Meeting(served) as meeting:
        meeting.plain.sendall(b"last words")
        meeting.plain.shutdown(socket.SHUT_WR)
        assert exactly(meeting.client, 10) == b"last words"
        assert meeting.client.recv(1) == b"" # close_notify
        raw = meeting.client
        raw.sendall(b"answer")
        assert exactly(meeting.plain, 6) == b"answer"
    wait_until(lambda: len(processes(served)) == 3, 20, served.log)


def test_who_does_not_read_makes_the_other_side_wait(served):
    """The peer sends 64 MB that the caller does not read: little of it is taken, and all of it arrives later."""
    size = 64 * 1024 * 1024
    before = set(processes(served))
    with Meeting(served) as meeting:
        sent = []
        thread = threading.Thread(target=lambda: [sent.append(meeting.client.send(b"x" * 65536)) for _ in range(size // 65536)])
        thread.start()
        last = -1
        while last != (last := sum(sent)): # until nothing more is taken
            time.sleep(0.3)
        assert last < size // 2
        (child,) = set(processes(served)) - before
        # a sanitizer has memory of its own
        assert resident(child) < (32 if served.build == "plain" else 128) * 1024 * 1024
        got = 0
        while got < size:
            got += len(meeting.plain.recv(1 << 20))
        thread.join(20)
        assert got == size


def resident(pid):
    with open(f"/proc/{pid}/statm") as f:
        return int(f.read().split()[1]) * 4096


def test_a_caller_that_goes_ends_the_session(served):
    with Meeting(served) as meeting:
        meeting.plain.close()
        assert meeting.client.recv(1) == b""
        meeting.client.unwrap().close() # a close_notify of our own
    wait_until(lambda: len(processes(served)) == 3, 20, served.log)
