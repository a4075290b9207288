"""owl-tlsd compares its certificates with the TLSA records that are published for this host."""
import os
import signal

import pytest

import certificates
from peers import Unbound
from tlsserver import master
from waiting import wait_until

pytestmark = pytest.mark.needs_root("port 53 free")
NAME = "_25._tcp.owlpost.test."
ROOT = certificates.authority("root")
RSA = certificates.make("rsa", ["owlpost.test"], issuer=ROOT, key="rsa")
MIDDLE = certificates.authority("middle", ROOT)
EC = certificates.make("ec", ["owlpost.test"], issuer=MIDDLE)
MATCHES = "certificate for owlpost.test matches the TLSA records of _25._tcp.owlpost.test"
DIFFERS = "certificate for owlpost.test does not match the TLSA records of _25._tcp.owlpost.test: unable to verify"
NONE_COUNTS = "warning: none of the TLSA records of _25._tcp.owlpost.test counts for mail"


def start(owlpost, bystanders, folder, records, *shown):
    Unbound(bystanders, folder, [f"{NAME} TLSA {r}" for r in records] + ["other.test. A 127.0.0.1"])
    owlpost.tls(*shown)
    owlpost.start()


def said(owlpost, *texts):
    wait_until(lambda: all(t in owlpost.log() for t in texts), 20, owlpost.log)


@pytest.mark.parametrize("records, shown, texts", [
    ([RSA.tlsa(3, 1, 1), EC.tlsa(3, 1, 1)], [RSA, EC], [f"the RSA {MATCHES}", f"the ECDSA {MATCHES}"]),
    ([MIDDLE.tlsa(2, 0, 2)], [EC], [f"the ECDSA {MATCHES}"]),
    ([ROOT.tlsa(2, 0, 1)], [EC], [f"warning: the ECDSA {DIFFERS}"]),  # which is not sent (RFC 7672 3.1.2)
    ([EC.tlsa(3, 0, 0)], [RSA, EC], [f"warning: the RSA {DIFFERS}", f"the ECDSA {MATCHES}"]),
    ([certificates.make("old").tlsa(3, 1, 1)], [EC], [f"warning: the ECDSA {DIFFERS}"]),
    ([EC.tlsa(1, 0, 1)], [EC], [NONE_COUNTS]),
    ([RSA.tlsa(3, 1, 1)[:-2]], [EC], [NONE_COUNTS]),
])
def test_certificates_against_records(owlpost, bystanders, folder, records, shown, texts):
    start(owlpost, bystanders, folder, records, *shown)
    said(owlpost, *texts)


def test_again_at_a_hangup(owlpost, bystanders, folder):
    start(owlpost, bystanders, folder, [EC.tlsa(3, 1, 1)], EC)
    said(owlpost, f"the ECDSA {MATCHES}")
    owlpost.tls(certificates.make("new", ["owlpost.test"], issuer=ROOT))
    os.kill(master(owlpost), signal.SIGHUP)
    said(owlpost, f"warning: the ECDSA {DIFFERS}")


def test_no_records_and_no_name_server(owlpost, bystanders, folder):
    owlpost.tls(EC)
    owlpost.start()
    said(owlpost, "owl-tlsa: unable to look up the TLSA records of _25._tcp.owlpost.test: ")
    Unbound(bystanders, folder, ["_25._tcp.owlpost.test. TXT x"])
    answer = owlpost.call("owl-tlsa", "owlpost.test", "25", user="owltls", text=True, capture_output=True)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == "none\n"


@pytest.mark.parametrize("port", ["", "0", "65536", "25x", "-25", "18446744073709551641"])
def test_a_port_is_a_number_that_there_can_be(owlpost, port):
    assert owlpost.call("owl-tlsa", "host.test", port).returncode == 100
