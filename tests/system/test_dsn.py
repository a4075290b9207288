"""DSNs as others read them: Python's email package, and Sisimai, a bounce
parser that has never heard of owlpost, name the same recipients, actions and
codes."""
import email
import email.policy
import email.utils
import json
import os
import subprocess
import time

import pytest

import carrier
from peers import Sink, free_port
from waiting import wait_until

MESSAGE = "From: <ann@owlpost.test>\nTo: <someone@sink.test>\nSubject: about owls\n\nThe body.\n"
ALL = {"one@sink.test": ("relayed", "2.0.0"), "two@sink.test": ("failed", "5.7.1"),
       "nobody-there@local.test": ("failed", "5.1.1"), "joe@local.test": ("delivered", "2.0.0"),
       "joe-all@local.test": ("expanded", "2.0.0")}


def parse(octets):
    return email.message_from_bytes(octets, policy=email.policy.default)


def typed(value):
    """"rfc822; joe@a.test" -> ("rfc822", "joe@a.test")"""
    kind, _, rest = value.partition(";")
    return kind.strip(), rest.strip()


def parts(mail, status_type="message/delivery-status"):
    assert mail.get_content_type() == "multipart/report"
    assert mail["Return-Path"].strip() == "<>" and mail["Auto-Submitted"] == "auto-replied"
    assert not mail.defects
    text, status, returned = mail.get_payload()
    assert text.get_content_type() == "text/plain" and status.get_content_type() == status_type
    assert "message/" + mail.get_param("report-type") == status_type
    return text, status, returned


def by_email(octets):
    """(fields of the message, {recipient: its fields})"""
    _, status, _ = parts(parse(octets))
    about, *recipients = [block for block in status.get_payload() if len(block)]
    assert typed(about["Reporting-MTA"]) == ("dns", "owlpost.test")
    for fields in [about, *recipients]:
        for name, value in fields.items():
            if name.endswith("-Date") or name == "Will-Retry-Until":
                assert abs(email.utils.parsedate_to_datetime(value).timestamp() - time.time()) < 8 * 86400
    return about, {typed(r["Final-Recipient"])[1]: r for r in recipients}


def by_sisimai(octets, folder):
    """{recipient: what Sisimai says of it}"""
    path = f"{folder}/dsn.eml"
    with open(path, "wb") as f:
        f.write(octets)
    found = subprocess.run(["perl", "-MSisimai", "-e", "print Sisimai->dump($ARGV[0], delivered => 1)", path],
                           check=True, capture_output=True, timeout=60)
    return {r["recipient"]: r for r in json.loads(found.stdout)}


def refuse_two(verb, argument):
    return "550 5.7.1 no owls here" if verb == "RCPT" and "two@" in argument else None


@pytest.fixture
def one_of_each(owlpost):
    """An instance where each of ALL becomes what stands there."""
    with Sink(reply=refuse_two) as sink:
        owlpost.control("smtproutes", f"sink.test:127.0.0.1:{sink.port}")
        owlpost.dot_qmail("joe", "-all", "&mallory@local.test\n")
        owlpost.up()
        yield owlpost


def ask_for(owlpost, *arguments, to=ALL):
    done = owlpost.inject(MESSAGE, *to, sender="ann@local.test", arguments=arguments)
    assert done.returncode == 0, done.stderr


def reports(owlpost, count):
    """All mail that ann gets, of an instance that is done."""
    owlpost.wait_for_mail("ann", count)
    owlpost.wait_for_empty_queue()
    found = owlpost.messages("ann")
    assert len(found) == count
    return found


def test_one_of_each_is_told_as_asked(one_of_each, folder):
    ask_for(one_of_each, "-N", "success,failure", "-V", "order+20417", "-R", "hdrs")
    (octets,) = reports(one_of_each, 1)
    print(octets.decode())
    about, recipients = by_email(octets)
    assert about["Original-Envelope-Id"] == "order 417"
    assert {a: (r["Action"], r["Status"]) for a, r in recipients.items()} == ALL
    assert typed(recipients["two@sink.test"]["Diagnostic-Code"]) == ("smtp", "550 5.7.1 no owls here")
    assert typed(recipients["two@sink.test"]["Remote-MTA"])[0] == "dns"
    theirs = by_sisimai(octets, folder)
    assert {a: (r["action"], r["deliverystatus"]) for a, r in theirs.items()} == ALL
    assert theirs["two@sink.test"]["replycode"] == "550"
    assert theirs["joe@local.test"]["reason"] == "delivered"
    assert {r["addresser"] for r in theirs.values()} == {"ann@owlpost.test"}
    _, _, returned = parts(parse(octets))
    assert returned.get_content_type() == "text/rfc822-headers"
    assert "Subject: about owls" in returned.get_payload() and "The body." not in returned.get_payload()


