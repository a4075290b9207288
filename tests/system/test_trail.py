"""One number from the SMTP session to the delivery: what an operator can grep."""
import os
import re
import smtplib
import socket
import struct
import time

import pytest

from instance import ROOT
from trail import wait_for_end
from waiting import wait_until

MESSAGE = "Subject: trail\r\n\r\nbody\r\n"

def send(owlpost, *recipients):
    """The reply to the message's data."""
    with owlpost.client() as session:
        session.ehlo("h.test")
        session.mail("sender@sender.test")
        for r in recipients:
            session.rcpt(r)
        return session.data(MESSAGE)[1].decode()


def filter_of(owlpost, body):
    path = f"{owlpost.folder}/filter"
    with open(path, "w") as f:
        f.write(f"#!/bin/sh\n{body}\n")
    os.chmod(path, 0o755)
    return {"QMAILQUEUE": path}


def test_one_number_from_the_session_to_the_delivery(owlpost):
    owlpost.up()
    reply = send(owlpost, "joe@local.test", "nobody-here@local.test")
    number, pid = re.fullmatch(r"2\.0\.0 ok (\d{16}) qp (\d+)", reply).groups()
    mail = owlpost.wait_for_mail("joe")[0]
    assert re.search(rf"by owlpost\.test with ESMTP id {number};".encode(), mail), mail
    found = wait_for_end(owlpost)
    assert len({session for session, _, _ in found}) == 1
    assert [n for _, n, _ in found] == ["", number, number, ""]
    connect, refused, accepted, end = (words for _, _, words in found)
    assert re.fullmatch(r"connect from \[127\.0\.0\.1\]:\d+.* to 127\.0\.0\.1", connect)
    assert refused.startswith("recipient <nobody-here@local.test> refused: 550 5.1.1 ")
    assert re.fullmatch(
        r"message accepted, octets 21, from <sender@sender\.test> to 1 <joe@local\.test>, refused 1,"
        rf" helo h\.test with ESMTP, client \[127\.0\.0\.1\]:\d+.*, ms \d+: 250 2\.0\.0 ok {number} qp {pid}", accepted)
    assert re.fullmatch(r"end, messages 1 of 1, commands 6, errors 1, last 550 5\.1\.1, octets in \d+ out \d+, ms \d+: client quit", end)
    owlpost.wait_for_empty_queue()
    queue = owlpost.log()
    for line in (f"new msg {number}\n", f"info msg {number}: ", f": msg {number} to local joe@local.test", f"end msg {number}\n"):
        assert line in queue, line
    assert re.search(rf"info msg {number}: .* qp {pid} uid ", queue)


def test_why_is_answered_for_the_number_that_the_client_was_told(owlpost):
    owlpost.control("smtproutes", "away.test:127.0.0.1:9")
    owlpost.up(relay=True)
    number = re.search(r"ok (\d+)", send(owlpost, "someone@away.test"))[1]
    wait_until(lambda: f"msg {number} to remote" in owlpost.log(), 10, owlpost.log)
    why = owlpost.owlq("why", number)
    assert "someone@away.test" in why, why


def test_octets_of_the_session_are_counted(owlpost):
    owlpost.up()
    with socket.create_connection(("127.0.0.1", owlpost.port), 20) as s:
        replies = s.makefile("rb")
        told = replies.readline()
        for line in (b"HELO h\r\n", b"NONSENSE\r\n", b"QUIT\r\n"):
            s.sendall(line)
            told += replies.readline()
    end = wait_for_end(owlpost)[-1][2]
    assert end.startswith(f"end, messages 0 of 0, commands 3, errors 1, last 500 5.5.1, octets in 24 out {len(told)}, ms "), end


def test_what_the_client_says_of_its_message_is_refused_in_the_log(owlpost):
    """Its size; what has no line of its own stands in the last one."""
    owlpost.control("databytes", "1000")
    owlpost.up()
    with owlpost.client() as session:
        session.ehlo("h.test")
        assert session.mail("s@sender.test", ["SIZE=1001"])[0] == 552
        assert session.mail("s@sender.test", ["SIZE=1000"])[0] == 250
        assert session.docmd("RCPT TO:<joe@local.test> COLOUR=RED")[0] == 555
    found = wait_for_end(owlpost)
    assert found[1][1] and found[1][2] == "sender <s@sender.test> refused: 552 5.3.4 that message is too large for this server"
    assert ", errors 2, last 555 5.5.4, octets in " in found[-1][2], found


