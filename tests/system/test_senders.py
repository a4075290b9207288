"""Mail from programs that people send with: delivered, on the terms that they asked for."""
import email
import email.message
import email.policy
import re

import pytest

import senders
from peers import smtp_source, wait_for_exit
from trail import wait_for_end

BODY = "Subject: hello\n\n.a dot, and gr\u00fc\u00dfe\n"
SENDER = "sender@sender.test"
PROGRAMS = [senders.swaks, senders.smtplib, senders.msmtp, senders.nodemailer, senders.curl, senders.net_smtp, senders.mutt,
            senders.nullmailer]


def assert_accepted_is_told(owlpost, found, mail):
    """Who sent what, how large, in which time, and where it went, with one number."""
    helo, protocol, number, sent = re.search(
        r"from (\S+\.test) \(\[127\.0\.0\.1\]\)\n  by owlpost\.test with (E?SMTP) id (\d{16}); .*\n([^\0]*)", mail).groups()
    assert [n for _, n, _ in found] == ["", number, ""] and len({session for session, _, _ in found}) == 1, found
    assert re.fullmatch(rf"message accepted, octets {len(sent.encode())}, from <{SENDER}> to 1 <joe@local\.test>, helo {helo} with"
                        rf" {protocol}, client \[127\.0\.0\.1\]:\d+, ms \d+: 250 2\.0\.0 ok {number} qp \d+", found[1][2]), found
    assert re.fullmatch(r"end, messages 1 of 1, commands \d+, errors 0, octets in \d+ out \d+, ms \d+: client (quit|left)", found[2][2])
    owlpost.wait_for_empty_queue()
    told = owlpost.log()
    delivery, = re.findall(rf"starting delivery (\d+): msg {number} to local joe@local\.test", told)
    for words in (f"new msg {number}\n", f"info msg {number}: ", f"delivery {delivery}: success: ", f"end msg {number}\n"):
        assert words in told, told


def assert_refused_is_told(found):
    assert len({session for session, _, _ in found}) == 1 and found[1][1] == found[2][1], found
    assert found[1][2] == "recipient <nobody-here@local.test> refused: 550 5.1.1 sorry, no mailbox here by that name"
    assert found[2][2].startswith(f"message dropped, octets 0, from <{SENDER}> to 0, refused 1, helo "), found
    assert found[-1][2].startswith("end, messages 0 of 1, "), found


@pytest.mark.parametrize("send", PROGRAMS, ids=lambda f: f.__name__)
def test_what_is_sent_arrives_and_the_log_tells_of_it(owlpost, send):
    owlpost.up()
    with pytest.raises(senders.Failed, match="no mailbox here by that name"):
        send(owlpost, SENDER, ["nobody-here@local.test"], BODY.encode())
    refused = wait_for_end(owlpost)
    assert_refused_is_told(refused)
    send(owlpost, SENDER, ["joe@local.test"], BODY.encode())
    octets, = owlpost.wait_for_mail("joe")
    mail = octets.decode()
    assert mail.endswith(BODY.partition("\n\n")[2]), mail
    assert_accepted_is_told(owlpost, wait_for_end(owlpost, 2)[len(refused):], mail)


def test_swaks_in_each_of_its_ways(owlpost):
    owlpost.up()
    for count, (protocol, *arguments) in enumerate((("ESMTP",), ("ESMTP", "--pipeline"), ("SMTP",)), 1):
        said = senders.swaks(owlpost, SENDER, ["joe@local.test", "ann@local.test"], BODY.encode(), "--protocol", protocol, *arguments)
        number = re.search(r"250 2\.0\.0 ok (\d{16}) qp", said)[1]
        for user in ("joe", "ann"):
            mail, = [m for m in owlpost.wait_for_mail(user, count) if number.encode() in m]
            assert f"from swaks.test ([127.0.0.1])\n  by owlpost.test with {protocol} id {number};".encode() in mail
            assert mail.endswith(BODY.encode()), mail


def test_swaks_that_speaks_lmtp_is_refused(owlpost):
    owlpost.up()
    with pytest.raises(senders.Failed, match=r"<\*\* 500 5\.5\.1 "):
        senders.swaks(owlpost, SENDER, ["joe@local.test"], BODY.encode(), "--protocol", "LMTP")
    assert not owlpost.queued() and not owlpost.maildir("joe")


def test_smtp_source(owlpost, bystanders):
    owlpost.up()
    assert wait_for_exit(smtp_source(bystanders, owlpost.port, "joe@local.test", 20, 4, 3000, "-r", "1"), 60) == 0
    assert len(owlpost.wait_for_mail("joe", 20)) == 20


