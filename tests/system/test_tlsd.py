"""owl-tlsd as a server: which certificate, when it is read, and what is refused."""
import contextlib
import os
import signal
import socket
import ssl
import subprocess
import threading

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

import certificates
import strace
from certificates import DAY
from overlay import without_account
from tlsserver import Meeting, master, processes, unverified
from tlswire import CLIENT, SERVER, ask
from waiting import wait_until

ROOT = certificates.authority("root")
RSA = certificates.make("rsa", ["mx.a.test"], issuer=ROOT, key="rsa")
EC = certificates.make("ec", ["mx.a.test"], issuer=ROOT)
OTHER = certificates.make("other", ["mx.b.test", "*.c.test"], issuer=ROOT)
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def shown(meeting):
    assert meeting.client, (meeting.error, meeting.facts)
    return meeting.client.getpeercert(binary_form=True)


@pytest.mark.parametrize("version, ciphers, name, certificate", [
    (V12, "aRSA", "mx.a.test", RSA), (V12, "ECDSA", "mx.a.test", EC), (V13, None, "mx.a.test", EC),
    (V12, "ECDSA", "mx.b.test", OTHER), (V13, None, "x.c.test", OTHER),
    (V13, None, "nobody.test", EC), (V12, "aRSA", None, RSA),
])
def test_certificate_is_chosen_by_name_and_by_what_the_client_can(owlpost, version, ciphers, name, certificate):
    owlpost.tls(RSA, EC, OTHER)
    owlpost.start()
    with Meeting(owlpost, unverified(version, ciphers), name) as meeting:
        assert shown(meeting) == certificate.octets(0)
        assert meeting.facts["version"] == ("TLSv1.2" if version == V12 else "TLSv1.3")
        assert meeting.facts.get("sni", "") == (name or "")
        meeting.echo()


def test_rsa_alone_with_both_versions(owlpost):
    owlpost.tls(RSA)
    owlpost.start()
    for version in (V12, V13):
        with Meeting(owlpost, unverified(version)) as meeting:
            assert shown(meeting) == RSA.octets(0)
            meeting.echo()


def test_hangup_reads_certificates_anew_and_sessions_go_on(owlpost):
    owlpost.tls(EC)
    owlpost.start()
    with Meeting(owlpost) as old:
        owlpost.tls(RSA)
        owlpost.starter.send_signal(signal.SIGHUP)
        wait_until(lambda: "read the control files anew" in owlpost.log(), 20, owlpost.log)
        with Meeting(owlpost) as new:
            assert shown(new) == RSA.octets(0)
        old.echo()
        old.echo(b"x" * 100000)
    with Meeting(owlpost) as again:
        assert shown(again) == RSA.octets(0)


def break_key(files):
    with open(files[1], "w") as f:
        f.write(certificates.make("x", key="ec").key_pem)


def break_mode(files):
    os.chmod(files[1], 0o644)


def break_file(files):
    with open(files[0], "w") as f:
        f.write("no certificate\n")


BROKEN = [(break_key, "not the certificate's"), (break_mode, "everybody may read"), (break_file, "unable to read certificate"),
          (lambda files: os.unlink(files[1]), "No such file")]


@pytest.mark.parametrize("harm, text", BROKEN)
def test_what_cannot_be_used_is_said_and_changes_nothing(owlpost, harm, text):
    owlpost.tls(EC)
    owlpost.start()
    owlpost.tls(OTHER)
    with open(f"{owlpost.controls}/tlscertificates") as f:
        harm(f.read().split())
    owlpost.starter.send_signal(signal.SIGHUP)
    wait_until(lambda: "nothing is changed" in owlpost.log(), 20, owlpost.log)
    assert text in owlpost.log()
    with Meeting(owlpost) as meeting:
        assert shown(meeting) == EC.octets(0)