def test_chunks_that_are_given_up_leave_their_line(owlpost):
    owlpost.up()
    with owlpost.client() as session:
        session.ehlo("h.test")
        session.mail("s@sender.test")
        session.rcpt("joe@local.test")
        session.send(b"BDAT 12\r\nSubject: x\r\n")
        assert session.getreply()[0] == 250
        assert session.rset()[0] == 250
    found = wait_for_end(owlpost)
    assert re.fullmatch(r"message dropped, octets 0, from <s@sender\.test> to 1 <joe@local\.test>, .*: before its end, injector's exit code \d+",
                        found[1][2]), found


@pytest.mark.parametrize("close,words", [
    ("rset", "message dropped, octets 0, from <a@b.test> to 1 <joe@local.test>,"),
    ("close", "message dropped, octets 0, from <a@b.test> to 1 <joe@local.test>,")])
def test_a_transaction_that_is_given_up_leaves_its_line(owlpost, close, words):
    owlpost.up()
    session = owlpost.client()
    session.ehlo()
    session.mail("a@b.test")
    session.rcpt("joe@local.test")
    getattr(session, close)()
    session.close()
    found = wait_for_end(owlpost)
    dropped = [(n, w) for _, n, w in found if "dropped" in w]
    assert len(dropped) == 1 and dropped[0][0], found
    assert dropped[0][1].startswith(words), found
    assert found[-1][2].startswith("end, messages 0 of 1, ")


def test_each_transaction_has_a_number_of_its_own(owlpost):
    owlpost.control("badmailfrom", "@bad.test")
    owlpost.up()
    with owlpost.client() as session:
        for _ in range(3):
            session.sendmail("a@b.test", ["joe@local.test"], MESSAGE)
        with pytest.raises(smtplib.SMTPSenderRefused):
            session.sendmail("a@bad.test", ["joe@local.test"], MESSAGE)
    found = wait_for_end(owlpost)
    numbers = [n for _, n, _ in found if n]
    assert len(numbers) == len(set(numbers)) == 4
    assert found[-2][2].startswith("sender <a@bad.test> refused: 553 5.7.1 ")
    assert found[-1][2].startswith("end, messages 3 of 4, ")
    owlpost.wait_for_mail("joe", 3)
    assert set(re.findall(r"new msg (\d+)", owlpost.log())) == set(numbers[:3])


def test_a_filter_that_sends_twice_uses_the_number_once(owlpost):
    owlpost.start()
    body = (f"t=$(mktemp -d); cat >$t/m; cat <&1 >$t/e\n"
            f"{owlpost.program('owl-queue')} <$t/m 1<$t/e || exit 53\n"
            f"exec {owlpost.program('owl-queue')} <$t/m 1<$t/e")
    owlpost.listen(environment=filter_of(owlpost, body))
    number, pid = re.search(r"ok (\d+) qp (\d+)", send(owlpost, "joe@local.test")).groups()
    owlpost.wait_for_mail("joe", 2)
    taken = re.findall(r"info msg (\d+): .* qp (\d+) uid", owlpost.log())
    assert len({n for n, _ in taken}) == 2
    assert [n for n, _ in taken].count(number) == 1
    assert pid in [p for _, p in taken]


def test_a_filter_that_loses_the_number_leaves_qp(owlpost):
    owlpost.start()
    owlpost.listen(environment=filter_of(owlpost, f"unset OWLPOST_ENVELOPE\nexec {owlpost.program('owl-queue')}"))
    number, pid = re.search(r"ok (\d+) qp (\d+)", send(owlpost, "joe@local.test")).groups()
    owlpost.wait_for_mail("joe")
    other, = re.findall(rf"info msg (\d+): .* qp {pid} uid", owlpost.log())
    assert other != number
    accepted = [w for _, n, w in wait_for_end(owlpost) if n == number][-1]
    assert accepted.startswith("message accepted under another number, ") and accepted.endswith(f"qp {pid}")


@pytest.mark.skipif(not ROOT, reason="everybody is the doorkeeper's user in a private instance")
def test_a_local_user_cannot_choose_the_number(owlpost):
    owlpost.up()
    arrival = int(time.time() * 1e6) - 10 ** 9
    extra = os.memfd_create("envelope", os.MFD_ALLOW_SEALING)
    os.write(extra, b"\0\1" + struct.pack(">HIQ", 0x17, 8, arrival))
    message, envelope = os.pipe(), os.pipe()
    os.write(message[1], b"Subject: x\n\nx\n")
    os.write(envelope[1], b"Fann@local.test\0Tjoe@local.test\0\0")
    os.close(message[1])
    os.close(envelope[1])
    done = owlpost.call("owl-queue", user="ann", stdin=message[0], stdout=envelope[0], capture_output=False,
                        pass_fds=(extra,), environment={"OWLPOST_ENVELOPE": str(extra)})
    assert done.returncode == 0
    owlpost.wait_for_mail("joe")
    number, = re.findall(r"new msg (\d+)", owlpost.log())
    assert int(number) > arrival + 10 ** 8
