"""Mail from programs that people send with: delivered, on the terms that they asked for."""
import email
import email.message
import email.policy
import json
import os
import re
import shutil
import subprocess

import pytest

from instance import ROOT
from overlay import over_usr
from peers import PEERS, smtp_source, unpacked, wait_for_exit

NODE = ("nodejs", "node-acorn", "node-cjs-module-lexer", "node-undici")
BODY = "Subject: hello\n\n.a dot, and gr\u00fc\u00dfe\n"


def swaks(owlpost, *arguments):
    """What it said; it ends the data with a line end of its own."""
    done = subprocess.run(
        ["swaks", "--server", f"127.0.0.1:{owlpost.port}", "--helo", "swaks.test", "--from", "sender@sender.test",
         "--to", "joe@local.test,ann@local.test", "--data", "-", *arguments],
        input=BODY[:-1], capture_output=True, encoding="utf-8", timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(not shutil.which("swaks"), reason="swaks is not installed")
@pytest.mark.parametrize("protocol,arguments", [("ESMTP", []), ("ESMTP", ["--pipeline"]), ("SMTP", [])])
def test_swaks(owlpost, protocol, arguments):
    owlpost.up()
    said = swaks(owlpost, "--protocol", protocol, *arguments)
    number = re.search(r"250 2\.0\.0 ok (\d{16}) qp", said)[1]
    for user in ("joe", "ann"):
        mail, = owlpost.wait_for_mail(user)
        assert f"from swaks.test ([127.0.0.1])\n  by owlpost.test with {protocol} id {number};".encode() in mail
        assert mail.endswith(BODY.encode()), mail
    owlpost.wait_for_empty_queue()


@pytest.mark.skipif(not shutil.which("swaks"), reason="swaks is not installed")
def test_swaks_that_speaks_lmtp_is_refused(owlpost):
    owlpost.up()
    done = subprocess.run(["swaks", "--server", f"127.0.0.1:{owlpost.port}", "--protocol", "LMTP", "--to", "joe@local.test"],
                          capture_output=True, encoding="utf-8", timeout=30)
    assert done.returncode != 0 and "<** 500 5.5.1 " in done.stdout, done.stdout
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


def nodemailer(owlpost, letters, **options):
    """The fates of letters; by the machine's node, or Debian's over /usr."""
    argv = ["node", f"{os.path.dirname(__file__)}/nodemailer.js"]
    if not shutil.which("node"):
        if not ROOT:
            pytest.skip("node is not installed, and needs root to be laid over /usr")
        argv = over_usr(NODE, *argv)
    modules = f"{PEERS}/node-nodemailer/usr/share/nodejs"
    assert os.path.isdir(modules), f"{modules} is not there: run tests/peers.sh"
    options = {"host": "127.0.0.1", "port": owlpost.port, "name": "node.test", "ignoreTLS": True} | options
    done = subprocess.run(argv, input=json.dumps({"options": options, "letters": letters}).encode(), capture_output=True,
                          env=os.environ | {"NODE_PATH": modules}, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


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
    fate, = nodemailer(owlpost, [letter])
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
    fates = nodemailer(owlpost, letters, pool=True, maxConnections=2)
    assert all(fate.startswith("250 2.0.0 ok ") for fate in fates[::2]), fates
    assert all(": 550 5.1.1 " in fate for fate in fates[1::2]), fates
    subjects = {email.message_from_bytes(m)["Subject"] for m in owlpost.wait_for_mail("joe", 10)}
    assert subjects == {f"{n}" for n in range(10)}


def test_msmtp(owlpost):
    program, environment = unpacked("msmtp", "msmtp")
    owlpost.up()
    done = subprocess.run(
        [program, "--host=127.0.0.1", f"--port={owlpost.port}", "--tls=off", "--domain=msmtp.test", "--from=ann@local.test",
         "--dsn-notify=success", "--dsn-return=full", "--", "joe@local.test"],
        input=BODY, env=environment | {"HOME": owlpost.folder}, capture_output=True, encoding="utf-8", timeout=30)
    assert done.returncode == 0, done.stderr
    mail, = owlpost.wait_for_mail("joe")
    assert b"from msmtp.test (" in mail and mail.endswith(BODY.encode()), mail
    report, = owlpost.wait_for_mail("ann")
    assert b"Action: delivered\n" in report, report
