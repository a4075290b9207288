"""Mail that would go round for ever ends, and one person is told of it."""
import os
import re
import smtplib

import pytest

from peers import Sink, for_users
from waiting import wait_until

MESSAGE = "From: ann@local.test\nTo: joe@local.test\nSubject: round\n\ntext\n"


def deliveries(owlpost, result):
    return re.findall(rf"\ndelivery \d+: {result}: (.*)/\n", owlpost.log())


def wait_for_failures(owlpost, count):
    """The texts of the first failures, whose bounces may be under way."""
    wait_until(lambda: len(deliveries(owlpost, "failure")) >= count, 20, owlpost.log)
    return deliveries(owlpost, "failure")


def forward_to_each_other(owlpost):
    owlpost.dot_qmail("joe", "", "&mallory@local.test\n")
    owlpost.dot_qmail("mallory", "", "&joe@local.test\n")


def test_two_users_who_forward_to_each_other(owlpost):
    forward_to_each_other(owlpost)
    owlpost.start()
    assert owlpost.inject(MESSAGE, "joe@local.test", sender="ann@local.test").returncode == 0
    (why,) = wait_for_failures(owlpost, 1)
    assert why.endswith("(#5.4.6)") and "looping" in why
    (bounce,) = owlpost.wait_for_mail("ann")
    owlpost.wait_for_empty_queue()
    assert sorted(deliveries(owlpost, "success")) == ["did_0+1+0", "did_0+1+0", "did_1+0+0"]
    assert b"Return-Path: <>\n" in bounce and b"\nFinal-Recipient: rfc822; joe@local.test\n" in bounce
    assert b"\nStatus: 5.4.6\n" in bounce


@pytest.mark.needs_root("filters work in the home of the account that runs them")
def test_two_users_whose_filters_forward_to_each_other(owlpost):
    """By the sendmail command, with the Delivered-To that preline puts in front."""
    programs, _ = for_users("procmail")
    for user, other in (("joe", "mallory"), ("mallory", "joe")):
        owlpost.dot_qmail(user, "", f"|preline {programs}/procmail\n")
        path = f"{owlpost.home(user)}/.procmailrc"
        with open(path, "w") as f:
            f.write(f"SENDMAIL={owlpost.program('sendmail')}\n:0\n! {other}@local.test\n")
        os.chmod(path, 0o600)
        owlpost.give(user, path)
    owlpost.start()
    assert owlpost.inject(MESSAGE, "joe@local.test", sender="ann@local.test").returncode == 0
    (why,) = wait_for_failures(owlpost, 1)
    assert why.endswith("(#5.4.6)")
    (bounce,) = owlpost.wait_for_mail("ann")
    assert b"\nFinal-Recipient: rfc822; joe@local.test\n" in bounce


def test_a_bounce_to_users_who_forward_to_each_other(owlpost):
    """They are told nothing; the postmaster is, once."""
    forward_to_each_other(owlpost)
    owlpost.control("doublebounceto", "ann")
    owlpost.start()
    assert owlpost.inject(MESSAGE, "nobody-here@local.test", sender="joe@local.test").returncode == 0
    (double,) = owlpost.wait_for_mail("ann")
    owlpost.wait_for_empty_queue()
    assert len(deliveries(owlpost, "failure")) == 2
    assert double.startswith(b"Return-Path: <#@[]>\n")
    assert owlpost.messages("joe") == owlpost.messages("mallory") == []


def test_a_postmaster_in_a_loop(owlpost):
    forward_to_each_other(owlpost)
    owlpost.control("doublebounceto", "mallory")
    owlpost.start()
    assert owlpost.inject(MESSAGE, "nobody-here@local.test", sender="joe@local.test").returncode == 0
    wait_for_failures(owlpost, 3)
    owlpost.wait_for_empty_queue()
    assert len(deliveries(owlpost, "failure")) == 3
    assert owlpost.log().count("triple bounce: discarding bounce/") == 1
    assert all(owlpost.messages(user) == [] for user in ("ann", "joe", "mallory", "alias"))


def returned(owlpost, message, recipient):
    """By another host, which adds a line of its own."""
    owlpost.submit(b"Received: from here by mirror.test\r\n" + message.octets, recipient, sender=message.sender)


def received_fields(octets):
    return len(re.findall(rb"(?mi)^Received:", octets.split(b"\r\n\r\n")[0]))


def test_two_hosts_that_relay_to_each_other(owlpost):
    with Sink() as mirror:
        owlpost.control("smtproutes", f"mirror.test:127.0.0.1:{mirror.port}")
        owlpost.control("rcpthosts", "local.test\nmirror.test")
        owlpost.control("maxhops", "12")
        owlpost.up()
        assert owlpost.inject(MESSAGE, "sue@mirror.test", sender="ann@local.test").returncode == 0
        for rounds in range(12):
            wait_until(lambda: len(mirror.received) > rounds, 20, owlpost.log)
            last = mirror.received[rounds]
            try:
                returned(owlpost, last, "sue@mirror.test")
            except smtplib.SMTPDataError as refused:
                assert (refused.smtp_code, refused.smtp_error[:6]) == (554, b"5.4.6 ")
                break
        else:
            raise AssertionError("it goes round for ever")
        assert received_fields(last.octets) + 1 >= 12 > received_fields(mirror.received[rounds - 1].octets) + 1
        owlpost.wait_for_empty_queue()
        assert len(mirror.received) == rounds + 1


def test_a_user_whose_mail_another_host_sends_back(owlpost):
    with Sink() as mirror:
        owlpost.control("smtproutes", f"mirror.test:127.0.0.1:{mirror.port}")
        owlpost.dot_qmail("joe", "", "&joe@mirror.test\n")
        owlpost.up()
        assert owlpost.inject(MESSAGE, "joe@local.test", sender="ann@local.test").returncode == 0
        wait_until(lambda: mirror.received, 20, owlpost.log)
        returned(owlpost, mirror.received[0], "joe@local.test")
        (why,) = wait_for_failures(owlpost, 1)
        assert why.endswith("(#5.4.6)")
        assert len(owlpost.wait_for_mail("ann")) == 1
        owlpost.wait_for_empty_queue()
        assert len(mirror.received) == 1
