"""STARTTLS and implicit TLS in owl-smtpd, by tcpserver and by its own listener."""
import json
import os
import re
import signal
import smtplib
import ssl

import pytest

import certificates
from secured import Plain, Secured
from peers import free_port
from test_listen import Listener
from waiting import wait_until

MESSAGE = b"Subject: hello\r\n\r\ntext\r\n"


@pytest.fixture
def secured(owlpost):
    return Secured(owlpost)


def send(session, recipient="joe@local.test", sender="sender@sender.test", options=()):
    session.sendmail(sender, [recipient], MESSAGE, mail_options=options)
    session.quit()


def logs(owlpost):
    return owlpost.log("smtpd") + owlpost.log("listener")


def extensions(session):
    session.ehlo()
    return set(session.esmtp_features)


@pytest.fixture(params=["tcpserver", "listener"])
def port(request, secured):
    secured.start()
    if request.param == "tcpserver":
        return secured.owlpost.listen()
    port = free_port()
    Listener(secured.owlpost, f"127.0.0.1:{port}")
    return port


def test_a_message_under_tls_has_its_facts_in_trace_log_and_queue(secured, port):
    """And what is offered before and after, and is reset."""
    owlpost = secured.owlpost
    owlpost.dot_qmail("joe", "", "|exit 111\n")
    with owlpost.client(port) as session:
        assert {"starttls"} <= extensions(session) and "requiretls" not in session.esmtp_features
        session.starttls(context=secured.context())
        assert session.docmd("MAIL", "FROM:<a@sender.test>")[0] == 503
        assert "starttls" not in extensions(session) and "requiretls" in session.esmtp_features
        assert session.docmd("STARTTLS")[0] == 503
        session.sendmail("sender@sender.test", ["joe@local.test"], MESSAGE)
        cipher, version, _ = session.sock.cipher()
    wait_until(lambda: ": end, messages 1 of 1" in logs(owlpost), 20, lambda: logs(owlpost))
    log = logs(owlpost)
    assert f"TLS: {version} {cipher}" in log
    assert re.search(r"message accepted, .* with ESMTPS, tls TLSv1.3 TLS_\S+ \d+", log)
    assert log.count("connect from") == 1 and log.count(": end, messages 1 of 1") == 1
    number = re.search(r" msg (\d+): message accepted", log)[1]
    shown = owlpost.owlq("show", number)
    assert re.search(r"TLS: +TLSv1.3 TLS_\S+ \d+", shown), shown
    why = owlpost.owlq("why", number)
    assert re.search(r"received from \[127\.0\.0\.1\], by TLS: TLSv1\.3 TLS_\S+ \d+", why), why
    assert json.loads(owlpost.owlq("why", "--json", number))["tls"] in why
    assert f"with ESMTPS id {number}\n  tls {cipher} (TLSv1.3); " in owlpost.owlq("body", number)


def test_it_is_not_offered_without_the_daemon_or_a_certificate(secured):
    owlpost = secured.owlpost
    port = owlpost.listen()
    with owlpost.client(port) as session:
        assert "starttls" not in extensions(session)
        assert session.docmd("STARTTLS")[0] == 502
    assert owlpost.log("smtpd").count("STARTTLS not offered: ") == 1
    owlpost.control("tlscertificates", None)
    owlpost.start()
    with owlpost.client(port) as session:
        assert "starttls" not in extensions(session)
    assert owlpost.log("smtpd").count("STARTTLS not offered: ") == 1


def test_what_has_been_offered_and_went_away_may_come_back(secured, port):
    place = f"{secured.owlpost.run}/tls"
    with secured.owlpost.client(port) as session:
        assert "starttls" in extensions(session)
        os.rename(place, f"{place}.away")
        assert session.docmd("STARTTLS")[0] == 454
        os.rename(f"{place}.away", place)
        session.starttls(context=secured.context())


def test_a_handshake_that_fails_ends_its_session_only(secured, port):
    owlpost = secured.owlpost
    untrusting = ssl.create_default_context()
    with pytest.raises(ssl.SSLCertVerificationError), owlpost.client(port) as session:
        session.starttls(context=untrusting)
    plain = Plain(port)
    assert plain.hear()[:3] == b"220" and plain.ask(b"EHLO x\r\n")[:3] == b"250"
    assert plain.ask(b"STARTTLS\r\n")[:3] == b"220"
    plain.say(b"MAIL FROM:<a@sender.test>\r\n")
    assert b"250" not in plain.hear()
    plain.close()
    send(secured.client(port))
    owlpost.wait_for_mail("joe")
    wait_until(lambda: "TLS failed: " in logs(owlpost), 20, lambda: logs(owlpost))


INJECTED = b"MAIL FROM:<evil@sender.test>\r\nRCPT TO:<joe@local.test>\r\n"


def test_what_stands_behind_starttls_ends_the_session(secured):
    """However little of it, and wherever it is cut."""
    owlpost = secured.owlpost
    secured.start()
    port = owlpost.listen()
    cuts = [1, 4, 5, 26, 29, 30, 31, 58]
    for cut in cuts:
        plain = Plain(port)
        assert plain.hear()[:3] == b"220" and plain.ask(b"EHLO x\r\n")[:3] == b"250"
        assert plain.ask(b"STARTTLS\r\n" + INJECTED[:cut])[:3] == b"503"
        assert plain.hear() == b""
        plain.close()
    wait_until(lambda: owlpost.log("smtpd").count("hung up on octets behind STARTTLS") == len(cuts), 20,
               lambda: owlpost.log("smtpd"))


