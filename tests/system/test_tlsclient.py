"""owl-tlsd as a client, against OpenSSL's own server and Python's."""
import os
import socket
import ssl
import subprocess
import threading
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import dh
from cryptography.hazmat.primitives.serialization import Encoding, ParameterFormat

import certificates
from agent import REMOTE, SUCCESS, Job, Spawner
from certificates import DAY
from peers import answers, free_port
from tlssink import TlsSink
from tlswire import CLIENT, DANE, FINGERPRINT, NAMES, NOTHING, ask
from waiting import wait_until

ROOT = certificates.authority("root")
MIDDLE = certificates.authority("middle", ROOT)
MADE = {
    "good": certificates.make("good", ["mx.a.test"], issuer=MIDDLE),
    "rsa": certificates.make("rsa", ["mx.a.test"], issuer=MIDDLE, key="rsa"),
    "wrong": certificates.make("mx.a.test", ["mx.b.test"], issuer=MIDDLE),
    "expired": certificates.make("expired", ["mx.a.test"], issuer=MIDDLE, start=-3 * DAY, end=-DAY),
    "alone": certificates.make("mx.a.test", ["mx.a.test"]),
}


@pytest.fixture
def tlsd(owlpost, folder):
    with open(f"{folder}/authorities.pem", "w") as f:
        f.write(ROOT.pem)
    os.chmod(f"{folder}/authorities.pem", 0o644)
    owlpost.control("tlsdaemon", "1")
    owlpost.control("tlsauthorities", f"{folder}/authorities.pem")
    owlpost.start()
    path = f"{owlpost.run}/tls/socket"
    wait_until(lambda: os.path.exists(path), 20, owlpost.log)
    return path


class Server:
    """openssl s_server with one of the certificates."""

    def __init__(self, bystanders, folder, name="good", *more, chain=1):
        certificate, key = MADE[name].write(folder, name, chain)
        self.port = free_port()
        issuers = f"{folder}/{name}.issuers"
        with open(issuers, "w") as f:
            f.write("".join(issuer.pem for issuer in MADE[name].chain[:chain]))
        argv = ["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", certificate, "-key", key, "-rev", "-quiet"]
        argv += ["-cert_chain", issuers] if MADE[name].chain[:chain] else []
        bystanders.start([*argv, *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: answers(self.port), 10, "openssl s_server")

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), 10)


def echo(plain, text=b"hello"):
    """What s_server -rev makes of a line."""
    plain.sendall(text + b"\n")
    answer = b""
    while not answer.endswith(b"\n"):
        answer += plain.recv(100)
    return answer.strip()


CHECKS = {
    "nothing": {"check": NOTHING},
    "names": {"check": NAMES, "names": ["mx.other.test", "mx.a.test"]},
    "fingerprint": {"check": FINGERPRINT, "fingerprints": [MADE["alone"].fingerprint(), MADE["expired"].fingerprint(1)]},
    "dane": {"check": DANE, "names": ["mx.a.test"],
             "tlsa": [MADE["expired"].tlsa(3, 1, 1), MADE["wrong"].tlsa(3, 0, 2), MIDDLE.tlsa(2, 0, 1)]},
}


@pytest.mark.parametrize("name, outcomes", [
    ("good", {"names": "names", "fingerprint": "validation-failure", "dane": "dane"}),
    ("rsa", {"names": "names", "fingerprint": "validation-failure", "dane": "dane"}),
    ("wrong", {"names": "certificate-host-mismatch", "fingerprint": "validation-failure", "dane": "dane"}),
    ("expired", {"names": "certificate-expired", "fingerprint": "fingerprint", "dane": "dane"}),
    ("alone", {"names": "certificate-not-trusted", "fingerprint": "fingerprint", "dane": "tlsa-invalid"}),
])
def test_certificates_under_each_check(tlsd, bystanders, folder, name, outcomes):
    server = Server(bystanders, folder, name)
    for check, outcome in {"nothing": "", **outcomes}.items():
        facts, plain = ask(tlsd, server.connect(), role=CLIENT, sni="mx.a.test", **CHECKS[check])
        got = facts.get("verified", "") if facts["ok"] == "1" else facts["result"]
        assert got == outcome, (check, facts)
        if facts["ok"] == "1":
            assert echo(plain) == b"olleh"
            assert facts["fingerprint"] == MADE[name].fingerprint()
            assert facts["key_fingerprint"] == MADE[name].fingerprint(1)
        else:
            assert plain.recv(1) == b"" and facts["error"].startswith("unable to ") and "temporary" not in facts
        plain.close()


