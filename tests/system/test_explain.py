"""What owlq explain says of an address is what then happens to mail for it."""
import json
import os
import re

import pytest

from instance import ROOT
from peers import Sink, Unbound, free_port
from test_mx import RECORDS
from waiting import wait_until

ELSEWHERE = "elsewhere.test:127.0.0.1:9"  # no name server is asked


def explain(owlpost, address, *options, user=None):
    """{section: [facts]}"""
    done = owlpost.call("owlq", "explain", "--json", *options, address, user=user)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def result(facts, section):
    """(outcome, code and status) of what that section ends with."""
    last = facts[section][-1]
    assert last["fact"] == "result", facts[section]
    return last["outcome"], f'{last.get("code", "")} {last["status"]}'.strip()


def kinds(facts, section, kind, detail):
    return [f[detail] for f in facts[section] if f["fact"] == kind and detail in f]


def rcpt(owlpost, address):
    """The receiver's own answer."""
    with owlpost.client() as session:
        session.ehlo()
        session.mail("sender@sender.test")
        code, text = session.rcpt(address)
        return f"{code} {text.decode().split()[0]}"


def inject(owlpost, facts, address):
    """Past the receiver; the delivery's outcome and text from the log."""
    (routed,) = kinds(facts, "route", "route", "address")
    before = owlpost.log_size()
    assert owlpost.inject("Subject: x\n\nbody\n", address, sender="ann@local.test").returncode == 0
    started = wait_until(lambda: re.search(rf"starting delivery (\d+): msg \d+ to \w+ {re.escape(routed)}\n",
                                           owlpost.log()[before:]), 30, owlpost.log)
    ended = wait_until(lambda: re.search(rf"\ndelivery {started.group(1)}: (\w+): (.*)/", owlpost.log()), 30, owlpost.log)
    return ended.groups()


@pytest.fixture
def post(owlpost):
    owlpost.control("virtualdomains", "virtual.test:joe-v\nnot@virtual.test:")
    owlpost.control("percenthack", "local.test")
    owlpost.control("rcpthosts", "owlpost.test\nlocal.test\nvirtual.test\nrouted.test")
    owlpost.control("badmailfrom", "@bad.test")
    owlpost.control("smtproutes", ELSEWHERE)
    owlpost.dot_qmail("joe", "-list", "./Maildir/\n")
    owlpost.dot_qmail("joe", "-v-default", "./Maildir/\n")
    owlpost.dot_qmail("joe", "-nowhere", "./nowhere/\n")
    owlpost.dot_qmail("joe", "-broken", "\n./Maildir/\n")
    owlpost.dot_qmail("joe", "-open", "./Maildir/\n", mode=0o666)
    owlpost.dot_qmail("joe", "-forward", "&ann@local.test\n")
    owlpost.dot_qmail("alias", "-info", "./Maildir/\n")
    owlpost.up()
    return owlpost


LOCAL = {  # address: RCPT, delivery, files looked for, the last of them is there
    "joe@local.test": ("250 2.1.5", "success", [".qmail"]),
    "JOE@LOCAL.test": ("250 2.1.5", "success", [".qmail"]),
    "joe-list@local.test": ("250 2.1.5", "success", [".qmail-list"]),
    "joe-none@local.test": ("550 5.1.1", "failure", [".qmail-none", ".qmail-default"]),
    "info@local.test": ("250 2.1.5", "success", [".qmail-info"]),
    "nobody-there@local.test": ("550 5.1.1", "failure",
                                [".qmail-nobody-there", ".qmail-nobody-default", ".qmail-default"]),
    "any-one@virtual.test": ("250 2.1.5", "success", [".qmail-v-any-one", ".qmail-v-any-default", ".qmail-v-default"]),
    "joe%local.test@local.test": ("250 2.1.5", "success", [".qmail"]),
    "joe-nowhere@local.test": ("250 2.1.5", "deferral", [".qmail-nowhere"]),
    "joe-broken@local.test": ("250 2.1.5", "deferral", [".qmail-broken"]),
    "joe-open@local.test": ("451 4.7.0", "deferral", [".qmail-open"]),
    "joe-forward@local.test": ("250 2.1.5", "success", [".qmail-forward"]),
}