@pytest.mark.needs_root("strace on processes of another user")
def test_a_hangup_without_room_for_processes_changes_nothing(owlpost, bystanders, folder):
    owlpost.tls(EC)
    owlpost.start()
    owlpost.tls(RSA)
    options = ["-e", "inject=fork,vfork,clone,clone3:error=EAGAIN"]
    tracer = strace.attach(bystanders, [master(owlpost)], f"{folder}/strace", options)
    owlpost.starter.send_signal(signal.SIGHUP)
    wait_until(lambda: "unable to fork" in owlpost.log(), 20, owlpost.log)
    strace.detach(tracer)
    with Meeting(owlpost) as meeting:
        assert shown(meeting) == EC.octets(0)
    owlpost.starter.send_signal(signal.SIGHUP)
    wait_until(lambda: "read the control files anew" in owlpost.log(), 20, owlpost.log)
    with Meeting(owlpost) as meeting:
        assert shown(meeting) == RSA.octets(0)


@pytest.mark.needs_root("strace on processes of another user")
def test_it_comes_again_when_there_is_room_for_processes(owlpost, bystanders, folder):
    owlpost.tls(EC)
    owlpost.start()
    ours = master(owlpost)
    options = ["-e", "inject=fork,vfork,clone,clone3:error=EAGAIN"]
    tracer = strace.attach(bystanders, [ours], f"{folder}/strace", options)
    for pid in processes(owlpost):
        if pid != ours:
            with contextlib.suppress(ProcessLookupError):  # it may have gone with the one before
                os.kill(pid, signal.SIGKILL)
    wait_until(lambda: "unable to fork" in owlpost.log(), 20, owlpost.log)
    assert not os.path.exists(f"{owlpost.run}/tls/certificate")
    strace.detach(tracer)
    wait_until(lambda: os.path.exists(f"{owlpost.run}/tls/certificate"), 20, owlpost.log)
    with Meeting(owlpost) as meeting:
        assert shown(meeting) == EC.octets(0)


@pytest.mark.needs_root("strace on processes of another user")
def test_the_starter_goes_on_when_there_is_no_room_for_it(owlpost, bystanders, folder):
    owlpost.tls(EC)
    owlpost.start()
    tracer = strace.attach(bystanders, [owlpost.starter.pid], f"{folder}/strace", ["-e", "inject=fork,vfork,clone,clone3:error=EAGAIN"])
    os.kill(master(owlpost), signal.SIGKILL)
    wait_until(lambda: "unable to start owl-tlsd again: " in owlpost.log(), 20, owlpost.log)
    strace.detach(tracer)
    wait_until(lambda: processes(owlpost), 20, owlpost.log)
    with Meeting(owlpost) as meeting:
        assert shown(meeting) == EC.octets(0)


def test_warnings_at_the_start(owlpost):
    owlpost.tls(certificates.make("mx.b.test", ["mx.b.test"], start=-3 * DAY, end=-DAY))
    owlpost.start()
    wait_until(lambda: "it has expired" in owlpost.log(), 20, owlpost.log)
    assert "no certificate is for owlpost.test" in owlpost.log()
    with Meeting(owlpost) as meeting:
        meeting.echo()


