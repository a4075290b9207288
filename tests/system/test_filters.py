"""What qmail's operators put in front of and behind a receiver, unchanged."""
import base64
import os
import smtplib
import subprocess
import sys

import pytest

from instance import WORK
from peers import Unbound, for_users
from qmtp import Client, qmtp_message

MESSAGE = "From: sender@sender.test\nSubject: filtered\n\nhello\n"
LISTED = ["1.0.0.127.list.test. IN A 127.0.0.2", '1.0.0.127.list.test. IN TXT "go away, says the list"']


def script(name, text):
    path = f"{WORK}/{name}"
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, 0o755)
    return path


def refused(instance, **how):
    """Code and words that the message is refused with."""
    with pytest.raises((smtplib.SMTPDataError, smtplib.SMTPRecipientsRefused)) as e:
        instance.submit(MESSAGE, "joe@owlpost.test", **how)
    if isinstance(e.value, smtplib.SMTPRecipientsRefused):
        code, words = e.value.recipients["joe@owlpost.test"]
    else:
        code, words = e.value.smtp_code, e.value.smtp_error
    return code, words.decode()


# ---- a program that refuses

@pytest.mark.parametrize("fd", [4, 6])
@pytest.mark.parametrize("code, text, expected", [
    (82, "Dno thanks, said the filter (#5.7.1)", 550), (82, "Zlater, said the filter (#4.7.1)", 451),
    (88, "never, said the filter", 550), (31, "spam, said the filter", 550),
])
def test_a_filters_words_reach_the_client(owlpost, fd, code, text, expected):
    filtering = script("filter", f'#!/bin/sh\ncat >/dev/null; cat <&1 >/dev/null\n'
                                          f'printf "%s" "{text}" >&{fd}\nexit {code}\n')
    owlpost.start()
    owlpost.listen(environment={"QMAILQUEUE": filtering})
    got, words = refused(owlpost)
    assert got // 100 == expected // 100
    assert "said the filter" in words
    assert not owlpost.queued() and not owlpost.maildir("joe")


def test_a_filters_words_reach_a_client_of_qmtp(owlpost):
    filtering = script("filter", '#!/bin/sh\ncat >/dev/null; cat <&1 >/dev/null\n'
                                          'printf "Dno thanks, said the filter" >&4\nexit 82\n')
    owlpost.start()
    port = owlpost.listen(program="owl-qmtpd", environment={"QMAILQUEUE": filtering})
    with Client(port) as client:
        client.send(qmtp_message(MESSAGE.encode(), "", "joe@owlpost.test"))
        heard = client.response()
    assert heard.startswith("D") and "no thanks, said the filter" in heard


# ---- a program that changes the message

SIGN = """#!/usr/bin/python3
import os, sys, tempfile
sys.path.insert(0, {path!r})
import dkim
message = sys.stdin.buffer.read()
with open({key!r}, "rb") as f:
    field = dkim.sign(message.replace(b"\\n", b"\\r\\n"), b"sel", b"owlpost.test", f.read(),
                      include_headers=[b"from", b"subject"])
signed = tempfile.TemporaryFile()
signed.write(field.replace(b"\\r\\n", b"\\n") + message)
signed.flush()
os.lseek(signed.fileno(), 0, os.SEEK_SET)
os.dup2(signed.fileno(), 0)
os.execv({queue!r}, [{queue!r}])
"""


def test_a_signing_filter_hands_on_to_the_injector(owlpost):
    """What it adds is in the mailbox, and the signature holds."""
    for_users("python3-dkim")
    path = f"{WORK}/python3-dkim/lib/python3/dist-packages"
    key = script("dkim.pem", subprocess.run(["openssl", "genrsa", "-traditional", "2048"], check=True,
                                            capture_output=True).stdout.decode())
    public = subprocess.run(["openssl", "rsa", "-in", key, "-pubout", "-outform", "DER"], check=True,
                            capture_output=True).stdout
    signing = script("dkimsign", SIGN.format(path=path, key=key, queue=owlpost.program("owl-queue")))
    owlpost.start()
    owlpost.listen(environment={"QMAILQUEUE": signing})
    owlpost.submit(MESSAGE, "joe@owlpost.test")
    message, = owlpost.wait_for_mail("joe")
    lines = message.split(b"\n")
    first = next(n for n, line in enumerate(lines) if line.startswith(b"DKIM-Signature:"))
    assert b"with ESMTP" in message and message.endswith(b"\nhello\n")
    sys.path.insert(0, path)
    import dkim
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    octets = b"\r\n".join(lines[first:])
    assert dkim.verify(octets, dnsfunc=lambda name, timeout=5: record)
    assert not dkim.verify(octets.replace(b"hello", b"hallo"), dnsfunc=lambda name, timeout=5: record)


# ---- rblsmtpd in front

@pytest.mark.needs_root("a name server")
def test_rblsmtpd_asks_its_lists(owlpost, bystanders, folder):
    Unbound(bystanders, folder, LISTED)
    owlpost.start()
    environment = {"DNSCACHEIP": "127.0.0.1"}
    listed = owlpost.listen(guard=("rblsmtpd", "-b", "-r", "list.test"), environment=environment)
    other = owlpost.listen(guard=("rblsmtpd", "-b", "-r", "other.test"), environment=environment)
    assert refused(owlpost, port=listed) == (553, "go away, says the list")
    owlpost.submit(MESSAGE, "joe@owlpost.test", port=other)
    assert len(owlpost.wait_for_mail("joe")) == 1


@pytest.mark.parametrize("value, expected", [("-never here", (553, "never here")), ("not now", (451, "not now")),
                                             ("", None)])
def test_rblsmtpd_heeds_its_variable(owlpost, value, expected):
    owlpost.start()
    owlpost.listen(guard=("rblsmtpd",), environment={"RBLSMTPD": value})
    if expected:
        assert refused(owlpost) == expected
        return
    owlpost.submit(MESSAGE, "joe@owlpost.test")
    assert len(owlpost.wait_for_mail("joe")) == 1
