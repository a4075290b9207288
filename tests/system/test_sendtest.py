"""owlq send-test goes through a delivery, shows all of it, and sends nothing."""
import json

import pytest

from peers import Sink, Unbound
from test_routes import Login, password_for


def ask(owlpost, address, *options):
    """(facts of the next hop's part, as (kind, text); its result)"""
    facts = json.loads(owlpost.owlq("send-test", "--json", *options, address))["delivery"]
    return [(f["fact"], f["text"]) for f in facts], facts[-1]


def texts(facts, kind):
    return [text for name, text in facts if name == kind]


def said(log):
    return lambda verb, argument: log.append(f"{verb} {argument}".strip())


def test_a_relay_is_asked_and_nothing_is_sent(owlpost):
    heard = []
    with Sink(reply=said(heard)) as sink:
        owlpost.control("smtproutes", f":127.0.0.1:{sink.port}")
        owlpost.control("helohosts", "@customer.test:mail.customer.test")
        owlpost.control("outgoingip", "127.0.0.6")
        owlpost.up(relay=True)
        facts, result = ask(owlpost, "someone@elsewhere.test", "--sender", "me@customer.test")
        assert result["outcome"] == "success", facts
        assert texts(facts, "helo") == ["the name to give is mail.customer.test"]
        assert texts(facts, "source") == ["connections come from 127.0.0.6"]
        assert texts(facts, "connected") == [f"127.0.0.1 [127.0.0.1] port {sink.port}"]
        assert [c.replace(" SIZE=0", "") for c in texts(facts, "command")] == [
            "EHLO mail.customer.test", "MAIL FROM:<me@customer.test>", "RCPT TO:<someone@elsewhere.test>", "QUIT"]
        assert "220 sink.test ESMTP" in texts(facts, "reply")
        assert not any(line.startswith(("DATA", "BDAT")) for line in heard)
        assert not sink.received and not owlpost.queued()


def test_what_the_next_hop_refuses_is_shown(owlpost):
    with Sink(reply=lambda verb, argument: "550 5.1.1 no such user" if verb == "RCPT" else None) as sink:
        owlpost.control("smtproutes", f":127.0.0.1:{sink.port}")
        owlpost.up(relay=True)
        facts, result = ask(owlpost, "nobody@elsewhere.test")
        assert (result["outcome"], result["status"]) == ("failure", "5.1.1")
        assert "550 5.1.1 no such user" in texts(facts, "reply")
        assert "550 5.1.1 no such user" in owlpost.owlq("send-test", "nobody@elsewhere.test")


def test_a_password_is_not_shown(owlpost):
    login = Login()
    with Sink(reply=login) as sink:
        owlpost.control("smtproutes", f":127.0.0.1:{sink.port}")
        password_for(owlpost, sink.port)
        owlpost.up(relay=True)
        facts, result = ask(owlpost, "someone@elsewhere.test")
        assert result["outcome"] == "success" and login.inside
        assert "AUTH, with what is secret" in texts(facts, "command")
        assert not any(secret in text for _, text in facts for secret in ("sesame", login.said[0].split()[-1]))


def test_nobody_answers(owlpost):
    owlpost.control("smtproutes", ":127.0.0.1:9")
    owlpost.up(relay=True)
    facts, result = ask(owlpost, "someone@elsewhere.test")
    assert (result["outcome"], result["status"]) == ("deferral", "4.4.1")
    assert texts(facts, "unreachable") == ["unable to connect to 127.0.0.1 [127.0.0.1] port 9: Connection refused"]


@pytest.mark.needs_root("port 53, and addresses with port 25 free")
def test_look_ups_and_the_walk_are_shown(owlpost, bystanders, folder):
    Unbound(bystanders, folder, ("two.test. MX 10 dead.two.test.", "two.test. MX 20 alive.two.test.",
                                 "dead.two.test. A 127.0.0.9", "alive.two.test. A 127.0.0.2"))
    with Sink(25, address="127.0.0.2"):
        owlpost.up(relay=True)
        facts, result = ask(owlpost, "someone@two.test")
    assert result["outcome"] == "success"
    kinds = [kind for kind, _ in facts]
    assert texts(facts, "mx") == ["dead.two.test, preference 10", "alive.two.test, preference 20"]
    assert kinds.index("lookup") < kinds.index("addresses") < kinds.index("unreachable") < kinds.index("connected")


def test_local_mail_is_explained(owlpost):
    owlpost.up()
    assert "owl-local" in owlpost.owlq("send-test", "joe@local.test")