@pytest.mark.parametrize("revoked", [False, True])
def test_ocsp_answer_is_shown_when_it_says_good(owlpost, revoked):
    owlpost.tls(EC, staple=certificates.staple(EC, revoked))
    owlpost.start()
    listener = socket.create_server(("127.0.0.1", 0))
    client = subprocess.Popen(["openssl", "s_client", "-status", "-connect", "127.0.0.1:%d" % listener.getsockname()[1]],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    accepted, _ = listener.accept()
    facts, plain = ask(f"{owlpost.run}/tls/socket", accepted, role=SERVER)
    plain.close()
    output = client.communicate(timeout=30)[0].decode()
    assert facts["ok"] == "1"
    assert ("OCSP Response Status: successful" in output) == (not revoked), output
    assert ("none is shown" in owlpost.log()) == revoked


@pytest.mark.parametrize("version", [V12, V13])
def test_sessions_are_resumed_also_after_a_hangup(owlpost, version):
    owlpost.tls(EC)
    owlpost.start()
    context = unverified(version)
    with Meeting(owlpost, context) as first:
        first.echo()
        assert "resumed" not in first.facts
        session = first.client.session
    with Meeting(owlpost, context, session=session) as second:
        assert second.facts["resumed"] == "1"
        second.echo()
    owlpost.starter.send_signal(signal.SIGHUP)
    wait_until(lambda: "read the control files anew" in owlpost.log(), 20, owlpost.log)
    with Meeting(owlpost, context, session=session) as third:
        assert third.facts["resumed"] == "1"


def test_without_tickets_nothing_is_resumed(owlpost):
    owlpost.control("tlsticketlifetime", "0")
    owlpost.tls(EC)
    owlpost.start()
    context = unverified(V12)
    with Meeting(owlpost, context) as first:
        first.echo()
        session = first.client.session
    with Meeting(owlpost, context, session=session) as second:
        assert "resumed" not in second.facts


@pytest.mark.parametrize("name, value, version, works", [
    ("tlsserverminversion", "1.3", V12, False), ("tlsserverminversion", "1.3", V13, True),
    ("tlsserverciphers", "ECDHE-ECDSA-AES256-GCM-SHA384", V12, True),
])
def test_versions_and_ciphers_of_the_site(owlpost, name, value, version, works):
    owlpost.control(name, value)
    owlpost.tls(EC)
    owlpost.start()
    with Meeting(owlpost, unverified(version)) as meeting:
        assert (meeting.facts["ok"] == "1") == works
        if works and name == "tlsserverciphers":
            assert meeting.client.cipher()[0] == value
        if not works:
            assert meeting.facts["error"].startswith("unable to "), meeting.facts


def test_no_certificate_no_server(owlpost):
    owlpost.control("tlsdaemon", "1")
    owlpost.start()
    wait_until(lambda: processes(owlpost), 20, owlpost.log)
    wait_until(lambda: os.path.exists(f"{owlpost.run}/tls/socket"), 20, owlpost.log)
    with Meeting(owlpost) as meeting:
        assert meeting.facts["ok"] == "0"
        assert meeting.facts["temporary"] == "1"
    assert not os.path.exists(f"{owlpost.run}/tls/certificate")


@pytest.fixture
def no_tls_user():
    with without_account("owltls"):
        yield


@pytest.mark.needs_root("accounts of the system's")
def test_a_host_that_lacks_the_user_has_mail_and_no_tls(owlpost, no_tls_user):
    """As after an upgrade of one that was set up before there was TLS."""
    owlpost.control("tlsdaemon", None)
    owlpost.start()
    assert "there is no user owltls: add it, or write 0 to tlsdaemon" in owlpost.log()
    assert not os.path.exists(f"{owlpost.run}/tls/socket")
    assert owlpost.inject(b"Subject: owls\n\nhello\n", "joe@owlpost.test").returncode == 0
    owlpost.wait_for_empty_queue()
    assert len(owlpost.maildir("joe")) == 1


@pytest.mark.parametrize("there", [True, False])
def test_servers_are_shown_our_certificate(owlpost, folder, there):
    own = certificates.make("client", ["owlpost.test"], issuer=ROOT, usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    owlpost.tls(EC)
    if there:
        path = f"{owlpost.controls}/clientcert.pem"
        with open(path, "w") as f:
            f.write(own.pem + own.key_pem)
        os.chmod(path, 0o640)
        owlpost.give("owltls", path)
    owlpost.start()
    with open(f"{folder}/root.pem", "w") as f:
        f.write(ROOT.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*EC.write(folder, "server"))
    context.load_verify_locations(f"{folder}/root.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    shown_to = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            with context.wrap_socket(listener.accept()[0], server_side=True) as session:
                shown_to.append(session.getpeercert(binary_form=True))
        thread = threading.Thread(target=serve)
        thread.start()
        network = socket.create_connection(listener.getsockname(), 20)
        facts, plain = ask(f"{owlpost.run}/tls/socket", network, role=CLIENT, sni="mx.a.test")
        thread.join(20)
        plain.close()
    assert facts["ok"] == "1", facts
    assert shown_to == [own.octets(0) if there else None]