@pytest.mark.parametrize("option, version", [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")])
def test_sessions_are_resumed(tlsd, bystanders, folder, option, version):
    server = Server(bystanders, folder, "good", option)

    def once(**more):
        facts, plain = ask(tlsd, server.connect(), role=CLIENT, **{**CHECKS["names"], "session": "a.test", **more})
        assert facts["ok"] == "1" and facts["version"] == version and facts["verified"] == "names", facts
        assert facts["peer"] == "mx.a.test" and facts["fingerprint"] == MADE["good"].fingerprint()
        assert echo(plain) == b"olleh"
        plain.close()
        return facts.get("resumed", "0")

    assert [once(), once(), once()] == ["0", "1", "1"]
    assert once(session="b.test") == "0"
    assert once(names=["mx.a.test"]) == "0"  # another check
    assert once(session="") == "0" and once(session="") == "0"


@pytest.mark.parametrize("options, temporary", [
    (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], False),
    (["-tls1_2", "-cipher", "AES128-SHA"], False),
])
def test_weak_servers(tlsd, bystanders, folder, options, temporary):
    server = Server(bystanders, folder, "rsa", *options)
    facts, plain = ask(tlsd, server.connect(), role=CLIENT, check=NOTHING)
    assert facts["ok"] == "0" and facts["result"] == "validation-failure" and ("temporary" in facts) == temporary, facts
    plain.close()


SECOND_OAKLEY_GROUP = int(  # RFC 2409 6.2, 1024 bits
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF", 16)


def test_weak_finite_fields(tlsd, bystanders, folder):
    """1024 bits: taken where the other choice is no TLS, not where something is verified."""
    weak = dh.DHParameterNumbers(SECOND_OAKLEY_GROUP, 2).parameters()
    with open(f"{folder}/dh.pem", "wb") as f:
        f.write(weak.parameter_bytes(Encoding.PEM, ParameterFormat.PKCS3))
    server = Server(bystanders, folder, "rsa", "-tls1_2", "-dhparam", f"{folder}/dh.pem",
                    "-cipher", "DHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0")
    facts, plain = ask(tlsd, server.connect(), role=CLIENT, check=NOTHING)
    assert facts["ok"] == "1" and facts["cipher"] == "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", facts
    assert echo(plain) == b"olleh"
    plain.close()
    facts, plain = ask(tlsd, server.connect(), role=CLIENT, **CHECKS["names"])
    assert facts["ok"] == "0" and "dh key too small" in facts["error"], facts
    plain.close()


def test_revoked_staple(tlsd, bystanders, folder):
    for revoked in (False, True):
        with open(f"{folder}/staple", "wb") as f:
            f.write(certificates.staple(MADE["good"], revoked))
        server = Server(bystanders, folder, "good", "-status_file", f"{folder}/staple")
        facts, plain = ask(tlsd, server.connect(), role=CLIENT, **CHECKS["names"])
        plain.close()
        assert (facts["ok"], facts.get("result", "")) == (("0", "certificate-not-trusted") if revoked else ("1", "")), facts
    assert "revoked" in facts["error"]


def peer_that(does):
    """A connected socket whose other end does that."""
    ours, theirs = socket.socketpair()
    threading.Thread(target=does, args=(theirs,), daemon=True).start()
    return ours


def test_peers_that_are_no_server(tlsd):
    def closes(s):
        s.recv(4096)
        s.close()

    def speaks_smtp(s):
        s.sendall(b"220 a.test ESMTP\r\n")
        s.recv(4096)

    for does, temporary, text in ((closes, True, "closed"), (speaks_smtp, False, "wrong version number")):
        facts, plain = ask(tlsd, peer_that(does), role=CLIENT, check=NOTHING)
        assert facts["ok"] == "0" and ("temporary" in facts) == temporary and text in facts["error"], facts
        plain.close()


def test_a_peer_that_says_nothing(tlsd):
    begun = time.monotonic()
    facts, plain = ask(tlsd, peer_that(lambda s: threading.Event().wait()), role=CLIENT, check=NOTHING, limit_s=1)
    assert facts["ok"] == "0" and "temporary" in facts and "imed out" in facts["error"], facts
    assert time.monotonic() - begun < 15
    plain.close()


def test_channel_bindings(tlsd, folder):
    """The server's end has the same; Python knows the finished message only, so the certificate's is compared."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*MADE["good"].write(folder, "bound"))
    facts, plain = ask(tlsd, peer_that(lambda s: context.wrap_socket(s, server_side=True).recv(1)), role=CLIENT, check=NOTHING)
    assert facts["endpoint"] == MADE["good"].fingerprint() and len(facts["exporter"]) == 64
    plain.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_owl_remote_resumes(tlsd, owlpost, folder, version):
    """Each delivery is a process and a connection of its own."""
    port = free_port()
    spawner = Spawner([owlpost.program("owl-rspawn")], owlpost.environment)
    with TlsSink("127.0.0.1", MADE["good"].write(folder, "sink"), port) as sink:
        sink.use(MADE["good"].write(folder, "sink"), version)
        for number in range(1, 4):
            worker = spawner.worker(REMOTE, "127.0.0.1", port)
            (result,) = worker.deliver(Job(number, "sender@sender.test", ["someone@a.test"], b"Subject: owls\n\nhello\n"))
            assert result["class"] == SUCCESS and result["tls"].startswith("TLSv1."), result
            worker.close()
        assert [s["resumed"] for s in sink.sessions] == [False, True, True]
    assert spawner.close() == 0
