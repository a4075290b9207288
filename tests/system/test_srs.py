"""Forwards with senders of SRS: out, back, and what is not taken back."""
import json
import os
import re
import shutil
import signal
import smtplib

import pytest

import srs
from instance import ROOT
from peers import Sink
from waiting import wait_until

SECRET = "of the wood"
FAR, SENDER = "far@remote.test", "Sender@sender.test"
MESSAGE = "From: <sender@sender.test>\nTo: <joe@local.test>\nSubject: owls\n\nThe body.\n"
BOUNCE = "From: <>\nTo: <sender@sender.test>\nSubject: failure\n\nNo.\n"
NOT_OURS = b"5.1.1 not an address that this host has made"


def write_secrets(owlpost, *secrets):
    owlpost.control("srssecret", "\n".join(secrets))
    path = f"{owlpost.controls}/srssecret"
    os.chmod(path, 0o640)
    if ROOT:
        shutil.chown(path, group="owlsend")


@pytest.fixture
def sink():
    with Sink() as s:
        yield s


@pytest.fixture
def post(owlpost, sink):
    """joe's mail is sent on; remote mail goes to the sink."""
    for name in ("locals", "rcpthosts"):
        owlpost.control(name, "owlpost.test\nlocal.test\nsrs.test")
    owlpost.control("smtproutes", f":127.0.0.1:{sink.port}")
    owlpost.control("srsdomains", "local.test:srs.test")
    owlpost.control("rcptcache", "0")
    write_secrets(owlpost, SECRET)
    owlpost.dot_qmail("joe", "", f"&{FAR}\n")
    owlpost.sink = sink
    return owlpost


def next_received(post, count=1):
    """The messages that have come to the sink, which forgets them."""
    wait_until(lambda: len(post.sink.received) >= count, 20, post.log)
    post.wait_for_empty_queue()
    got, post.sink.received[:] = list(post.sink.received), []
    assert len(got) == count, [(r.sender, r.recipients) for r in got]
    return got


def forwarded_sender(post, sender=SENDER, recipient="joe@local.test"):
    post.submit(MESSAGE, recipient, sender=sender)
    (got,) = next_received(post)
    assert got.recipients == [FAR] and got.octets.endswith(b"\r\n\r\nThe body.\r\n")
    return got.sender


def bounced_to(post, address):
    post.submit(BOUNCE, address, sender="")
    (got,) = next_received(post)
    assert got.sender == "" and len(got.recipients) == 1
    return got.recipients[0]


def refusal(post, address):
    """What RCPT is refused with."""
    with pytest.raises(smtplib.SMTPRecipientsRefused) as e:
        post.submit(BOUNCE, address, sender="")
    code, text = e.value.recipients[address]
    assert code == 550
    return text


def test_a_forward_goes_out_signed_and_its_bounce_comes_back(post):
    post.up()
    there = forwarded_sender(post)
    assert there == srs.first(SENDER, "srs.test", SECRET)
    assert bounced_to(post, there) == SENDER
    assert bounced_to(post, there.lower()) == SENDER.lower(), "local parts have been seen to lose their case"
    further = forwarded_sender(post, sender=srs.first(SENDER, "first.test", "unknown"))
    assert re.fullmatch(r"SRS1=....=first\.test==....=..=sender\.test=Sender@srs\.test", further)
    assert bounced_to(post, further) == srs.first(SENDER, "first.test", "unknown")

    # nobody has made these, or too long ago
    assert refusal(post, there.replace("=Sender@", "=other@")) == NOT_OURS
    assert refusal(post, "SRS0=aaaa@srs.test") == NOT_OURS
    assert refusal(post, further.replace("first.test", "third.test")) == NOT_OURS
    assert refusal(post, srs.first(SENDER, "srs.test", SECRET, days_ago=22)) == b"5.1.1 this address has expired"
    assert bounced_to(post, srs.first(SENDER, "srs.test", SECRET, days_ago=21)) == SENDER
    assert refusal(post, srs.first(SENDER, "local.test", SECRET)).startswith(b"5.1.1 sorry"), "not a domain of srsdomains"

    # past the receiver a worker refuses it, and nothing leaves
    assert post.inject(MESSAGE, "SRS0=aaaa=AA=remote.test=far@srs.test", sender="ann@local.test").returncode == 0
    (dsn,) = post.wait_for_mail("ann")
    assert b"not an address that this host has made" in dsn and not post.sink.received


def test_some_senders_stay(post):
    post.dot_qmail("ann", "-here", "&ann@local.test\n")
    post.dot_qmail("ann", "-program", f"|forward {FAR}\n")
    post.up()
    assert forwarded_sender(post, sender="ann@local.test") == "ann@local.test"
    assert forwarded_sender(post, sender="") == ""
    post.submit(MESSAGE, "ann-here@local.test", sender=SENDER)
    (octets,) = post.wait_for_mail("ann")
    assert octets.startswith(b"Return-Path: <Sender@sender.test>\n"), "a forward to a mailbox here"
    post.submit(MESSAGE, "joe@owlpost.test", sender=SENDER)
    (got,) = next_received(post)
    assert got.sender == SENDER, "a mailbox of a domain that is not in srsdomains"
    assert post.inject(MESSAGE, FAR, sender=SENDER).returncode == 0
    (got,) = next_received(post)
    assert got.sender == SENDER, "nobody has forwarded it"
    assert forwarded_sender(post, recipient="ann-program@local.test") == srs.first(SENDER, "srs.test", SECRET)


