"""owl-remote as qmail-remote: HOST SENDER RCPT..., the message on descriptor 0, a report on 1."""
import os
import socket
import subprocess
import tempfile

from peers import Sink, free_port

SENDER = "sender@sender.test"
MESSAGE = b"Subject: owls\n\n.hello\nno end"


def by_hand(owlpost, host, *recipients, sender=SENDER, message=MESSAGE):
    """The records of the report, each a letter and its text."""
    p = subprocess.run([owlpost.program("owl-remote"), host, sender, *recipients], input=message,
                       env=owlpost.environment, capture_output=True, timeout=60)
    assert p.returncode == 0, p.stderr
    assert p.stdout.endswith(b"\0")
    return p.stdout.decode().split("\0")[:-1]


def test_each_recipient_has_a_record_and_the_message_one(owlpost):
    answers = {"RCPT TO:<bad@sink.test>": "550 5.1.1 who?", "RCPT TO:<later@sink.test>": "450 wait"}
    with Sink(reply=lambda verb, argument: answers.get(f"{verb} {argument}")) as sink:
        owlpost.control("smtproutes", f"sink.test:127.0.0.1:{sink.port}")
        records = by_hand(owlpost, "sink.test", "good@sink.test", "bad@sink.test", "later@sink.test", "x>@y z")
        assert records == [
            "r",
            "h127.0.0.1 did not take the mail.\nRemote host said: 550 5.1.1 who?\n",
            "s127.0.0.1 did not take the mail.\nRemote host said: 450 wait\n",
            "hthe address has no form in SMTP (#5.1.3)\n",
            "K127.0.0.1 accepted message.\nRemote host said: 250 2.0.0 kept\n"]
        (mail,) = sink.received
        assert (mail.sender, mail.recipients) == (SENDER, ["good@sink.test"])
        assert mail.octets == b"Subject: owls\r\n\r\n.hello\r\nno end\r\n"


def test_a_double_bounce_comes_from_nobody(owlpost):
    with Sink() as sink:
        owlpost.control("smtproutes", f":127.0.0.1:{sink.port}")
        assert by_hand(owlpost, "a.test", "a@a.test", sender="#@[]")[0] == "r"
        assert sink.received[0].sender == ""


def test_a_message_that_nobody_takes(owlpost):
    with Sink(reply=lambda verb, _: "554 5.7.1 no" if verb == "." else None) as sink:
        owlpost.control("smtproutes", f":127.0.0.1:{sink.port}")
        assert [r[0] for r in by_hand(owlpost, "a.test", "a@a.test", "b@a.test", sender="")] == ["h", "h", "D"]
    owlpost.control("smtproutes", f":127.0.0.1:{free_port()}")
    first, message = by_hand(owlpost, "a.test", "a@a.test")
    assert first[0] == "s" and "unable to connect" in first and "(#4.4.1)" in first
    assert message == "Z" + first[1:]


def test_a_thousand_recipients_and_more(owlpost):
    with Sink() as sink:
        owlpost.control("smtproutes", f":127.0.0.1:{sink.port}")
        recipients = [f"r{i}@a.test" for i in range(1500)]
        assert by_hand(owlpost, "a.test", *recipients)[:-1] == ["r"] * 1500
        assert sorted(to for mail in sink.received for to in mail.recipients) == sorted(recipients)
        assert sink.sessions == 1


def test_a_file_is_sent_from_where_it_stands(owlpost):
    with Sink() as sink, tempfile.TemporaryFile() as f:
        owlpost.control("smtproutes", f":127.0.0.1:{sink.port}")
        f.write(b"envelope\nSubject: owls\n\nhello\n")
        for start in (0, 9):
            f.seek(start)
            p = subprocess.run([owlpost.program("owl-remote"), "a.test", SENDER, "a@a.test"], stdin=f,
                               env=owlpost.environment, stdout=subprocess.PIPE, timeout=60)
            assert p.stdout.startswith(b"r\0K127.0.0.1 accepted")
        assert [mail.octets[:9] for mail in sink.received] == [b"envelope\r", b"Subject: "]


def test_a_mailbox_server_and_hosts_that_are_none(owlpost):
    owlpost.control("lmtproutes", f"box.test:{owlpost.folder}/nobody")
    first, _ = by_hand(owlpost, "box.test", "a@box.test")
    assert first[0] == "s" and "/nobody" in first
    assert by_hand(owlpost, "", "a@", "b@") == ["hthere is no such host (#5.1.2)\n"] * 2 + ["Dthere is no such host (#5.1.2)\n"]


def test_a_configuration_that_cannot_be_read_is_a_deferral(owlpost):
    owlpost.control("smtproutes", "a.test:relay:port")
    first, message = by_hand(owlpost, "a.test", "a@a.test")
    assert first == "sunable to read the configuration (#4.3.5)\n" and message[0] == "Z"


def test_too_few_arguments(owlpost):
    p = owlpost.call("owl-remote", "a.test", SENDER)
    assert p.returncode == 100 and b"usage" in (p.stderr.encode() if isinstance(p.stderr, str) else p.stderr)


def test_who_ends_it_leaves_half_a_message_nowhere(owlpost):
    """Killed within the data, it must not end them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        owlpost.control("smtproutes", f":127.0.0.1:{server.getsockname()[1]}")
        p = subprocess.Popen([owlpost.program("owl-remote"), "a.test", SENDER, "a@a.test"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, env=owlpost.environment)
        p.stdin.write(MESSAGE)
        p.stdin.close()
        connection, _ = server.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 hi\r\n")
            for reply in (b"250 hi", b"250 ok", b"250 ok"):
                lines.readline()
                connection.sendall(reply + b"\r\n")
            assert lines.readline() == b"DATA\r\n"
            p.kill()
            p.wait()
            try:
                connection.sendall(b"354 go\r\n")
                rest = lines.read()
            except ConnectionError:
                rest = b""
        p.stdout.close()
    assert not rest.endswith(b"\r\n.\r\n"), rest
