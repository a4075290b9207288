"""What does not go through at once: deferrals, refusals, bounces."""
import email
import email.policy
import re
import smtplib

import pytest

from peers import Sink, free_port
from waiting import wait_until

MESSAGE = "From: <ann@owlpost.test>\r\nTo: <someone@sink.test>\r\nSubject: about owls\r\n\r\nThe body.\r\n"


def parse(octets):
    return email.message_from_bytes(octets, policy=email.policy.default)


def delivery_status(mail):
    """[fields of the message, fields of the first recipient, ...] of a well-formed DSN."""
    assert mail.get_content_type() == "multipart/report"
    assert mail.get_param("report-type") == "delivery-status"
    text, status, returned = mail.get_payload()
    assert text.get_content_type() == "text/plain"
    assert status.get_content_type() == "message/delivery-status"
    assert returned.get_content_type() in ("message/rfc822", "text/rfc822-headers", "message/global")
    assert not mail.defects and not status.defects
    blocks = [b for b in status.get_payload() if len(b)]
    assert blocks[0]["Reporting-MTA"].startswith("dns;")
    return blocks


def test_a_closed_port_defers_until_it_opens(owlpost):
    port = free_port()
    owlpost.control("smtproutes", f"sink.test:127.0.0.1:{port}")
    owlpost.control("retryskipremote", "1")
    owlpost.up(relay=True)
    owlpost.submit(MESSAGE, "someone@sink.test")
    wait_until(lambda: "deferral:" in owlpost.log(), 20, "a deferral in the log")
    listed = wait_until(lambda: (o := owlpost.owlq("list")) and "someone@sink.test" in o and o, 10, "owlq list")
    number = re.search(r"new msg (\d+)", owlpost.log()).group(1)
    assert number in listed
    shown = owlpost.owlq("show", number)
    print(listed, shown, sep="\n")
    assert re.search("refused", shown, re.I), "the reason"
    assert re.search(r"next", shown + listed, re.I), "the next try"
    with Sink(port) as sink:
        wait_until(lambda: sink.received, 60, lambda: owlpost.log()[-1000:])
        owlpost.wait_for_empty_queue()
        assert [r.recipients for r in sink.received] == [["someone@sink.test"]]
        assert b"The body." in sink.received[0].octets
    assert number not in owlpost.owlq("list")


def test_alrm_makes_everything_due_now(owlpost):
    port = free_port()
    owlpost.control("smtproutes", f"sink.test:127.0.0.1:{port}")
    owlpost.control("retryskipremote", "3600")
    owlpost.up(relay=True)
    owlpost.submit(MESSAGE, "someone@sink.test")
    wait_until(lambda: "deferral:" in owlpost.log(), 20, "a deferral in the log")
    with Sink(port) as sink:
        owlpost.owlq("flush")
        wait_until(lambda: sink.received, 20, lambda: owlpost.log()[-1000:])
        owlpost.wait_for_empty_queue()


def test_a_waiting_message_survives_a_restart(owlpost):
    port = free_port()
    owlpost.control("smtproutes", f"sink.test:127.0.0.1:{port}")
    owlpost.control("retryskipremote", "2")
    owlpost.up(relay=True)
    owlpost.submit(MESSAGE, "someone@sink.test")
    wait_until(lambda: "deferral:" in owlpost.log(), 20, "a deferral in the log")
    owlpost.stop()
    assert owlpost.queued()
    with Sink(port) as sink:
        owlpost.up(relay=True)
        wait_until(lambda: sink.received, 30, lambda: owlpost.log()[-1000:])
        owlpost.wait_for_empty_queue()
        assert len(sink.received) == 1


def test_mail_from_the_time_when_nothing_ran_is_delivered(owlpost):
    owlpost.setup()
    assert owlpost.inject("Subject: early\n\nbody\n", "joe@local.test").returncode == 0
    owlpost.up()
    assert b"Subject: early" in owlpost.wait_for_mail("joe")[0]


def test_rcpt_refuses_unknown_users(owlpost):
    owlpost.up()
    with owlpost.client() as session:
        session.ehlo()
        assert session.mail("sender@sender.test")[0] == 250
        code, text = session.rcpt("nobody-there@local.test")
        assert (code, text[:5]) == (550, b"5.1.1")
        assert session.rcpt("joe@local.test")[0] == 250
        assert session.rcpt("joe-unheard-of@local.test")[0] == 550