def test_aliases_forward_as_dot_qmail_files_do(post):
    post.control("aliasfile", f"{post.folder}/aliases")
    with open(f"{post.folder}/aliases", "w") as f:
        f.write(f"team: {FAR}\n")
    post.call("newaliases", check=True)
    post.up()
    assert forwarded_sender(post, recipient="team@local.test") == srs.first(SENDER, "srs.test", SECRET)


def test_off_by_default(post):
    for name in ("srsdomains", "srssecret"):
        post.control(name, None)
    post.up()
    assert forwarded_sender(post) == SENDER
    assert refusal(post, srs.first(SENDER, "srs.test", SECRET)).startswith(b"5.1.1 sorry")


def test_a_forward_that_is_refused_comes_back_to_its_sender(post):
    post.sink.reply = lambda verb, argument: "550 5.7.1 no" if verb == "RCPT" and FAR in argument else None
    post.up()
    post.submit(MESSAGE, "joe@local.test", sender=SENDER)
    (dsn,) = next_received(post)
    assert (dsn.sender, dsn.recipients) == ("", [SENDER])


def test_secrets_change_while_it_runs(post):
    post.up()
    old = forwarded_sender(post)
    write_secrets(post, "newer", SECRET)
    reread(post)
    assert forwarded_sender(post) == srs.first(SENDER, "srs.test", "newer")
    assert bounced_to(post, old) == SENDER
    write_secrets(post, "newer")
    reread(post)
    assert refusal(post, old) == NOT_OURS
    os.chmod(f"{post.controls}/srssecret", 0o644)
    kept = post.log_size()
    post.starter.send_signal(signal.SIGHUP)
    wait_until(lambda: post.log()[kept:].count("everybody may read it") >= 2, 10, post.log)
    assert forwarded_sender(post) == srs.first(SENDER, "srs.test", "newer")


def reread(post):
    """Until the receiver's questions are answered, and mail is sent, by the files as they are."""
    post.starter.send_signal(signal.SIGHUP)
    with open(f"{post.controls}/srssecret") as f:
        newest = srs.first("x@remote.test", "srs.test", f.readline().rstrip("\n"))
    stale = srs.first("x@remote.test", "srs.test", SECRET)
    gone = SECRET not in open(f"{post.controls}/srssecret").read()
    wait_until(lambda: "x@remote.test" in post.owlq("explain", newest) and
               answers(post, newest) == 250 and (not gone or answers(post, stale) == 550), 10, post.log)


def answers(post, address):
    with post.client() as session:
        session.ehlo()
        session.mail("")
        return session.rcpt(address)[0]


def test_owlq_says_what_the_sender_becomes(post):
    post.sink.reply = lambda verb, argument: "450 4.2.0 later" if verb == "RCPT" else None
    post.up()
    post.submit(MESSAGE, "joe@local.test", sender=SENDER)
    wait_until(lambda: "deferral: " in post.log(), 20, post.log)
    there = srs.first(SENDER, "srs.test", SECRET)
    id = json.loads(post.owlq("list", "--json").splitlines()[0])["id"]
    shown = json.loads(post.owlq("show", "--json", id))
    assert (shown["forwarder"], shown["srs_sender"]) == ("local.test", there)
    assert f"sender to other hosts: <{there}>\n" in post.owlq("show", id)
    assert f"to other hosts from <{there}>\n" in post.owlq("why", id)
    explained = json.loads(post.owlq("explain", "--json", "--sender", SENDER, "joe@local.test"))
    (fact,) = [f for f in explained["delivery"] if f["fact"] == "srsdomains"]
    assert (fact["domain"], fact["sender"]) == ("srs.test", there)
    back = json.loads(post.owlq("explain", "--json", there))
    assert [f["address"] for f in back["route"] if f["fact"] == "srs"] == [SENDER]
    assert [f["address"] for f in back["route"] if f["fact"] == "route"] == [SENDER]
    forged = json.loads(post.owlq("explain", "--json", "SRS0=aaaa@srs.test"))
    assert [f["valid"] for f in forged["route"] if f["fact"] == "srs"] == ["no"]
    assert forged["delivery"][-1]["status"] == "5.1.1"
    done = post.call("owlq", "explain", "--json", "joe@local.test", user="joe")
    assert json.loads(done.stdout)["delivery"][-1]["outcome"] == "success", "who may not read the secret can still ask"
    assert "srsdomains: srs.test is not in locals" not in post.owlq("config")
    post.control("locals", "local.test")
    assert "srsdomains: srs.test is not in locals: bounces do not come back" in post.owlq("config")
    assert SECRET not in post.owlq("config") + post.owlq("config", "--json")


def test_postsrsd_and_mail_srs_understand_it(post, bystanders, folder):
    others = [srs.MailSRS(SECRET), srs.Postsrsd(bystanders, folder, SECRET, "srs.test")]
    post.up()
    ours = forwarded_sender(post)
    guarded = forwarded_sender(post, sender="SRS0+abcd=AA=a.test=b@first.test")
    for other in others:
        assert other.reverse(ours).lower() == SENDER.lower()
        assert other.reverse(guarded) == "SRS0+abcd=AA=a.test=b@first.test"
        assert other.forward(SENDER, "srs.test") == ours
        assert other.forward("SRS0+abcd=AA=a.test=b@first.test", "srs.test") == guarded
    # what is the same octets needs no two bounces
    assert bounced_to(post, ours) == SENDER
    assert bounced_to(post, guarded) == "SRS0+abcd=AA=a.test=b@first.test"
    second = guarded.replace("srs.test", "second.test")
    assert others[0].forward(second, "srs.test") == forwarded_sender(post, sender=second) == guarded
