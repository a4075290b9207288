"""The receiver on a socket that it gets as 0 and 1, as inetd and systemd (Accept=yes) give it."""
import pwd
import shutil
import smtplib
import socket
import subprocess
import threading

import pytest

from instance import ROOT
from peers import free_port, listens
from waiting import wait_until

MESSAGE = "Subject: by a bare socket\r\n\r\nbody\r\n"


def as_smtpd():
    if not ROOT:
        return {}
    account = pwd.getpwnam("owlsmtpd")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def serve_one(owlpost, listener, *command):
    """Takes one connection; no word of the client in the environment."""
    connection, _ = listener.accept()
    program, *arguments = command or ("owl-smtpd",)
    with connection:
        return subprocess.run([owlpost.program(program), *arguments], stdin=connection, stdout=connection,
                              env=owlpost.environment, timeout=60, **as_smtpd())


@pytest.mark.parametrize("family, address, literal", [(socket.AF_INET, "127.0.0.1", "[127.0.0.1]"),
                                                      (socket.AF_INET6, "::1", "[IPv6:::1]")])
def test_the_client_s_address_comes_from_the_socket(owlpost, family, address, literal):
    owlpost.start()
    with socket.socket(family) as listener:
        listener.bind((address, 0))
        listener.listen()
        server = threading.Thread(target=serve_one, args=(owlpost, listener))
        server.start()
        with smtplib.SMTP(address, listener.getsockname()[1], "client.test", timeout=30) as session:
            session.sendmail("s@sender.test", ["joe@local.test"], MESSAGE)
        server.join(60)
    (mail,) = owlpost.wait_for_mail("joe")
    assert literal.encode() in mail.split(b"\n\n")[0]
    owlpost.stop()


def test_sendmail_on_a_network_connection_is_no_open_relay(owlpost):
    """As in an old inetd.conf: ... nowait ... sendmail -bs"""
    owlpost.start()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = threading.Thread(target=serve_one, args=(owlpost, listener, "sendmail", "-bs"))
        server.start()
        with smtplib.SMTP("127.0.0.1", listener.getsockname()[1], "client.test", timeout=30) as session:
            session.ehlo()
            session.mail("s@sender.test")
            assert session.rcpt("x@elsewhere.test")[0] == 553
            assert session.rcpt("joe@local.test")[0] == 250
        server.join(60)
    owlpost.stop()


@pytest.mark.skipif(not shutil.which("systemd-socket-activate"), reason="systemd is not installed")
def test_by_socket_activation_with_a_process_per_connection(owlpost, bystanders):
    owlpost.start()
    port = free_port()
    activate = subprocess.Popen(
        ["systemd-socket-activate", "--accept", "--inetd", "-l", f"127.0.0.1:{port}",
         *(f"-E{name}={value}" for name, value in owlpost.environment.items()), owlpost.program("owl-smtpd")],
        env=owlpost.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        **as_smtpd())
    try:
        wait_until(lambda: listens(port), 10, f"systemd-socket-activate on port {port}")
        for _ in range(2):
            owlpost.submit(MESSAGE, "joe@local.test", port=port)
        owlpost.wait_for_mail("joe", 2)
    finally:
        activate.terminate()
        activate.wait()
    owlpost.stop()


def test_a_session_on_plain_pipes(owlpost):
    owlpost.start()
    dialog = ("HELO client.test\r\nMAIL FROM:<s@sender.test>\r\nRCPT TO:<joe@local.test>\r\nDATA\r\n"
              f"{MESSAGE}.\r\nQUIT\r\n")
    done = subprocess.run([owlpost.program("owl-smtpd")], input=dialog.encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=owlpost.environment, timeout=60, **as_smtpd())
    assert done.returncode == 0, done.stderr
    codes = [line[:3] for line in done.stdout.decode().splitlines()]
    assert codes == ["220", "250", "250", "250", "354", "250", "221"], done.stdout
    owlpost.wait_for_mail("joe")
    owlpost.stop()
