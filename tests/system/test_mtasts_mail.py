"""What becomes of mail under an MTA-STS policy (RFC 8461 4, 5), and what is noted of it (RFC 8460)."""
import json
import time

import pytest

import certificates
from stsworld import Authority, Names, Site, Web, policy, serve
from test_remotetls import leaf, outcome, send
from tlssink import TlsSink
from waiting import wait_until

pytestmark = pytest.mark.needs_root("owl-tlsd as its own user, and ports 25, 53 and 443")
USER = "user@a.test"
ONE, TWO = "127.0.0.2", "127.0.0.3"


class Mail:
    """a.test has two mail hosts, mx1 and mx2, of which the first is preferred."""

    def __init__(self, owlpost, folder):
        self.owlpost, self.folder = owlpost, folder
        self.names, self.authority, self.sites = Names(), Authority(folder), {}
        self.web = Web(self.sites)
        records = self.names.records
        records["a.test", "MX"] = ["10 mx1.a.test."]
        records["mx1.a.test", "A"], records["mx2.a.test", "A"] = [ONE], [TWO]
        records["mta-sts.a.test", "A"] = ["127.0.0.1"]
        records["signed.test", "A"] = [ONE]
        self.names.failing.add("broken.test")
        self.names.vouches = lambda name: name == "signed.test"
        for name, value in {"tlsdaemon": "1", "tlsauthorities": self.authority.file, "stsauthorities": self.authority.file,
                            "dnssectest": "signed.test broken.test", "tlsreports": "1", "timeoutsts": "20"}.items():
            owlpost.control(name, value)
        owlpost.start()
        wait_until(lambda: "owl-tlsd: " in owlpost.log() or owlpost.named("owl-tlsd"), 20, owlpost.log)

    def close(self):
        self.web.close()
        self.names.close()

    def serve(self, mode, *mx, answer=None):
        self.sites["mta-sts.a.test"] = Site(self.authority.context("mta-sts.a.test"), answer or serve(policy(mode, mx)))
        self.names.records["_mta-sts.a.test", "TXT"] = ['"v=STSv1; id=1"']

    def certificate(self, kind, host="mx1.a.test"):
        """(file, key) of what a mail host shows; None: it has no TLS."""
        return {
            "right": lambda: leaf(self.folder, self.authority.root, host, [host]),
            "wrong_name": lambda: leaf(self.folder, self.authority.root, "other", ["other.test"]),
            "stranger": lambda: leaf(self.folder, self.authority.stranger, "strange", [host]),
            "expired": lambda: leaf(self.folder, self.authority.root, "old", [host], start=-9 * certificates.DAY, end=-certificates.DAY),
            "no_tls": lambda: None,
        }[kind]()

    def policies(self):
        day = time.strftime("%Y%m%d", time.gmtime())
        done = self.owlpost.call("owl-tlsrpt", "--print", "--day", day, user="owlremote")
        return json.loads(done.stdout or b'{"policies": []}')["policies"]

    def noted(self):
        """Of all policies together: {type: (successes, {result: number})}."""
        found = {}
        for entry in self.policies():
            failed = {f["result-type"]: f["failed-session-count"] for f in entry.get("failure-details", [])}
            found[entry["policy"]["policy-type"]] = (entry["summary"]["total-successful-session-count"], failed)
        return found


@pytest.fixture
def mail(owlpost, folder):
    m = Mail(owlpost, folder)
    yield m
    m.close()


@pytest.mark.parametrize("patterns", [["mx1.a.test"], ["*.a.test"], ["other.test", "mx1.a.test"]], ids=["name", "wildcard", "several"])
def test_a_host_that_keeps_the_policy_gets_the_mail(mail, patterns):
    mail.serve("enforce", *patterns)
    with TlsSink(ONE, mail.certificate("right")) as sink:
        assert send(mail.owlpost, sink, USER)["version"] == "TLSv1.3"
        assert sink.sessions[0]["sni"] == "mx1.a.test"
    assert mail.noted() == {"sts": (1, {})}


BREAKS = {"wrong_name": "certificate-host-mismatch", "stranger": "certificate-not-trusted", "expired": "certificate-expired",
          "no_tls": "starttls-not-supported"}


@pytest.mark.parametrize("kind", BREAKS)
def test_enforce_keeps_the_mail_from_a_host_that_breaks_the_policy(mail, kind):
    mail.serve("enforce", "mx1.a.test")
    with TlsSink(ONE, mail.certificate(kind)) as sink:
        line = outcome(mail.owlpost, USER)
        assert "deferral" in line and not sink.messages(), line
    assert mail.noted() == {"sts": (0, {BREAKS[kind]: 1})}
    (row,) = mail.policies()[0]["failure-details"]
    assert (row["receiving-mx-hostname"], row["receiving-mx-helo"], row["receiving-ip"]) == ("mx1.a.test", "mx.test", ONE)