def test_local_addresses(post):
    for address, (reply, outcome, files) in LOCAL.items():
        facts = explain(post, address)
        said = result(facts, "delivery")
        assert (result(facts, "smtp")[1], said[0]) == (reply, outcome), (address, facts)
        assert rcpt(post, address) == reply
        done, text = inject(post, facts, address)
        assert done == outcome, (address, text)
        if outcome != "success":
            assert facts["delivery"][-1]["text"].split(": ", 1)[1].replace(" ", "_") in text
        assert kinds(facts, "delivery", "file", "name") == files, facts["delivery"]


def test_the_text_has_the_rules(post):
    shown = post.owlq("explain", "x@virtual.test")
    print(shown)
    assert '  virtualdomains: it has "virtual.test:joe-v": ' in shown
    assert "  route: local, to joe-v-x@virtual.test\n" in shown
    assert re.search(r"  account: user joe, uid \d+, home \S+/home/joe, extension v-x\n", shown)
    assert "  file: .qmail-v-x: there is no such file\n" in shown
    assert "  instruction: maildir ./Maildir/\n" in shown
    assert "  concurrencylocal: 10: " in shown


def test_relaying_is_denied_but_to_who_may(post):
    facts = explain(post, "someone@elsewhere.test")
    assert result(facts, "smtp") == ("failure", "553 5.7.1")
    assert rcpt(post, "someone@elsewhere.test") == "553 5.7.1"
    assert kinds(facts, "smtp", "rcpthosts", "found") == ["no"]
    assert result(explain(post, "someone@elsewhere.test", "--relay"), "smtp") == ("success", "250 2.1.5")
    assert result(explain(post, "joe@local.test", "--sender", "a@bad.test"), "smtp") == ("failure", "553 5.7.1")
    assert result(explain(post, "joe@local.test", "--sender", "a@good.test"), "smtp") == ("success", "250 2.1.5")
    with post.client() as session:
        session.ehlo()
        assert session.mail("a@bad.test")[0] == 553


def test_a_route_of_smtproutes(post):
    port = free_port()
    post.control("smtproutes", f"routed.test:127.0.0.1:{port}\n{ELSEWHERE}")
    post.stop()
    post.up()
    facts = explain(post, "someone@routed.test")
    assert kinds(facts, "route", "smtproutes", "key") == ["routed.test"]
    assert kinds(facts, "delivery", "try", "address") == ["127.0.0.1"]
    assert kinds(facts, "delivery", "try", "port") == [str(port)]
    with Sink(port) as sink:
        assert inject(post, facts, "someone@routed.test")[0] == "success"
        assert sink.received


def test_the_running_runner_is_asked(post):
    post.control("ratelimit", "elsewhere.test:5/60\n127.0.0.1:7/60")
    post.control("concurrencydomain", ":3")
    facts = explain(post, "x@elsewhere.test")
    assert kinds(facts, "limits", "ratelimit", "value") == ["7/60"]  # for the relay
    assert kinds(facts, "limits", "concurrencydomain", "value") == ["3"]
    assert kinds(facts, "now", "destination", "value") == ["127.0.0.1:9"]
    assert kinds(facts, "now", "window", "most") == ["20"], "what it has read"
    assert kinds(explain(post, "joe-x@local.test"), "now", "destination", "value") == ["local/joe"]
    post.stop()
    assert [f["fact"] for f in explain(post, "x@elsewhere.test")["now"]] == ["unseen"]
    post.up()
    facts = explain(post, "x@elsewhere.test")
    assert kinds(facts, "now", "window", "most") == ["3"]
    assert kinds(facts, "now", "rate", "jobs") == ["7"]
    inject(post, facts, "x@elsewhere.test")
    assert "refused" in kinds(explain(post, "x@elsewhere.test"), "now", "lasterror", "value")[0].lower()