def test_rcpt_does_not_relay(owlpost):
    owlpost.up()
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        owlpost.submit(MESSAGE, "someone@sink.test")
    code, _ = refused.value.recipients["someone@sink.test"]
    assert 500 <= code < 600


def test_an_unknown_user_bounces_by_sendmail(owlpost):
    owlpost.up()
    done = owlpost.inject("To: nobody-there@local.test\nSubject: lost owl\n\nThe body.\n", "nobody-there@local.test",
                          sender="ann@local.test")
    assert done.returncode == 0
    (octets,) = owlpost.wait_for_mail("ann")
    owlpost.wait_for_empty_queue()
    bounce = parse(octets)
    print(octets.decode("utf-8", "replace"))
    assert bounce["Return-Path"].strip() == "<>"
    assert bounce["To"].addresses[0].addr_spec == "ann@local.test"
    assert bounce["From"].addresses[0].username.upper() == "MAILER-DAEMON"
    message_fields, recipient = delivery_status(bounce)
    assert message_fields["Arrival-Date"]
    assert recipient["Final-Recipient"].replace(" ", "") == "rfc822;nobody-there@local.test"
    assert recipient["Action"] == "failed"
    assert recipient["Status"] == "5.1.1"
    human = bounce.get_payload(0).get_content()
    assert "nobody-there@local.test" in human
    returned = bounce.get_payload(2)
    assert b"Subject: lost owl" in returned.as_bytes()


def test_a_refusal_by_the_next_hop_bounces_with_its_words(owlpost):
    def refuse(verb, argument):
        return "550 5.7.1 no owls here" if verb == "RCPT" and "one@" in argument else None
    with Sink(reply=refuse) as sink:
        owlpost.control("smtproutes", f"sink.test:127.0.0.1:{sink.port}")
        owlpost.up(relay=True)
        owlpost.submit(MESSAGE, "one@sink.test", "two@sink.test", sender="ann@local.test")
        (octets,) = owlpost.wait_for_mail("ann")
        owlpost.wait_for_empty_queue()
        assert [r.recipients for r in sink.received] == [["two@sink.test"]]
    _, recipient = delivery_status(parse(octets))
    assert recipient["Final-Recipient"].replace(" ", "") == "rfc822;one@sink.test"
    assert recipient["Status"] == "5.7.1"
    assert "no owls here" in recipient["Diagnostic-Code"]


def test_the_bounce_of_a_bounce_goes_to_the_postmaster(owlpost):
    owlpost.dot_qmail("alias", "-postmaster", "./Maildir/\n")
    owlpost.up()
    done = owlpost.inject("Subject: lost owl\n\nThe body.\n", "nobody-there@local.test", sender="gone@local.test")
    assert done.returncode == 0
    (octets,) = owlpost.wait_for_mail("alias")
    owlpost.wait_for_empty_queue()
    double = parse(octets)
    assert double["To"].addresses[0].addr_spec == "postmaster@owlpost.test"
    assert b"gone@local.test" in octets
    assert "bounce msg" in owlpost.log()


def test_a_triple_bounce_is_discarded(owlpost):
    owlpost.control("doublebounceto", "nobody-there")
    owlpost.up()
    assert owlpost.inject("Subject: lost owl\n\nx\n", "nobody-there@local.test", sender="gone@local.test").returncode == 0
    wait_until(lambda: "triple bounce" in owlpost.log(), 20, lambda: owlpost.log())
    owlpost.wait_for_empty_queue()


def test_too_old_a_message_bounces(owlpost):
    owlpost.control("smtproutes", f"sink.test:127.0.0.1:{free_port()}")
    owlpost.control("retryskipremote", "1")
    owlpost.control("queuelifetime", "2")
    owlpost.up(relay=True)
    owlpost.submit(MESSAGE, "someone@sink.test", sender="ann@local.test")
    (octets,) = owlpost.wait_for_mail("ann", seconds=60)
    owlpost.wait_for_empty_queue()
    _, recipient = delivery_status(parse(octets))
    assert recipient["Action"] == "failed"
    assert recipient["Status"].startswith(("4.", "5."))