def test_enforce_connects_to_no_host_that_the_policy_does_not_name(mail):
    mail.serve("enforce", "*.b.test", "a.test")
    with TlsSink(ONE, mail.certificate("right")) as sink:
        line = outcome(mail.owlpost, USER)
        assert "deferral" in line and not sink.messages(), line
    assert mail.noted() == {"sts": (0, {"validation-failure": 1})}


def test_enforce_goes_on_to_the_host_that_the_policy_names(mail):
    mail.names.records["a.test", "MX"].append("20 mx2.a.test.")
    mail.serve("enforce", "mx2.a.test")
    with TlsSink(ONE, mail.certificate("right")) as one, TlsSink(TWO, mail.certificate("right", "mx2.a.test")) as two:
        assert send(mail.owlpost, two, USER)["version"] == "TLSv1.3" and not one.messages()


def test_tls_check_looks_up_what_a_message_that_requires_tls_needs(mail):
    """With verify the policy is asked for only then: it vouches for the host's name."""
    mail.serve("enforce", "mx1.a.test")
    mail.owlpost.control("tlspolicy", "a.test:verify")
    facts = json.loads(mail.owlpost.owlq("tls-check", "--json", "a.test"))["tls"]
    assert {f["fact"]: f for f in facts}["requiretls"]["action"] == "must", facts


def test_hosts_of_one_message_share_one_look_up(mail):
    mail.names.records["a.test", "MX"].append("20 mx2.a.test.")
    mail.serve("enforce", "mx1.a.test", "mx2.a.test")
    with TlsSink(ONE, mail.certificate("wrong_name")), TlsSink(TWO, mail.certificate("right", "mx2.a.test")) as two:
        assert send(mail.owlpost, two, USER)["version"] == "TLSv1.3"
    assert mail.names.asked.count("_mta-sts.a.test") == 1


@pytest.mark.parametrize("kind", BREAKS)
def test_testing_sends_and_notes(mail, kind):
    mail.serve("testing", "mx1.a.test")
    with TlsSink(ONE, mail.certificate(kind)) as sink:
        assert send(mail.owlpost, sink, USER)["version"] == (None if kind == "no_tls" else "TLSv1.3")
    assert mail.noted() == {"sts": (0, {BREAKS[kind]: 1})}


def test_testing_sends_to_a_host_that_the_policy_does_not_name(mail):
    mail.serve("testing", "other.test")
    with TlsSink(ONE, mail.certificate("right")) as sink:
        assert send(mail.owlpost, sink, USER)["version"] == "TLSv1.3"
    assert mail.noted() == {"sts": (0, {"validation-failure": 1})}


@pytest.mark.parametrize("how", ["none", "404", "no_record"])
def test_without_a_policy_mail_goes_as_ever(mail, how):
    mail.serve("none", "other.test", answer=serve("", "404 Not Found") if how == "404" else None)
    if how == "no_record":
        del mail.names.records["_mta-sts.a.test", "TXT"]
    with TlsSink(ONE, mail.certificate("stranger")) as sink:
        assert send(mail.owlpost, sink, USER)["version"] == "TLSv1.3"
    assert mail.noted() == ({"sts": (0, {"sts-policy-fetch-error": 1})} if how == "404" else {"no-policy-found": (1, {})})


@pytest.mark.parametrize("right", [True, False])
def test_dane_wins(mail, right):
    """RFC 8461 2: with TLSA records that DNSSEC vouches for, a policy can neither forbid nor allow."""
    host = certificates.make("mx1.a.test", ["mx1.a.test"], issuer=mail.authority.stranger if right else mail.authority.root)
    other = certificates.make("mx1.a.test", ["mx1.a.test"])
    mail.names.vouches = lambda name: True
    mail.names.records["_25._tcp.mx1.a.test", "TLSA"] = [(host if right else other).tlsa(3, 1, 1)]
    mail.serve("enforce", "other.test" if right else "mx1.a.test")
    with TlsSink(ONE, host.write(mail.folder, "dane")) as sink:
        if right:
            assert send(mail.owlpost, sink, USER)["version"] == "TLSv1.3"
        else:
            line = outcome(mail.owlpost, USER)
            assert "deferral" in line and not sink.messages(), line
    assert list(mail.noted()) == ["tlsa"]


def test_nothing_is_noted_unless_that_is_wished(mail):
    mail.owlpost.control("tlsreports", "0")
    mail.serve("enforce", "mx1.a.test")
    with TlsSink(ONE, mail.certificate("right")) as sink:
        send(mail.owlpost, sink, USER)
    assert mail.noted() == {}
