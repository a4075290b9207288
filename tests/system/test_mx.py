"""The next hop by DNS: a name server and mail hosts of our own, on ports 53 and 25."""
import pytest

from peers import Silent, Sink, Unbound
from test_defer import MESSAGE, delivery_status, parse
from waiting import wait_until

pytestmark = pytest.mark.needs_root("port 53, and addresses with port 25 free")
RECORDS = (
    "two.test. MX 10 dead.two.test.", "two.test. MX 20 alive.two.test.",
    "dead.two.test. A 127.0.0.9", "alive.two.test. A 127.0.0.2",
    "plain.test. A 127.0.0.2",
    "also.test. MX 10 dead.two.test.", "also.test. MX 20 alive.two.test.", "lone.test. MX 10 dead.two.test.",
    "null.test. MX 0 .",
    "race.test. MX 10 many.race.test.", "many.race.test. A 127.0.0.9", "many.race.test. A 127.0.0.2",
    "many.race.test. AAAA ::2",
)


@pytest.fixture
def relay(owlpost, bystanders, folder):
    """An instance that sends by DNS, with a mail host on 127.0.0.2."""
    Unbound(bystanders, folder, RECORDS)
    with Sink(25, address="127.0.0.2") as sink:
        owlpost.up(relay=True)
        yield owlpost, sink


def bounce(owlpost):
    (octets,) = owlpost.wait_for_mail("ann")
    owlpost.wait_for_empty_queue()
    return delivery_status(parse(octets))[1]


def test_a_dead_mail_host_is_passed_over(relay):
    owlpost, sink = relay
    owlpost.submit(MESSAGE, "someone@two.test")
    wait_until(lambda: sink.received, 20, lambda: owlpost.log())
    assert sink.received[0].recipients == ["someone@two.test"]


def test_a_domain_without_mx_is_its_own_mail_host(relay):
    owlpost, sink = relay
    owlpost.submit(MESSAGE, "someone@plain.test")
    wait_until(lambda: sink.received, 20, lambda: owlpost.log())


def test_a_domain_that_is_not_there_bounces(relay):
    owlpost, _ = relay
    owlpost.submit(MESSAGE, "someone@not-there.test", sender="ann@local.test")
    assert bounce(owlpost)["Status"] == "5.1.2"


def test_a_domain_that_takes_no_mail_bounces(relay):
    owlpost, _ = relay
    owlpost.submit(MESSAGE, "someone@null.test", sender="ann@local.test")
    assert bounce(owlpost)["Status"] == "5.1.10"


def test_a_name_server_that_is_silent_defers(owlpost, bystanders):
    owlpost.control("timeoutdns", "2")
    owlpost.up(relay=True)
    owlpost.submit(MESSAGE, "someone@two.test")
    wait_until(lambda: "deferral:" in owlpost.log(), 30, lambda: owlpost.log())
    assert owlpost.queued()


def test_a_silent_address_does_not_hold_up_those_of_its_preference(relay):
    owlpost, sink = relay
    owlpost.control("timeoutconnect", "600")
    with Silent(25, "127.0.0.9"):
        owlpost.submit(MESSAGE, "someone@race.test")
        wait_until(lambda: sink.received, 20, lambda: owlpost.log())


def test_an_address_that_did_not_answer_is_tried_last_by_others_too(relay):
    owlpost, sink = relay
    owlpost.control("timeoutconnect", "1")
    with Silent(25, "127.0.0.9"):
        owlpost.submit(MESSAGE, "first@two.test")
        wait_until(lambda: len(sink.received) == 1, 20, lambda: owlpost.log())
    with Sink(25, address="127.0.0.9") as other:
        owlpost.submit(MESSAGE, "second@also.test")
        wait_until(lambda: len(sink.received) == 2, 20, lambda: owlpost.log())
        assert not other.received


def test_it_is_tried_when_no_other_address_is_left(relay):
    owlpost, sink = relay
    owlpost.control("timeoutconnect", "1")
    with Silent(25, "127.0.0.9"):
        owlpost.submit(MESSAGE, "first@two.test")
        wait_until(lambda: sink.received, 20, lambda: owlpost.log())
    with Sink(25, address="127.0.0.9") as other:
        owlpost.submit(MESSAGE, "second@lone.test")
        wait_until(lambda: other.received, 20, lambda: owlpost.log())
