"""LMTP to a mailbox server: Debian's Dovecot."""
import email
import email.policy
import os
import random
import re

import pytest

import message
from dovecot import Dovecot
from waiting import wait_until

pytestmark = pytest.mark.needs_root("Dovecot becomes its users")

QUOTA = "userdb_quota_rule=*:bytes=10"
USERS = {"one": "", "two": "", "three": "", "full": QUOTA, "later": f"{QUOTA} userdb_quota_full_tempfail=yes"}
MESSAGE = "From: <ann@local.test>\nTo: <one@store.test>\nSubject: owls\n\nThe body.\n"


@pytest.fixture
def dovecot(owlpost, bystanders):
    d = Dovecot(bystanders, USERS, owlpost.program("sendmail"))
    owlpost.control("rcpthosts", "owlpost.test\nlocal.test\nstore.test")
    owlpost.control("lmtproutes", f"store.test:unix:{d.socket}\ntcp.test:127.0.0.1:{d.port}")
    owlpost.control("retryskipremote", "1")
    owlpost.control("backofffirst", "1")
    owlpost.control("backoffmax", "1")
    d.start()
    owlpost.up()
    return d


def send(owlpost, *users, domain="store.test", text=MESSAGE, arguments=()):
    done = owlpost.inject(text, *(f"{user}@{domain}" for user in users), sender="ann@local.test", arguments=arguments)
    assert done.returncode == 0, done.stderr


def report(octets):
    """{recipient: (action, status)} of a DSN."""
    parts = email.message_from_bytes(octets, policy=email.policy.default).get_payload()
    fields = parts[1].get_payload()[1:]
    return {f["Final-Recipient"].split(";")[1].strip(): (f["Action"], f["Status"]) for f in fields}


@pytest.mark.parametrize("domain", ["store.test", "tcp.test"])
def test_several_users_in_one_transaction(owlpost, dovecot, domain):
    send(owlpost, "one", "two", "three", domain=domain)
    for user in ("one", "two", "three"):
        (octets,) = dovecot.wait_for_mail(user)
        assert octets.startswith(b"Return-Path: <ann@local.test>\n") and octets.endswith(b"\nSubject: owls\n\nThe body.\n")
    owlpost.wait_for_empty_queue()
    (dialog,) = dovecot.dialogs()
    commands = re.findall(rb"^(\S+) ((?:LHLO|MAIL|RCPT|DATA|BDAT)[^\r]*)\r", dialog, re.M)
    assert commands.pop()[1].startswith(b"BDAT ")
    assert [c for _, c in commands] == [
        b"LHLO owlpost.test", b"MAIL FROM:<ann@local.test>",
        *(f"RCPT TO:<{user}@{domain}>".encode() for user in ("one", "two", "three"))]
    assert len({time for time, _ in commands[1:]}) == 1, "PIPELINING: MAIL and all RCPT come in one read"
    assert owlpost.log().count(": success: ") == 3


def test_each_recipient_gets_its_own_result(owlpost, dovecot):
    send(owlpost, "one", "full", "nobody", "later")
    dovecot.wait_for_mail("one")
    (bounce,) = owlpost.wait_for_mail("ann")
    print(bounce.decode(), owlpost.log())
    assert report(bounce) == {"full@store.test": ("failed", "5.2.2"), "nobody@store.test": ("failed", "5.1.1")}
    assert re.search(r"deferral: owlpost.test_said:_452_4.2.2_", owlpost.log())
    assert b"dovecot/lmtp" not in bounce, "no path goes to strangers"
    dovecot.write_users(USERS | {"later": "userdb_quota_rule=*:bytes=1000000 userdb_quota_full_tempfail=yes"})
    owlpost.owlq("flush")
    wait_until(lambda: dovecot.messages("later"), 15, lambda: owlpost.log() + dovecot.log())
    owlpost.wait_for_empty_queue()
    assert len(dovecot.messages("one")) == len(owlpost.messages("ann")) == 1
    assert not dovecot.messages("full")


def test_a_mailbox_server_s_yes_is_a_delivery(owlpost, dovecot):
    send(owlpost, "one", arguments=("-N", "success"))
    (dsn,) = owlpost.wait_for_mail("ann")
    assert report(dsn) == {"one@store.test": ("delivered", "2.0.0")}