def test_a_transaction_does_not_outlive_it(secured, port):
    plain = Plain(port)
    plain.hear()
    plain.ask(b"EHLO x\r\n")
    plain.ask(b"MAIL FROM:<a@sender.test>\r\n")
    assert plain.ask(b"STARTTLS\r\n")[:3] == b"503"
    assert plain.ask(b"RSET\r\n")[:3] == b"250"
    assert plain.ask(b"STARTTLS\r\n")[:3] == b"220"
    plain.wrap(secured.context())
    assert plain.ask(b"RCPT TO:<joe@local.test>\r\n")[:3] == b"503"
    plain.close()


def test_tls_comes_first_where_it_is_asked_for(secured):
    """SMTPS, the listener's /tls, and a proxy's header before both."""
    owlpost = secured.owlpost
    owlpost.control("proxyclients", "127.0.0.7")
    secured.start()
    tcpserver, listener = owlpost.listen(environment={"SMTPS": ""}), free_port()
    Listener(owlpost, f"127.0.0.1:{listener}/tls")
    for port in (tcpserver, listener):
        session = secured.implicit(port)
        assert "starttls" not in extensions(session)
        send(session)
        proxied = Plain(port, source="127.0.0.7")
        proxied.say(b"PROXY TCP4 192.0.2.77 192.0.2.2 5 465\r\n")
        proxied.wrap(secured.context())
        assert proxied.hear()[:3] == b"220" and b"REQUIRETLS" in proxied.ask(b"EHLO x\r\n")
        proxied.close()
    owlpost.wait_for_mail("joe", 2)
    assert all(b" with ESMTPS id " in m for m in owlpost.messages("joe"))
    for name in ("smtpd", "listener"):
        assert "client by PROXY [192.0.2.77]:5" in owlpost.log(name)


def test_implicit_tls_never_falls_back(secured):
    owlpost = secured.owlpost
    port = owlpost.listen(environment={"SMTPS": ""})
    plain = Plain(port)
    assert plain.hear() == b""
    plain.close()


def test_mail_may_need_tls(secured):
    owlpost = secured.owlpost
    port = owlpost.listen(environment={"FORCETLS": ""})
    with pytest.raises(smtplib.SMTPSenderRefused, match="454"), owlpost.client(port) as session:
        send(session)
    secured.start()
    with pytest.raises(smtplib.SMTPSenderRefused, match="530"), owlpost.client(port) as session:
        send(session)
    send(secured.client(port))
    owlpost.wait_for_mail("joe")


def test_certificates_let_relay(secured):
    owlpost = secured.owlpost
    known, other = (certificates.make(name, issuer=secured.authority, usage=certificates.ExtendedKeyUsageOID.CLIENT_AUTH)
                    for name in ("known", "other"))
    owlpost.control("tlsclients", known.fingerprint())
    secured.start()
    port = owlpost.listen()
    for certificate, code in ((known, 250), (other, 553), (None, 553)):
        files = certificate and certificate.write(owlpost.folder, "client")
        with secured.client(port, certificate=files) as session:
            session.ehlo()
            session.mail("a@sender.test")
            assert session.rcpt("a@elsewhere.test")[0] == code
    assert f"client known sha256 {known.fingerprint()}" in owlpost.log("smtpd")


def test_requiretls_is_kept(secured):
    owlpost = secured.owlpost
    owlpost.dot_qmail("joe", "", "|exit 111\n")
    secured.start()
    port = owlpost.listen()
    with pytest.raises(smtplib.SMTPSenderRefused, match="555"), owlpost.client(port) as session:
        send(session, options=["REQUIRETLS"])
    send(secured.client(port), options=["REQUIRETLS"])
    number = re.search(r" msg (\d+): message accepted", owlpost.log("smtpd"))[1]
    assert re.search(r"REQUIRETLS: +yes", owlpost.owlq("show", number))


def test_programs_are_told(secured):
    owlpost = secured.owlpost
    program, seen = f"{owlpost.folder}/check", f"{owlpost.folder}/seen"
    with open(program, "w", encoding="ascii") as f:
        f.write(f"#!/bin/sh\nenv >{seen}; exit 0\n")
    os.chmod(program, 0o755)
    os.chmod(owlpost.folder, 0o777)
    secured.start()
    send(secured.client(owlpost.listen(environment={"RCPTCHECK": program})))
    with open(seen, encoding="utf-8") as f:
        told = f.read()
    assert "SSL_PROTOCOL=TLSv1.3\n" in told and re.search("^SSL_CIPHER=TLS_.*$", told, re.MULTILINE)
    assert "SSL_CLIENT_VERIFY=NONE\n" in told


def test_a_handshake_that_stalls_holds_nobody_up(secured):
    """Others go on, and the listener's end is the session's."""
    owlpost = secured.owlpost
    secured.start()
    port = free_port()
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    stalled = Plain(port)
    stalled.hear()
    stalled.ask(b"EHLO x\r\n")
    assert stalled.ask(b"STARTTLS\r\n")[:3] == b"220"
    stalled.say(b"\x16\x03\x01\x02")
    send(secured.client(port))
    owlpost.wait_for_mail("joe")
    listener.signal(signal.SIGTERM)
    assert listener.ended() == 0
    assert "TLS failed: " in owlpost.log("listener")
    assert stalled.hear() == b""
    stalled.close()