def test_a_user_sees_his_own(post):
    facts = explain(post, "joe-list@local.test", user="joe")
    assert result(facts, "delivery")[0] == "success"
    if ROOT:
        facts = explain(post, "ann@local.test", user="joe")
        assert kinds(facts, "delivery", "account", "found") == ["yes"]
        assert result(facts, "delivery")[0] == "unknown"
        assert result(facts, "smtp")[0] == "unknown"
        assert result(explain(post, "x@elsewhere.test", user="joe"), "smtp") == ("failure", "553 5.7.1")


def test_what_users_write_reaches_no_terminal(post):
    post.dot_qmail("joe", "-evil", "./a\x1b[2Jb\u202e/\n")
    for options in ([], ["--json"]):
        shown = post.call("owlq", "explain", *options, "joe-evil@local.test").stdout
        assert b"[2Jb" in shown and b"\x1b" not in shown and "\u202e".encode() not in shown


@pytest.mark.needs_root("users of their own for the programs")
def test_programs_that_read_the_network_are_not_root(post):
    """They cannot read what root alone can."""
    for name, section in (("badmailfrom", "smtp"), ("helohost", "delivery")):
        post.control(name, "secret.test")
        os.chmod(f"{post.controls}/{name}", 0o600)
        assert "ermission denied" in str(explain(post, "x@elsewhere.test")[section])
        post.control(name, None)
        assert "ermission denied" not in str(explain(post, "x@elsewhere.test")[section])


def test_wrong_arguments_and_strange_addresses(post):
    for arguments in ([], ["a@b", "c@d"], ["--what", "a@b"], ["--sender"]):
        assert post.call("owlq", "explain", *arguments).returncode == 100
    facts = explain(post, "joe smith@local.test")
    assert result(facts, "smtp") == ("failure", "501 5.1.3")
    assert facts["address"][0]["fact"] == "syntax"
    facts = explain(post, "user%@local.test")
    assert (result(facts, "smtp"), result(facts, "delivery")) == (("failure", "550 5.1.2"), ("failure", "5.1.2"))
    assert rcpt(post, "user%@local.test") == "550 5.1.2"
    facts = explain(post, "a\x07\xff\tb@local.test".encode("latin-1"))
    assert result(facts, "delivery")[0] == "failure"


MX = RECORDS + (
    "loop.test. MX 10 owlpost.test.", "loop.test. MX 20 alive.two.test.",
    "three.test. MX 30 alive.two.test.", "three.test. MX 10 gone.test.", "three.test. MX 20 dead.two.test.",
)
REMOTE = {  # domain: outcome of the explanation, of the delivery, addresses in order
    "two.test": ("success", "success", ["127.0.0.9", "127.0.0.2"]),
    "plain.test": ("success", "success", ["127.0.0.2"]),
    "three.test": ("success", "success", ["127.0.0.9", "127.0.0.2"]),
    "null.test": ("failure", "failure", []),
    "not-there.test": ("failure", "failure", []),
    "loop.test": ("failure", "failure", []),
    "[127.0.0.2]": ("success", "success", ["127.0.0.2"]),
}


@pytest.mark.needs_root("port 53, and addresses with port 25 free")
def test_remote_addresses(owlpost, bystanders, folder):
    Unbound(bystanders, folder, MX)
    with Sink(25, address="127.0.0.2"):
        owlpost.up(relay=True)
        for domain, (foretold, outcome, addresses) in REMOTE.items():
            facts = explain(owlpost, f"someone@{domain}")
            assert result(facts, "delivery")[0] == foretold, facts
            assert kinds(facts, "delivery", "try", "address") == addresses
            done, text = inject(owlpost, facts, f"someone@{domain}")
            assert done == outcome, text
            if outcome != "success":
                assert facts["delivery"][-1]["text"].split(": ", 1)[1].replace(" ", "_") in text
    assert kinds(explain(owlpost, "x@three.test"), "delivery", "mx", "preference") == ["10", "20", "30"]
