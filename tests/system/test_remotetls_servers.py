"""TLS to Postfix, Exim and OpenSMTPD as next hops: each says in its Received field what was agreed on."""
import os
import re

import pytest

import certificates
from mailers import Exim, Postfix
from opensmtpd import OpenSmtpd
from overlay import over_usr
from peers import Sink, answers, free_port, listens
from waiting import wait_until

pytestmark = pytest.mark.needs_root("programs with compiled-in paths, accounts")
NAME = "127.0.0.1"


def readable(*paths):
    for path in paths:
        os.chmod(path, 0o644)  # Exim reads its key as its own user
    return paths


def start_exim(bystanders, far, files):
    exim, port = Exim(far.port), free_port()
    with open(f"{exim.folder}/conf", "r+", encoding="ascii") as f:
        octets = f.read()
        f.seek(0)
        f.write(f"tls_advertise_hosts = *\ntls_certificate = {files[0]}\ntls_privatekey = {files[1]}\n{octets}")
    bystanders.start(["tcpserver", "-H", "-R", "-l", "exim.test", NAME, str(port), *over_usr(
        ["exim4-daemon-light"], "/usr/sbin/exim4", "-C", f"{exim.folder}/conf", "-odf", "-bs")])
    wait_until(lambda: listens(port), 20, "tcpserver")
    return port, exim.log


def start_postfix(bystanders, far, files):
    port = free_port()
    more = ("mynetworks = 127.0.0.0/8\nsmtpd_tls_security_level = may\nsmtpd_tls_received_header = yes\n"
            f"smtpd_tls_cert_file = {files[0]}\nsmtpd_tls_key_file = {files[1]}\n")
    services = f"127.0.0.1:{port} inet n - n - - smtpd\nanvil unix - - n - 1 anvil\ntlsmgr unix - - n 1000? 1 tlsmgr\n"
    postfix = Postfix(bystanders, far.port, more, services)
    wait_until(lambda: answers(port), 60, postfix.log)
    return port, postfix.log


OPENSMTPD = """
pki mx.test cert "{certificate}"
pki mx.test key "{key}"
listen on {name} port {port} tls pki mx.test hostname mx.test
action "away" relay host smtp://{name}:{far} helo opensmtpd.test
match from any for any action "away"
"""

def start_opensmtpd(bystanders, far, files, version=None):
    port = free_port()
    os.chmod(files[1], 0o600)
    configuration = OPENSMTPD.format(name=NAME, port=port, far=far.port, certificate=files[0], key=files[1])
    return port, OpenSmtpd(bystanders, port, configuration, version, serves_tls=True).log


def start_opensmtpd_of_old(*how):
    return start_opensmtpd(*how, version="1.2")


@pytest.mark.parametrize("key", ["ec", "rsa"])
@pytest.mark.parametrize("start, version", [
    (start_exim, "1.3"), (start_postfix, "1.3"), (start_opensmtpd, "1.3"), (start_opensmtpd_of_old, "1.2"),
], ids=["exim", "postfix", "opensmtpd", "opensmtpd-1.2"])
def test_a_real_server_gets_mail_by_verified_tls(owlpost, bystanders, folder, start, version, key):
    authority = certificates.authority("Test CA")
    with open(f"{folder}/ca.pem", "w") as f:
        f.write(authority.pem)
    files = readable(*certificates.make("mx.test", ["mx.test"], issuer=authority, key=key).write(folder, "leaf"))
    owlpost.control("tlsdaemon", "1")
    owlpost.control("tlsauthorities", f"{folder}/ca.pem")
    owlpost.control("dnssectest", "off")
    owlpost.control("tlspolicy", f"{NAME}:verify names=mx.test")
    with Sink() as far:
        port, log = start(bystanders, far, files)
        owlpost.control("smtproutes", f"far.test:{NAME}:{port}")
        owlpost.start()
        wait_until(lambda: os.path.exists(f"{owlpost.run}/tls/socket"), 20, owlpost.log)
        owlpost.inject(b"Subject: owls\n\nhello\n", "user@far.test", sender="ann@local.test")
        wait_until(lambda: far.received, 60, lambda: owlpost.log() + log())
        assert re.search(rb"(?i)TLS_?v?" + version.encode(), far.received[0].octets), far.received[0].octets
        wait_until(lambda: "verified_by_names_as_mx.test" in owlpost.log(), 20, owlpost.log)
