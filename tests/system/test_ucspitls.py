"""TLS by a server in front: our server, checked with another program that speaks UCSPI-TLS."""
import os
import re
import smtplib
import sys

import pytest

from peers import PEERS, free_port, listens, unpacked
from secured import Plain, Secured
from waiting import wait_until

MESSAGE = b"Subject: hello\r\n\r\ntext\r\n"


@pytest.fixture
def serve(owlpost, bystanders):
    """Starts the server with a program; (the authority's party, port)."""
    secured = Secured(owlpost, ["ec"])
    owlpost.control("tlscertificates", None)

    def start(*program, **environment):
        port = free_port()
        files = f"{owlpost.controls}/ec.pem", f"{owlpost.controls}/ec.key"
        with owlpost._log("front") as log:
            bystanders.start([sys.executable, f"{os.path.dirname(__file__)}/ucspitls.py", str(port), *files, *program],
                             env=owlpost.environment | environment, stdout=log, stderr=log)
        wait_until(lambda: listens(port), 20, lambda: owlpost.log("front"))
        return secured, port

    return start


def test_mailfront_understands_the_server(serve):
    program, environment = unpacked("mailfront", "mailfront")
    secured, port = serve(program, "smtp", "echo", "starttls-ucspi", "accept-sender", "accept-recipient",
                          UCSPITLS="", MODULE_PATH=f"{PEERS}/mailfront/usr/lib/mailfront",
                          LD_LIBRARY_PATH=environment["LD_LIBRARY_PATH"])
    with secured.client(port) as session:
        session.sendmail("a@sender.test", ["joe@local.test"], MESSAGE)


def test_a_message_comes_through_it(serve, owlpost):
    owlpost.start()
    program, seen = f"{owlpost.folder}/check", f"{owlpost.folder}/seen"
    with open(program, "w", encoding="ascii") as f:
        f.write(f"#!/bin/sh\nenv >{seen}; exit 0\n")
    os.chmod(program, 0o755)
    secured, port = serve(owlpost.program("owl-smtpd"), UCSPITLS="", RCPTCHECK=program)
    with owlpost.client(port) as session:
        session.ehlo()
        assert "starttls" in session.esmtp_features
        session.starttls(context=secured.context())
        session.ehlo()
        assert "starttls" not in session.esmtp_features and "requiretls" in session.esmtp_features
        session.sendmail("a@sender.test", ["joe@local.test"], MESSAGE)
    mail, = owlpost.wait_for_mail("joe")
    assert re.search(rb"with ESMTPS id \d+\n  tls TLS_\S+ \(TLSv1.3\); ", mail)
    with open(seen, encoding="utf-8") as f:
        told = f.read()
    assert "SSL_PROTOCOL=TLSv1.3\n" in told and "SSL_SERVER_M_VERSION=3\n" in told
    assert not re.search("^(LD_PRELOAD|UCSPITLS|SSLCTLFD)=", told, re.MULTILINE)


def test_it_may_be_asked_for_or_not(serve, owlpost):
    owlpost.start()
    secured, port = serve(owlpost.program("owl-smtpd"), UCSPITLS="!")
    with pytest.raises(smtplib.SMTPSenderRefused, match="530"), owlpost.client(port) as session:
        session.sendmail("a@sender.test", ["joe@local.test"], MESSAGE)
    with secured.client(port) as session:
        session.sendmail("a@sender.test", ["joe@local.test"], MESSAGE)
    _, port = serve(owlpost.program("owl-smtpd"), UCSPITLS="-")
    with owlpost.client(port) as session:
        session.ehlo()
        assert "starttls" not in session.esmtp_features


def test_a_server_that_gives_up_ends_the_session(serve, owlpost):
    owlpost.start()
    _, port = serve(owlpost.program("owl-smtpd"), UCSPITLS="", DENY="1")
    plain = Plain(port)
    plain.hear()
    plain.ask(b"EHLO x\r\n")
    assert plain.ask(b"STARTTLS\r\n")[:3] == b"220"
    assert plain.hear() == b""
    plain.close()
    wait_until(lambda: "TLS failed: unable to have TLS of the server in front" in owlpost.log("front"), 20,
               lambda: owlpost.log("front"))


def test_nothing_goes_behind_starttls_here_either(serve, owlpost):
    owlpost.start()
    _, port = serve(owlpost.program("owl-smtpd"), UCSPITLS="")
    plain = Plain(port)
    plain.hear()
    plain.ask(b"EHLO x\r\n")
    assert plain.ask(b"STARTTLS\r\nMAIL FROM:<evil@sender.test>\r\n")[:3] == b"503"
    assert plain.hear() == b""
    plain.close()
