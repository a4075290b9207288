"""Mail from other mail servers: the terms that it came with are kept."""
import json
import os
import re

import pytest

from mailers import Exim, Postfix
from peers import free_port
from trail import wait_for_end
from waiting import wait_until

pytestmark = pytest.mark.needs_root("programs with compiled-in paths, accounts")

SENDER, RECIPIENT = "ann-gr\u00fc\u00dfe@local.test", "joe-gr\u00fc\u00dfe@local.test"
MESSAGE = f"From: <{SENDER}>\nTo: <{RECIPIENT}>\nSubject: gr\u00fc\u00dfe\n\n.a dot, and gr\u00fc\u00dfe\n"
GATE = "|test -e gate || exit 111\n./Maildir/\n"


@pytest.fixture
def owlpost_with_gate(owlpost):
    """joe's mail waits until he opens; ann's does not."""
    owlpost.dot_qmail("joe", "-default", GATE)
    owlpost.dot_qmail("ann", "-default", "./Maildir/\n")
    owlpost.up(port=free_port())
    return owlpost


def the_waiting_message(owlpost):
    """owlq's account of it, once it has been deferred."""
    wait_until(lambda: ": deferral: " in owlpost.log(), 60, owlpost.log)
    listed, = owlpost.owlq("list", "--json").splitlines()
    return json.loads(owlpost.owlq("show", "--json", json.loads(listed)["id"]))


def let_in(owlpost, message):
    path = f"{owlpost.home('joe')}/gate"
    with open(path, "w", encoding="ascii"):
        os.chmod(path, 0o644)
    owlpost.owlq("retry", message["id"])
    mail, = owlpost.wait_for_mail("joe", seconds=60)
    return mail


def assert_terms(owlpost, orcpt, **terms):
    """They lie in the queue, and the report of success that follows obeys them."""
    message = the_waiting_message(owlpost)
    recipient, = message["recipients"]
    assert (message["sender"], recipient["address"]) == (SENDER, RECIPIENT)
    assert (recipient["notify"], recipient["orcpt"]) == ("SUCCESS,FAILURE", orcpt)
    expected = {"smtputf8": "yes", "ret": "HDRS", "protocol": "UTF8SMTP"} | terms
    assert {k: message.get(k) for k in expected} == expected
    mail = let_in(owlpost, message).decode()
    assert mail.startswith(f"Return-Path: <{SENDER}>\n") and mail.endswith(MESSAGE[MESSAGE.index("\n\n"):]), mail
    report, = owlpost.wait_for_mail("ann")
    kind, octets = orcpt.split(";")
    for words in (f"\nOriginal-Envelope-Id: {terms['envid']}\n", f"\nFinal-Recipient: utf-8; {RECIPIENT}\n",
                  "\nAction: delivered\n", "\nSubject: gr\u00fc\u00dfe\n", "report-type=global-delivery-status;"):
        assert words in report.decode(), report.decode()
    assert re.search(f"\nOriginal-Recipient: {kind}; ?{re.escape(octets)}\n", report.decode()), report.decode()
    assert "a dot" not in report.decode()
    number = message["id"].split(".")[0]
    accepted, = [w for _, n, w in wait_for_end(owlpost) if n == number]
    assert f"from <{SENDER}> to 1 <{RECIPIENT}>, helo {terms['helo']} with UTF8SMTP, client [127.0.0.1]:" in accepted, accepted
    owlpost.wait_for_empty_queue()


def test_postfix(owlpost_with_gate, bystanders):
    postfix = Postfix(bystanders, owlpost_with_gate.port)
    postfix.send(MESSAGE.encode(), "-f", SENDER, "-N", "success,failure", "-R", "hdrs", "-V", "E 1", "-B", "8BITMIME", RECIPIENT)
    assert_terms(owlpost_with_gate, f"utf-8;{RECIPIENT}", envid="E 1", body="8BITMIME", helo="postfix.test")
    postfix.wait_for("status=sent (250 2.0.0 ok ")


def test_exim(owlpost_with_gate):
    """It never says BODY=8BITMIME itself."""
    exim = Exim(owlpost_with_gate.port)
    exim.say("EHLO x.test", f"MAIL FROM:<{SENDER}> BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=E+2B1",
             f"RCPT TO:<{RECIPIENT}> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;j+2Boe@old.test",
             "DATA", *MESSAGE.replace("\n.", "\n..").splitlines(), ".", "QUIT")
    assert_terms(owlpost_with_gate, "rfc822;j+oe@old.test", envid="E+1", helo="exim.test")


@pytest.mark.parametrize("chunking", ["*", ":"])
def test_exim_with_and_without_bdat(owlpost, chunking):
    """K in its log: the data went by BDAT."""
    owlpost.up(port=free_port())
    exim = Exim(owlpost.port, chunking)
    lines = ["Subject: large", "", ".", "..", *(f".{n} gr\u00fc\u00dfe" for n in range(20000)), ""]
    exim.say("EHLO x.test", "MAIL FROM:<s@sender.test>", "RCPT TO:<joe@local.test>", "RCPT TO:<nobody@local.test>",
             "DATA", *("." + line if line.startswith(".") else line for line in lines), ".", "QUIT")
    mail, = owlpost.wait_for_mail("joe")
    assert mail.decode().endswith("\n".join(lines[1:]) + "\n")
    sent, = re.findall(r"=> joe@local\.test .* DT=", exim.log())
    assert (" K " in sent) == (chunking == "*"), sent
    assert "** nobody@local.test" in exim.log() and ": 550 5.1.1 " in exim.log(), exim.log()
    number = re.search(r"id (\d{16});", mail.decode())[1]
    words = [w for _, n, w in wait_for_end(owlpost) if n == number]
    assert words[0] == "recipient <nobody@local.test> refused: 550 5.1.1 sorry, no mailbox here by that name"
    assert re.fullmatch(r"message accepted, octets \d{6}, from <s@sender\.test> to 1 <joe@local\.test>, refused 1, helo exim\.test"
                        rf" with ESMTP, client \[127\.0\.0\.1\]:\d+, ms \d+: 250 2\.0\.0 ok {number} qp \d+", words[1]), words