def test_smtplib_with_addresses_that_are_not_ascii(owlpost):
    owlpost.up()
    letter = email.message.EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "\u00e4nn@sender.test", "joe@local.test", "gr\u00fc\u00dfe"
    letter.set_content("\u00e4\n")
    with owlpost.client() as session:
        assert session.send_message(letter) == {}
    mail, = owlpost.wait_for_mail("joe")
    assert mail.startswith("Return-Path: <\u00e4nn@sender.test>\n".encode()), mail
    assert b" with UTF8SMTP id " in mail and "Subject: gr\u00fc\u00dfe\n".encode() in mail


def test_smtplib_with_notifications(owlpost):
    owlpost.up()
    with owlpost.client() as session:
        session.sendmail("ann@local.test", ["joe@local.test"], "Subject: x\r\n\r\nx\r\n", ["RET=HDRS", "ENVID=E+2B1"],
                         ["NOTIFY=SUCCESS", "ORCPT=rfc822;j+2Boe@old.test"])
    owlpost.wait_for_mail("joe")
    report, = owlpost.wait_for_mail("ann")
    for field in (b"Original-Envelope-Id: E+1\n", b"Original-Recipient: rfc822;j+oe@old.test\n", b"Action: delivered\n"):
        assert field in report, report


def test_nodemailer(owlpost):
    """With all that its mail can ask for."""
    owlpost.dot_qmail("joe", "-default", "./Maildir/\n")
    owlpost.dot_qmail("ann", "-default", "./Maildir/\n")
    owlpost.up()
    sender, recipient = "ann-gr\u00fc\u00dfe@local.test", "joe-gr\u00fc\u00dfe@local.test"
    letter = {"from": sender, "to": recipient, "subject": "gr\u00fc\u00dfe", "text": ".a dot\n.\ngr\u00fc\u00dfe\n" * 5000,
              "html": "<p>gr\u00fc\u00dfe</p>", "attachments": [{"filename": "x.bin", "content": "AP8N", "encoding": "base64"}],
              "envelope": {"from": sender, "to": [recipient], "use8BitMime": True},
              "dsn": {"id": "E 1", "return": "headers", "notify": ["success"], "recipient": "old@old.test"}}
    fate, = senders.nodemailer_letters(owlpost, [letter])
    number = re.fullmatch(r"250 2\.0\.0 ok (\d{16}) qp \d+", fate)[1]
    octets, = owlpost.wait_for_mail("joe")
    assert f"from node.test ([127.0.0.1])\n  by owlpost.test with UTF8SMTP id {number};".encode() in octets
    mail = email.message_from_bytes(octets, policy=email.policy.SMTPUTF8)
    assert mail["Return-Path"] == f"<{sender}>" and mail["Subject"] == letter["subject"]
    assert mail.get_body(["plain"]).get_content().replace("\r", "") == letter["text"]
    attached, = mail.iter_attachments()
    assert attached.get_content() == b"\0\xff\r"
    report, = owlpost.wait_for_mail("ann")
    for field in ("Original-Envelope-Id: E 1\n", "Original-Recipient: rfc822;old@old.test\n", "Action: delivered\n"):
        assert field in report.decode(), report.decode()


def test_nodemailer_with_a_pool_of_connections(owlpost):
    """What is refused comes back as the error of that letter only."""
    owlpost.up()
    letters = [{"from": "s@sender.test", "to": f"{user}@local.test", "subject": f"{n}", "text": "x"}
               for n in range(10) for user in ("joe", "nobody-here")]
    fates = senders.nodemailer_letters(owlpost, letters, pool=True, maxConnections=2)
    assert all(fate.startswith("250 2.0.0 ok ") for fate in fates[::2]), fates
    assert all(": 550 5.1.1 " in fate for fate in fates[1::2]), fates
    subjects = {email.message_from_bytes(m)["Subject"] for m in owlpost.wait_for_mail("joe", 10)}
    assert subjects == {f"{n}" for n in range(10)}


def test_msmtp_with_notifications(owlpost):
    owlpost.up()
    senders.msmtp(owlpost, "ann@local.test", ["joe@local.test"], BODY.encode(), "--dsn-notify=success", "--dsn-return=hdrs")
    owlpost.wait_for_mail("joe")
    report, = owlpost.wait_for_mail("ann")
    assert b"Action: delivered\n" in report and b"Subject: hello\n" in report, report


def test_mutt_with_notifications(owlpost):
    owlpost.up()
    senders.mutt(owlpost, "ann@local.test", ["joe@local.test"], BODY.encode(), "set dsn_notify=success dsn_return=hdrs")
    owlpost.wait_for_mail("joe")
    report, = owlpost.wait_for_mail("ann")
    assert b"Action: delivered\n" in report and b"Subject: hello\n" in report and b"a dot" not in report, report
