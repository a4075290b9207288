"""The next hop by real name servers: zones of knot, asked and validated by unbound."""
import json

import dns.flags
import dns.message
import dns.query
import pytest

from nameservers import KNOT_PORT, Knot, Validator
from peers import Sink
from test_defer import MESSAGE
from waiting import wait_until

pytestmark = pytest.mark.needs_root("port 53, and addresses with port 25 free")
FAR = "ten-octets.ten-octets.ten-octets.ten-octets.ten-octets"  # what makes an answer large
ZONES = {
    "many.test": "".join(f"@ 60 MX {n} host{n}.{FAR}\nhost{n}.{FAR} 60 A 127.0.0.2\n" for n in range(1, 51)),
    "chain.test": "@ 60 MX 10 one\none 60 CNAME two\ntwo 60 CNAME three\nthree 60 A 127.0.0.2\n"
                  "mail 60 CNAME other.chain2.test.\nlost 60 CNAME nowhere\nloop1 60 CNAME loop2\nloop2 60 CNAME loop1\n",
    "chain2.test": "other 60 MX 10 host\nhost 60 A 127.0.0.2\n",
    "signed.test": "@ 60 MX 10 host\nhost 60 A 127.0.0.2\nempty 60 TXT nothing\n",
    "broken.test": "@ 60 MX 10 host\nhost 60 A 127.0.0.2\n",
    "half.test": "@ 60 MX 10 host.lame.test.\n@ 60 MX 20 host\nhost 60 A 127.0.0.2\n",
}
KNOT = f"127.0.0.1@{KNOT_PORT}"
SILENT = "127.0.0.1@9"


@pytest.fixture
def relay(owlpost, bystanders, folder):
    knot = Knot(bystanders, folder, ZONES, signed=("signed.test", "broken.test"))
    signed, other = knot.trust_anchor("signed.test"), knot.trust_anchor("broken.test")
    wrong = signed.replace("signed.test", "broken.test")  # a key, but not that zone's
    assert wrong != other
    zones = {**{zone: KNOT for zone in ZONES}, "lame.test": KNOT, "dead.test": SILENT}
    Validator(bystanders, folder, zones, [signed, wrong])
    with Sink(25, address="127.0.0.2") as sink:
        owlpost.up(relay=True)
        yield owlpost, sink


def explained(owlpost, address):
    """(facts of the walk, its result)"""
    facts = json.loads(owlpost.owlq("explain", "--json", address))["delivery"]
    return facts, facts[-1]


def tried(facts):
    return [(f["host"], f["address"]) for f in facts if f["fact"] == "try"]


def received(owlpost, sink, address):
    owlpost.submit(MESSAGE, address)
    wait_until(lambda: any(address in r.recipients for r in sink.received), 30, owlpost.log)


def test_fifty_mail_exchangers(relay):
    owlpost, sink = relay
    question = dns.message.make_query("many.test", "MX", use_edns=0, payload=1232)
    assert dns.query.udp(question, "127.0.0.1", 5).flags & dns.flags.TC
    facts, result = explained(owlpost, "someone@many.test")
    assert result["outcome"] == "success"
    assert tried(facts) == [(f"host{n}.{FAR}.many.test", "127.0.0.2") for n in range(1, 33)]
    received(owlpost, sink, "someone@many.test")


@pytest.mark.parametrize("domain, host", [("chain.test", "one.chain.test"), ("mail.chain.test", "host.chain2.test")])
def test_aliases_are_followed(relay, domain, host):
    owlpost, sink = relay
    assert tried(explained(owlpost, f"someone@{domain}")[0]) == [(host, "127.0.0.2")]
    received(owlpost, sink, f"someone@{domain}")


@pytest.mark.parametrize("domain, outcome, status, text", [
    ("lost.chain.test", "failure", "5.1.2", "no such domain"),
    ("loop1.chain.test", "deferral", "4.4.3", "SERVFAIL"),
    ("empty.signed.test", "failure", "5.1.2", "no mail exchanger or address"),
    ("not-there.signed.test", "failure", "5.1.2", "no such domain"),
    ("lame.test", "deferral", "4.4.3", "SERVFAIL"),
    ("broken.test", "deferral", "4.4.3", "SERVFAIL"),
])
def test_what_cannot_be_found(relay, domain, outcome, status, text):
    owlpost, _ = relay
    result = explained(owlpost, f"someone@{domain}")[1]
    assert (result["outcome"], result["status"]) == (outcome, status)
    assert text in result["text"]


def test_an_exchanger_in_a_lame_zone_is_passed_over(relay):
    owlpost, sink = relay
    facts, result = explained(owlpost, "someone@half.test")
    assert tried(facts) == [("host.half.test", "127.0.0.2")]
    assert any("SERVFAIL" in f["text"] for f in facts if f["fact"] == "trouble")
    received(owlpost, sink, "someone@half.test")


@pytest.mark.parametrize("domain, vouched", [("signed.test", "yes"), ("chain.test", "no")])
def test_what_dnssec_vouches_for_is_told(relay, domain, vouched):
    owlpost, sink = relay
    facts, _ = explained(owlpost, f"someone@{domain}")
    assert [f["authenticated"] for f in facts if f["fact"] in ("lookup", "addresses")] == [vouched] * 2
    received(owlpost, sink, f"someone@{domain}")
