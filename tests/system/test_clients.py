"""Clients that people use: what they hand in arrives as they wrote it."""
import email
import email.policy
import os
import shutil
import subprocess

import pytest

from instance import ROOT
from email.message import EmailMessage

TEXT = "Grüße, señor – ✓\n.\n.. two dots\nFrom the start\n\nend\n"
BINARY = bytes(range(256)) * 40


def only_mail(owlpost, user="joe"):
    owlpost.wait_for_mail(user)
    owlpost.wait_for_empty_queue()
    (octets,) = owlpost.messages(user)
    return email.message_from_bytes(octets, policy=email.policy.default)


def text_of(part):
    return part.get_content().replace("\r\n", "\n")


def attachment_of(mail):
    (part,) = mail.iter_attachments()
    return part.get_content()


def run(owlpost, argv, user="ann", **options):
    done = subprocess.run(argv, capture_output=True, timeout=60,
                          **owlpost.identity(user) | {"cwd": owlpost.home(user)} | options)
    assert done.returncode == 0, f"{argv[0]}: {done.returncode} {done.stdout[-500:]} {done.stderr[-500:]}"


def attachment(owlpost):
    path = f"{owlpost.home('ann')}/octets.bin"
    with open(path, "wb") as f:
        f.write(BINARY)
    owlpost.give("ann", path)
    return path


def needs(program):
    return pytest.mark.skipif(not shutil.which(program), reason=f"{program} is not installed")


@needs("swaks")
def test_swaks_with_8_bit_text_and_an_attachment(owlpost):
    owlpost.up()
    run(owlpost, ["swaks", "--server", "127.0.0.1", "--port", str(owlpost.port), "--from", "ann@client.test",
                  "--to", "joe@local.test", "--header", "Subject: von swaks", "--body", TEXT,
                  "--attach-type", "application/octet-stream", "--attach", f"@{attachment(owlpost)}"])
    mail = only_mail(owlpost)
    assert mail["Subject"] == "von swaks"
    part = next(p for p in mail.walk() if p.get_content_type() == "text/plain")
    assert part.get_payload(decode=True).decode("utf-8").replace("\r\n", "\n").rstrip("\n") == TEXT.rstrip("\n")
    assert BINARY in [p.get_payload(decode=True) for p in mail.walk() if not p.is_multipart()]


def client_environment(owlpost):
    return owlpost.environment | {"HOME": owlpost.home("ann"), "USER": "ann", "LOGNAME": "ann",
                                  "TERM": "dumb", "EMAIL": "ann@owlpost.test"}


@needs("s-nail")
def test_s_nail_by_the_sendmail_command(owlpost):
    owlpost.up()
    run(owlpost, ["s-nail", "-n", "-Smta=" + owlpost.program("sendmail"), "-Sttycharset=utf-8", "-Ssendcharsets=utf-8",
                  "-s", "von s-nail ✓", "-a", attachment(owlpost), "joe@local.test"],
        input=TEXT.encode(), env=client_environment(owlpost))
    mail = only_mail(owlpost)
    assert mail["Subject"] == "von s-nail ✓"
    assert text_of(mail.get_body()) == TEXT
    assert attachment_of(mail) == BINARY


@needs("mutt")
def test_mutt_by_the_sendmail_command(owlpost):
    owlpost.up()
    run(owlpost, ["mutt", "-n", "-F", "/dev/null", "-e", f"set sendmail='{owlpost.program('sendmail')} -oem -oi'",
                  "-e", "set charset=utf-8 send_charset=utf-8 copy=no", "-s", "von mutt ✓", "-a",
                  attachment(owlpost), "--", "joe@local.test"],
        input=TEXT.encode(), env=client_environment(owlpost))
    mail = only_mail(owlpost)
    assert mail["Subject"] == "von mutt ✓"
    assert text_of(mail.get_body()) == TEXT
    assert attachment_of(mail) == BINARY


def test_python_smtplib_and_email(owlpost):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "ann@client.test", "joe@local.test", "von Python ✓"
    mail.set_content(TEXT, cte="8bit")
    mail.add_attachment(BINARY, maintype="application", subtype="octet-stream", filename="octets.bin")
    owlpost.up()
    with owlpost.client() as session:
        # send_message() would change "From " at the start of a line
        session.sendmail("ann@client.test", ["joe@local.test"], mail.as_bytes(policy=email.policy.SMTP), ["BODY=8BITMIME"])
    got = only_mail(owlpost)
    assert got["Subject"] == mail["Subject"]
    assert text_of(got.get_body()) == TEXT
    assert attachment_of(got) == BINARY


def test_sendmail_takes_recipients_from_the_header_and_hides_bcc(owlpost):
    owlpost.up()
    done = owlpost.inject("To: joe@local.test\nBcc: mallory@local.test\nSubject: t\n\nbody\n", arguments=["-t"])
    assert done.returncode == 0, done.stderr
    for user in "joe", "mallory":
        mail = only_mail(owlpost, user)
        assert mail["Bcc"] is None
        assert mail["Date"] and mail["Message-ID"]
        assert mail["From"].addresses[0].addr_spec == "ann@owlpost.test"


def test_sendmail_speaks_smtp_on_its_descriptors(owlpost):
    owlpost.up()
    dialog = ("EHLO client.test\r\nMAIL FROM:<ann@owlpost.test>\r\nRCPT TO:<joe@local.test>\r\nDATA\r\n"
              "Subject: bs\r\n\r\nbody\r\n.\r\nQUIT\r\n")
    done = owlpost.call("sendmail", "-bs", user="ann", input=dialog.encode())
    assert done.returncode == 0, done.stderr
    assert only_mail(owlpost)["Subject"] == "bs"


@pytest.mark.needs_root("another user's mail")
def test_mail_to_a_list_is_forwarded(owlpost):
    owlpost.dot_qmail("joe", "-list", "&ann@local.test\nmallory@local.test\n./Maildir/\n")
    owlpost.up()
    owlpost.submit("Subject: to the list\r\n\r\nbody\r\n", "joe-list@local.test")
    for user in "joe", "ann", "mallory":
        assert only_mail(owlpost, user)["Subject"] == "to the list"
    assert ROOT and os.stat(owlpost.maildir("joe")[0]).st_uid != 0
