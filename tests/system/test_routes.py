"""Where mail goes by smtproutes and senderroutes, and by domains in either of their forms."""
import base64
import os
import shutil

import pytest

from peers import Sink, Unbound
from test_defer import MESSAGE
from waiting import wait_until


def wait_for(owlpost, sink, recipient):
    wait_until(lambda: any(recipient in r.recipients for r in sink.received), 20, owlpost.log)


def test_a_sender_has_a_route_of_its_own(owlpost):
    with Sink() as usual, Sink() as customers:
        owlpost.control("smtproutes", f"named.test:127.0.0.1;{usual.port}\n:127.0.0.1:{usual.port}")
        owlpost.control("senderroutes", f"customer.test:127.0.0.1:{customers.port}")
        owlpost.up(relay=True)
        owlpost.submit(MESSAGE, "one@elsewhere.test", sender="any@customer.test")
        wait_for(owlpost, customers, "one@elsewhere.test")
        owlpost.submit(MESSAGE, "two@elsewhere.test", sender="any@other.test")
        wait_for(owlpost, usual, "two@elsewhere.test")
        owlpost.submit(MESSAGE, "three@named.test", sender="any@customer.test")
        wait_for(owlpost, usual, "three@named.test")
        explained = owlpost.owlq("explain", "--sender", "any@customer.test", "x@elsewhere.test")
        assert "senderroutes" in explained
        assert f"remote, to 127.0.0.1, port {customers.port}" in explained
        assert f"the runner calls it 127.0.0.1:{customers.port}" in explained


def test_a_route_with_a_password_is_refused(owlpost):
    owlpost.control("smtproutes", ":127.0.0.1:9|joe|secret")
    assert b"there is a user or a password" in owlpost.call("owlq", "explain", "x@elsewhere.test").stdout


@pytest.mark.needs_root("port 53, and addresses with port 25 free")
def test_a_domain_of_another_script_is_asked_for_by_its_ascii_form(owlpost, bystanders, folder):
    Unbound(bystanders, folder, ("xn--bcher-kva.test. MX 10 host.test.", "host.test. A 127.0.0.2"))
    with Sink(25, address="127.0.0.2") as sink:
        owlpost.up(relay=True)
        done = owlpost.inject("Subject: x\n\nbody\n", "someone@xn--bcher-kva.test", sender="ann@local.test")
        assert done.returncode == 0
        wait_for(owlpost, sink, "someone@xn--bcher-kva.test")
        assert "host.test" in owlpost.owlq("explain", "someone@b\u00fccher.test")


def test_name_and_address_by_sender_and_by_destination(owlpost):
    seen = []
    with Sink(reply=lambda verb, argument: seen.append(argument) if verb == "EHLO" else None, peers=seen) as sink:
        owlpost.control("smtproutes", f":127.0.0.1:{sink.port}")
        owlpost.control("helohosts", "@customer.test:mail.customer.test\n127.0.0.1:by-relay.test")
        owlpost.control("outgoingip", "127.0.0.4")
        owlpost.control("outgoingips", "@customer.test:127.0.0.5")
        owlpost.up(relay=True)
        for sender in ("any@other.test", "any@customer.test", "more@customer.test"):
            owlpost.submit(MESSAGE, f"to-{sender}", sender=sender)
            wait_for(owlpost, sink, f"to-{sender}")
    assert seen == ["127.0.0.4", "by-relay.test", "127.0.0.5", "mail.customer.test"]


def test_an_address_that_is_not_this_host_s_defers(owlpost):
    with Sink() as sink:
        owlpost.control("smtproutes", f":127.0.0.1:{sink.port}")
        owlpost.control("outgoingip", "192.0.2.1")
        owlpost.up(relay=True)
        owlpost.submit(MESSAGE, "someone@elsewhere.test")
        wait_until(lambda: "Cannot_assign_requested_address" in owlpost.log(), 20, owlpost.log)
        assert not sink.received


def password_for(owlpost, port, mode=0o640):
    owlpost.control("smtpauth", f":127.0.0.1:{port}|joe|open sesame")
    path = f"{owlpost.controls}/smtpauth"
    if os.geteuid() == 0:
        shutil.chown(path, group="owlremote")
    os.chmod(path, mode)


class Login:
    """A relay's replies that want a user and a password."""

    def __init__(self):
        self.said, self.inside = [], False

    def __call__(self, verb, argument):
        if verb == "EHLO":
            return "250-sink.test\r\n250 AUTH LOGIN PLAIN"
        if verb == "AUTH":
            self.said.append(argument)
            self.inside = argument.split()[-1] == base64.b64encode(b"\0joe\0open sesame").decode()
            return "235 2.7.0 ok" if self.inside else "535 5.7.8 no"
        return "530 5.7.0 log in first" if verb == "MAIL" and not self.inside else None


def test_a_relay_is_logged_in_at(owlpost):
    login = Login()
    with Sink(reply=login) as sink:
        owlpost.control("smtproutes", f":127.0.0.1:{sink.port}")
        password_for(owlpost, sink.port)
        owlpost.up(relay=True)
        owlpost.submit(MESSAGE, "someone@elsewhere.test")
        wait_for(owlpost, sink, "someone@elsewhere.test")
        assert len(login.said) == 1
        told = owlpost.log() + owlpost.owlq("explain", "someone@elsewhere.test")
        assert "sesame" not in told + owlpost.owlq("config") + owlpost.owlq("config", "--json")


def test_a_password_that_everybody_may_read_is_not_used(owlpost):
    login = Login()
    with Sink(reply=login) as sink:
        owlpost.control("smtproutes", f":127.0.0.1:{sink.port}")
        password_for(owlpost, sink.port, 0o644)
        owlpost.up(relay=True)
        owlpost.submit(MESSAGE, "someone@elsewhere.test")
        wait_until(lambda: "everybody may read it" in owlpost.log(), 20, owlpost.log)
        assert not login.said and owlpost.queued()
