"""Certificates of clients: what owl-tlsd says of them, and who may relay by them."""
import re
import smtplib
import ssl

import pytest

import certificates
from certificates import DAY, ExtendedKeyUsageOID
from tlsserver import Meeting, unverified
from waiting import wait_until

CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
SERVER = certificates.make("mx.a.test", ["mx.a.test"])
AUTHORITY = certificates.authority("authority of clients")
MIDDLE = certificates.authority("middle", AUTHORITY)
MADE = {
    "known": certificates.make("known.test", issuer=AUTHORITY, usage=CLIENT),
    "rsa": certificates.make("known.test", issuer=AUTHORITY, usage=CLIENT, key="rsa"),
    "below": certificates.make("known.test", issuer=MIDDLE, usage=CLIENT),
    "named": certificates.make(None, ["named.test", "also.test"], issuer=AUTHORITY, usage=CLIENT),
    "other": certificates.make("other.test", issuer=AUTHORITY, usage=CLIENT),
    "expired": certificates.make("known.test", issuer=AUTHORITY, usage=CLIENT, start=-3 * DAY, end=-DAY),
    "alone": certificates.make("known.test", usage=CLIENT),
    "strange": certificates.make("known.test", issuer=certificates.authority("stranger"), usage=CLIENT),
    "for servers": certificates.make("known.test", ["known.test"], issuer=AUTHORITY),
    # who gets to choose a name must not get what a fingerprint gets
    "hexadecimal": certificates.make("ab" * 32, issuer=AUTHORITY, usage=CLIENT),
}
VOUCHED_FOR = {"known": "known.test", "rsa": "known.test", "below": "known.test", "named": "named.test",
               "other": "other.test", "hexadecimal": "ab" * 32}
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def context_of(folder, name, version=None):
    context = unverified(version)
    if name:
        context.load_cert_chain(*MADE[name].write(folder, "client"))
    return context


@pytest.fixture
def vouching(owlpost):
    owlpost.tls(SERVER)
    with open(f"{owlpost.controls}/authorities.pem", "w") as f:
        f.write(AUTHORITY.pem)
    owlpost.control("tlsclientauthorities", f"{owlpost.controls}/authorities.pem")
    return owlpost


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_said_of_certificates(vouching, folder, version):
    vouching.start()
    for name in [None, *MADE]:
        with Meeting(vouching, context_of(folder, name, version), peer_asked=1) as meeting:
            meeting.echo()
            facts = meeting.facts
            assert facts.get("verified", "") == ("authority" if name in VOUCHED_FOR else ""), (name, facts)
            assert facts.get("fingerprint") == (MADE[name].fingerprint() if name else None)
            assert facts.get("key_fingerprint") == (MADE[name].fingerprint(1) if name else None)
            if name in VOUCHED_FOR:
                assert facts["peer"] == VOUCHED_FOR[name]


def test_nobody_asks_unless_told(vouching, folder):
    vouching.start()
    with Meeting(vouching, context_of(folder, "known")) as meeting:
        meeting.echo()
        assert "fingerprint" not in meeting.facts


@pytest.mark.parametrize("version", VERSIONS)
def test_a_resumed_session_is_the_same_client(vouching, folder, version):
    vouching.start()
    context = context_of(folder, "known", version)
    with Meeting(vouching, context, peer_asked=1) as first:
        first.echo()
        session = first.client.session
    for asked, resumed in ((1, "1"), (0, "0")):
        with Meeting(vouching, context, session=session, peer_asked=asked) as meeting:
            meeting.echo()
            assert meeting.facts.get("resumed", "0") == resumed
            assert meeting.facts.get("verified", "") == ("authority" if asked else "")
            assert meeting.facts.get("fingerprint") == (MADE["known"].fingerprint() if asked else None)


def may_relay(port, context):
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.test", timeout=30) as session:
        session.starttls(context=context)
        session.ehlo()
        session.mail("a@sender.test")
        return session.rcpt("a@elsewhere.test")[0] == 250


@pytest.mark.parametrize("line, who", [
    ("known.test", {"known", "rsa", "below"}),
    ("named.test", {"named"}),
    (MADE["expired"].fingerprint(), {"expired"}),
    (MADE["strange"].fingerprint(1), {"strange"}),
    (":".join(re.findall("..", MADE["known"].fingerprint().upper())), {"known"}),
    ("ab" * 32, set()),
    ("nobody.test", set()),
])
def test_who_may_relay(vouching, folder, line, who):
    vouching.control("tlsclients", line)
    vouching.start()
    wait_until(lambda: vouching.named("owl-tlsd"), 20, vouching.log)
    port = vouching.listen()
    assert {name for name in [None, *MADE] if may_relay(port, context_of(folder, name))} == who