def test_only_failures_are_told_unasked(one_of_each, folder):
    ask_for(one_of_each)
    (octets,) = reports(one_of_each, 1)
    failures = {a: code for a, code in ALL.items() if code[0] == "failed"}
    assert {a: (r["Action"], r["Status"]) for a, r in by_email(octets)[1].items()} == failures
    assert {a: (r["action"], r["deliverystatus"]) for a, r in by_sisimai(octets, folder).items()} == failures
    _, _, returned = parts(parse(octets))
    assert returned.get_content_type() == "message/rfc822"
    assert returned.get_payload(0).get_content() == "The body.\n"


def test_never_is_never(one_of_each):
    ask_for(one_of_each, "-N", "never")
    one_of_each.wait_for_mail("joe")
    one_of_each.wait_for_empty_queue()
    assert not one_of_each.messages("ann") and "bounce msg" not in one_of_each.log()


def test_a_delay_is_told_before_the_end(owlpost, folder):
    port = free_port()
    owlpost.control("smtproutes", f"sink.test:127.0.0.1:{port}")
    owlpost.control("retryskipremote", "1")
    owlpost.control("delaywarning", "1")
    owlpost.up()
    ask_for(owlpost, "-N", "delay,success", to=["one@sink.test"])
    (octets,) = owlpost.wait_for_mail("ann")
    print(octets.decode())
    _, recipients = by_email(octets)
    fields = recipients["one@sink.test"]
    assert fields["Action"] == "delayed" and fields["Status"].startswith("4.4.")
    until = email.utils.parsedate_to_datetime(fields["Will-Retry-Until"]).timestamp()
    assert abs(until - time.time() - 7 * 86400) < 3600
    theirs = by_sisimai(octets, folder)["one@sink.test"]
    assert (theirs["action"], theirs["deliverystatus"], theirs["softbounce"]) == ("delayed", fields["Status"], 1)
    assert "dsn msg" in owlpost.log() and "bounce msg" not in owlpost.log()
    with Sink(port):
        owlpost.owlq("flush")
        second = reports(owlpost, 2)
    assert sorted(by_email(o)[1]["one@sink.test"]["Action"] for o in second) == ["delayed", "relayed"]


def inject_with_smtputf8(owlpost, sender, recipient):
    message, envelope, terms = (os.memfd_create(name) for name in ("message", "envelope", "terms"))
    with open(message, "r+b") as m, open(envelope, "r+b") as e, open(terms, "r+b") as t:
        m.write("From: ann@local.test\nSubject: über Eulen\n\nThe body.\n".encode())
        e.write(f"F{sender}\0T{recipient}\0\0".encode())
        t.write(b"\0\x01" + carrier.items(SENDER=sender, SMTPUTF8=b"", RECIPIENT_ADDRESS=recipient))
        for f in (m, e, t):
            f.flush()
            f.seek(0)
        done = owlpost.call("owl-queue", user="ann", stdin=m, stdout=e, capture_output=False, stderr=subprocess.PIPE,
                            pass_fds=[t.fileno()], environment={"OWLPOST_ENVELOPE": str(t.fileno())})
    assert done.returncode == 0, done.stderr


def test_smtputf8_mail_bounces_in_utf8(owlpost):
    owlpost.up()
    inject_with_smtputf8(owlpost, "ann@local.test", "über-nobody@local.test")
    (octets,) = reports(owlpost, 1)
    print(octets.decode())
    _, status, returned = parts(parse(octets), "message/global-delivery-status")
    assert "\nFinal-Recipient: utf-8; über-nobody@local.test\nAction: failed\nStatus: 5.1.1\n".encode() in octets
    assert returned.get_content_type() == "message/global"
    assert "Subject: über Eulen".encode() in octets


def test_a_bounce_in_qsbmf_is_understood_too(owlpost, folder):
    owlpost.control("bounceformat", "qsbmf")
    owlpost.up()
    ask_for(owlpost, to=["nobody-there@local.test"])
    (octets,) = reports(owlpost, 1)
    print(octets.decode())
    assert parse(octets).get_content_type() == "text/plain"
    theirs = by_sisimai(octets, folder)
    assert list(theirs) == ["nobody-there@local.test"]
    assert theirs["nobody-there@local.test"]["deliverystatus"] == "5.1.1"


@pytest.mark.parametrize("option, value", [
    ("-N", ""), ("-N", "sometimes"), ("-N", "never,delay"), ("-N", "success,"), ("-R", ""), ("-R", "half"),
    ("-V", ""), ("-V", "two words"), ("-V", "a+zz"), ("-V", "x" * 101)])
def test_sendmail_says_which_value_is_wrong(owlpost, option, value):
    owlpost.setup()
    done = owlpost.inject(MESSAGE, "joe@local.test", arguments=(option, value))
    assert done.returncode == 64
    assert done.stderr.startswith(b"sendmail: ") and done.stderr.endswith(f"{option} {value}\n".encode())
    assert not owlpost.queued()
