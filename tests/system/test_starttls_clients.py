"""Mail under TLS from programs that people send with, and from mail servers: TLS 1.2 and 1.3,
RSA and ECDSA, STARTTLS and implicit TLS."""
import itertools

import pytest

from peers import free_port
from secured import Secured
from test_listen import Listener
from tlssenders import CHEAP, SERVERS

WAYS, VERSIONS = ("starttls", "implicit"), ("1.2", "1.3")


def serve(owlpost, key):
    secured = Secured(owlpost, [key])
    owlpost.start()
    ports = {"starttls": free_port(), "implicit": free_port()}
    while ports["implicit"] == ports["starttls"]:
        ports["implicit"] = free_port()
    Listener(owlpost, f"127.0.0.1:{ports['starttls']}", f"127.0.0.1:{ports['implicit']}/tls")
    return secured, ports


def assert_all_came(owlpost, cases):
    mails = owlpost.wait_for_mail("joe", len(cases), 60)
    assert len(mails) == len(cases)
    assert all(b" with ESMTPS id " in m and b"\n  tls TLS_" in m for m in mails)
    for version in VERSIONS:
        assert sum(f"({'TLSv' + version}); ".encode() in m for m in mails) == sum(v == version for _, _, v in cases)


@pytest.mark.parametrize("key", ["ec", "rsa"])
def test_programs(owlpost, key):
    secured, ports = serve(owlpost, key)
    cases = list(itertools.product(sorted(CHEAP), WAYS, VERSIONS))
    for name, way, version in cases:
        CHEAP[name](secured, way, ports[way], version, "joe@local.test")
    assert_all_came(owlpost, cases)


@pytest.mark.needs_root("programs with compiled-in paths, accounts")
@pytest.mark.parametrize("name", sorted(SERVERS))
@pytest.mark.parametrize("key", ["ec", "rsa"])
def test_servers(owlpost, full, name, key):
    """With --full each way and version."""
    secured, ports = serve(owlpost, key)
    cases = list(itertools.product([name], WAYS, VERSIONS))
    if not full:
        cases = [case for case in cases if case[1:] == ("starttls", "1.3" if key == "ec" else "1.2")]
    for _, way, version in cases:
        SERVERS[name](secured, way, ports[way], version, "joe@local.test")
    assert_all_came(owlpost, cases)
