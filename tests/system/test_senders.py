"""Mail from programs that people send with: delivered, on the terms that they asked for."""
import email.message
import re
import shutil
import subprocess

import pytest

from peers import smtp_source, unpacked, wait_for_exit

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