def test_a_server_that_is_down_gets_its_mail_later(owlpost, dovecot):
    dovecot.kill()
    send(owlpost, "one", "two")
    wait_until(lambda: "deferral: unable_to_connect_to_" in owlpost.log(), 20, owlpost.log)
    assert "(#4.4.1)" in owlpost.log() and owlpost.queued()
    dovecot.start()
    owlpost.owlq("flush")
    dovecot.wait_for_mail("one")
    dovecot.wait_for_mail("two")
    owlpost.wait_for_empty_queue()
    assert not owlpost.messages("ann")


def test_a_socket_without_rights_defers(owlpost, dovecot):
    os.chown(dovecot.socket, 0, 0)
    send(owlpost, "one")
    wait_until(lambda: f"unable_to_connect_to_{dovecot.socket}:_Permission_denied_(#4.4.1)" in owlpost.log(), 20,
               owlpost.log)


def test_sieve_files_and_rejects(owlpost, dovecot):
    dovecot.script("one", """require ["fileinto", "mailbox", "reject"];
if header :contains "Subject" "owls" { fileinto :create "Owls"; }
elsif header :contains "Subject" "mice" { reject "No mice here."; }
""")
    send(owlpost, "one")
    send(owlpost, "one", text=MESSAGE.replace("owls", "mice"))
    send(owlpost, "one", text=MESSAGE.replace("owls", "hares"))
    (filed,) = dovecot.wait_for_mail("one", mailbox=".Owls")
    (kept,) = dovecot.wait_for_mail("one")
    (rejected,) = owlpost.wait_for_mail("ann")
    owlpost.wait_for_empty_queue()
    assert b"Subject: owls\n" in filed and b"Subject: hares\n" in kept
    assert b"No mice here." in rejected and b"Subject: mice\n" in rejected
    assert len(dovecot.messages("one")) == len(dovecot.messages("one", ".Owls")) == 1


def test_messages_arrive_as_they_are(owlpost, dovecot):
    seed = random.SystemRandom().randint(0, 10**9)
    print(f"seed {seed}")
    sent = message.many(seed, 40, 8000)
    sent.append(b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n\r\n.\r\n" + b"\xff\xfe\x80 8-bit\r\n")
    with owlpost.client() as session:
        for octets in sent:
            session.sendmail("sender@sender.test", ["one@store.test", "two@store.test"], octets, ["BODY=8BITMIME"])
    for user in ("one", "two"):
        arrived = dovecot.wait_for_mail(user, len(sent))
        assert sorted(map(message.digest, arrived)) == sorted(map(message.digest, sent))
    assert len(dovecot.dialogs()) < len(sent), "several messages a connection"
    assert b"BODY=8BITMIME" in dovecot.dialogs()[0]


def test_a_user_forwards_to_the_mailbox_server(owlpost, dovecot):
    owlpost.dot_qmail("joe", "", "&one@store.test\n")
    done = owlpost.inject(MESSAGE, "joe@local.test", sender="ann@local.test")
    assert done.returncode == 0
    (octets,) = dovecot.wait_for_mail("one")
    assert b"\nDelivered-To: joe@local.test\n" in octets


def test_explain_and_config_tell(owlpost, dovecot):
    owlpost.control("locals", "owlpost.test\nlocal.test\ntcp.test")
    told = owlpost.owlq("explain", "one@store.test")
    print(told)
    assert f"by LMTP, to {dovecot.socket}" in told and f"Unix socket {dovecot.socket}" in told
    assert "passed over, as the domain is delivered here" in owlpost.owlq("explain", "joe@tcp.test")
    assert "lmtproutes: tcp.test is in locals, too, and is delivered here\n" in owlpost.owlq("config")
    owlpost.control("locals", "owlpost.test")
    told = owlpost.owlq("explain", "one@tcp.test")
    assert "a mailbox server, by its name: 127.0.0.1" in told or "an address: 127.0.0.1" in told
    assert "by LMTP, to 127.0.0.1, port 24" in told and "127.0.0.1 [127.0.0.1] port 24" in told
    assert not dovecot.dialogs(), "nobody is connected to"


def test_a_malformed_route_is_an_error(owlpost):
    owlpost.control("lmtproutes", "store.test:unix:relative")
    owlpost.setup()
    done = owlpost.call("owl-start")
    assert done.returncode != 0
    assert b"lmtproutes: a line names no host[:port], and no path of at most 107 octets" in done.stderr + done.stdout
