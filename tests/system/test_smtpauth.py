"""Logging in at relays: owl-remote with Postfix and Dovecot's SASL, and with owl-smtpd."""
import os
import shutil
import subprocess

import pytest

import certificates
from dovecot import PACKAGES, Master
from mailers import Postfix
from overlay import over_usr
from peers import free_port
from test_listen import Listener
from test_submission import SECRET, Submission, usually
from waiting import wait_until

pytestmark = pytest.mark.needs_root("an address that is not loopback's, and servers of Debian's")
HOST = "192.0.2.25"
BODY = b"Subject: owls\n\nhello\n"
DOVECOT = """
auth_mechanisms = {mechanisms}
passdb {{
  driver = passwd-file
  args = scheme=plain {folder}/passwords
}}
userdb {{
  driver = static
  args = uid=1 gid=1 home=/
}}
service auth {{
  unix_listener {folder}/client {{
    mode = 0666
  }}
}}
"""
POSTFIX = """
smtpd_tls_security_level = may
smtpd_tls_chain_files = {key}, {certificate}
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/client
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
default_transport = discard:
mynetworks =
"""
SERVICES = """
{host}:{port} inet n - n - - smtpd
discard unix - - n - - discard
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
"""


class Accounts(Master):
    """Dovecot for its auth process alone, where joe has a password."""

    def __init__(self, bystanders, mechanisms):
        super().__init__(bystanders, "none")
        with open(f"{self.folder}/passwords", "w", encoding="ascii") as f:
            f.write(f"joe:{{PLAIN}}{SECRET}\n")
        os.chmod(f"{self.folder}/passwords", 0o644)
        self.configure(DOVECOT, mechanisms=mechanisms)
        with open(f"{self.folder}/conf", encoding="ascii") as f:
            text = f.read()
        static = text.index("passdb {\n  driver = static")
        with open(f"{self.folder}/conf", "w", encoding="ascii") as f:
            f.write((text[:static] + text[text.index("}", static) + 1:]).replace("protocols = none", "protocols ="))
        self.master = bystanders.start(over_usr(PACKAGES, "dovecot", "-F", "-c", f"{self.folder}/conf"))
        wait_until(lambda: os.path.exists(f"{self.folder}/client") or self.master.poll() is not None, 20, self.log)


@pytest.fixture
def address():
    subprocess.run(["ip", "addr", "add", f"{HOST}/32", "dev", "lo"], check=True)
    yield HOST
    subprocess.run(["ip", "addr", "del", f"{HOST}/32", "dev", "lo"], check=True)


@pytest.fixture
def authority():
    return certificates.authority("Test CA")


def logs_in(owlpost, folder, authority, port, password=SECRET):
    """An instance that is to log in at that port of HOST."""
    with open(f"{folder}/ca.pem", "w", encoding="ascii") as f:
        f.write(authority.pem)
    owlpost.control("tlsdaemon", "1")
    owlpost.control("tlsauthorities", f"{folder}/ca.pem")
    owlpost.control("smtproutes", f":[{HOST}]:{port}")
    owlpost.control("tlspolicy", ":verify names=relay.test")
    owlpost.control("smtpauth", f":[{HOST}]:{port}|joe|{password}")
    shutil.chown(f"{owlpost.controls}/smtpauth", group="owlremote")
    os.chmod(f"{owlpost.controls}/smtpauth", 0o640)


def outcome(owlpost, address="user@far.test"):
    """The text of the first result in the log."""
    at = owlpost.log_size()
    owlpost.inject(BODY, address, sender="ann@owlpost.test")
    return wait_until(lambda: next((line for line in owlpost.log()[at:].splitlines()
                                    if "delivery " in line and any(w in line for w in (": success", ": deferral", ": failure"))), None),
                      40, owlpost.log).replace("_", " ")


def postfix(bystanders, folder, authority, mechanisms):
    port = free_port()
    certificate, key = certificates.make("relay.test", ("relay.test",), issuer=authority).write(folder, "relay")
    accounts = Accounts(bystanders, mechanisms)
    server = Postfix(bystanders, free_port(), POSTFIX.format(key=key, certificate=certificate, folder=accounts.folder),
                     SERVICES.format(host=HOST, port=port))
    return server, port


@pytest.mark.parametrize("mechanism", ["scram-sha-256", "cram-md5", "plain", "login"])
def test_postfix_with_dovecot_lets_us_in(owlpost, folder, authority, bystanders, address, mechanism, full):
    usually(mechanism == "scram-sha-256", full)
    server, port = postfix(bystanders, folder, authority, mechanism)
    logs_in(owlpost, folder, authority, port)
    owlpost.start()
    assert ": success:" in outcome(owlpost), server.log() + owlpost.log()
    assert f"sasl_method={mechanism.upper()}, sasl_username=joe" in server.log()
    assert SECRET not in owlpost.log()


def test_a_wrong_password_defers(owlpost, folder, authority, bystanders, address):
    _, port = postfix(bystanders, folder, authority, "scram-sha-256")
    logs_in(owlpost, folder, authority, port, password="other")
    owlpost.start()
    said = outcome(owlpost)
    assert ": deferral:" in said and "535" in said


@pytest.mark.parametrize("told", [False, True])
def test_a_certificate_that_was_not_checked_gets_no_password(owlpost, folder, authority, bystanders, address, told):
    server, port = postfix(bystanders, folder, authority, "plain")
    logs_in(owlpost, folder, authority, port)
    owlpost.control("tlspolicy", ":encrypt")
    if told:
        owlpost.control("smtpauthunverified", "1")
    owlpost.start()
    said = outcome(owlpost)
    assert (": success:" if told else "certificate has not been checked, so it is told no password") in said
    assert ("sasl_username=joe" in server.log()) == told


def test_owl_smtpd_is_bound_to_the_channel(owlpost, folder, address):
    submission = Submission(owlpost)
    own = certificates.make("relay.test", ("relay.test",), issuer=submission.secured.authority)
    pem, secret = own.write(owlpost.controls, "relay")
    os.chmod(secret, 0o600)
    owlpost.give("owltls", secret)
    owlpost.control("tlscertificates", f"{pem} {secret}")
    port = free_port()
    logs_in(owlpost, folder, submission.secured.authority, port)
    owlpost.control("smtproutes", f"far.test:[{HOST}]:{port}")
    submission.start()
    Listener(owlpost, f"{HOST}:{port}/submission")
    outcome(owlpost)
    assert "logged in by SCRAM-SHA-256-PLUS, user joe" in owlpost.log("listener")
