"""owl-qmtpd and owl-qmqpd: from the client to the mailbox."""
import re

import pytest

import senders
import trail
from peers import unpacked
from qmtp import Client, netstring, qmqp_message, qmtp_message
from waiting import wait_until

BODY = b"Subject: octets\n\n.one dot\n..\n\x00\xff 8 bits\n\nFrom here\n" + b"x" * 70000 + b"\nend\n"


def up(instance, program, **how):
    instance.start()
    return instance.listen(program=program, **how)


def body_of(message):
    """What is behind the Received fields."""
    return message[message.index(b"Subject: "):]


def assert_nothing_comes(instance, program):
    wait_until(lambda: not instance.named(program), 20, "the sessions' ends")
    assert not instance.queued()
    assert not instance.maildir("joe") and not instance.maildir("ann")


@pytest.mark.parametrize("encoding", [b"\n", b"\r"])
def test_octets_arrive(owlpost, encoding):
    port = up(owlpost, "owl-qmtpd")
    sent = BODY if encoding == b"\n" else BODY.replace(b"\n", b"\r\n")
    with Client(port) as client:
        client.send(qmtp_message(sent, "s@sender.test", "joe@owlpost.test", encoding=encoding))
        assert re.fullmatch(r"Kok \d+ qp \d+", client.response())
        assert client.end() == b""
    message, = owlpost.wait_for_mail("joe")
    assert body_of(message) == BODY
    assert message.startswith(b"Return-Path: <s@sender.test>\n")
    assert re.search(rb"\nReceived: from unknown \(\[127\.0\.0\.1\]\)\n  by owlpost\.test with QMTP[; ]", message)


def test_each_recipient_has_its_response(owlpost):
    port = up(owlpost, "owl-qmtpd")
    with Client(port) as client:
        client.send(qmtp_message(BODY, "s@sender.test", "nobody@owlpost.test", "joe@owlpost.test", "x@other.test",
                                 "", "a\tb@owlpost.test", "a" * 1100 + "@owlpost.test", "ann@local.test"))
        heard = [client.response() for _ in range(7)]
        assert client.end() == b""
    assert [r[0] for r in heard] == ["D", "K", "D", "D", "D", "D", "K"], heard
    assert "(#5.1.1)" in heard[0] and "(#5.7.1)" in heard[2]
    assert body_of(owlpost.wait_for_mail("joe")[0]) == BODY
    assert body_of(owlpost.wait_for_mail("ann")[0]) == BODY


def test_messages_follow_without_waiting(owlpost):
    port = up(owlpost, "owl-qmtpd")
    with Client(port) as client:
        client.send(b"".join(qmtp_message(b"Subject: %d\n\n" % n, "", "joe@owlpost.test", "no@owlpost.test")
                             for n in range(20)))
        assert [client.response()[0] for _ in range(40)] == ["K", "D"] * 20
    got = {body_of(m) for m in owlpost.wait_for_mail("joe", 20)}
    assert got == {b"Subject: %d\n\n" % n for n in range(20)}


@pytest.mark.parametrize("body, encoding, why", [
    (b"Subject: big\n\n" + b"x" * 5000, b"\n", "(#5.3.4)"),
    (b"Subject: lines\n\n" + b"\n" * 600, b"\n", "(#5.3.4)"),
    (b"Subject: cr\n\na\rb\n", b"\n", "(#5.6.11)"),
    (b"Subject: cr\r\n\r\na\rb\r\n", b"\r", "(#5.6.11)"),
    (b"Subject: lf\r\n\r\na\nb\r\n", b"\r", "(#5.6.11)"),
    (b"Received: x\n" * 5 + b"\n", b"\n", "(#5.4.6)"),
])
def test_refused_messages_leave_client_and_server_in_step(owlpost, body, encoding, why):
    owlpost.control("databytes", "1000")
    owlpost.control("maxhops", "5")
    port = up(owlpost, "owl-qmtpd")
    with Client(port) as client:
        client.send(qmtp_message(body, "s@sender.test", "joe@owlpost.test", "no@owlpost.test", encoding=encoding)
                    + qmtp_message(b"Subject: good\n\n", "s@sender.test", "joe@owlpost.test"))
        for _ in range(2):
            heard = client.response()
            assert heard[0] == "D" and why in heard
        assert client.response()[0] == "K"
    messages = owlpost.wait_for_mail("joe")
    owlpost.wait_for_empty_queue()
    assert [body_of(m) for m in messages] == [b"Subject: good\n\n"]


def test_limits_and_lists(owlpost):
    owlpost.control("badmailfrom", "bad@sender.test")
    owlpost.control("maxrecipients", "2")
    port = up(owlpost, "owl-qmtpd")
    with Client(port) as client:
        client.send(qmtp_message(b"Subject: bad\n\n", "bad@sender.test", "joe@owlpost.test", "x@other.test"))
        for _ in range(2):
            assert "(#5.7.1)" in (heard := client.response()) and heard[0] == "D"
        client.send(qmtp_message(b"Subject: many\n\n", "", *["joe@owlpost.test"] * 4))
        heard = [client.response() for _ in range(4)]
        assert [r[0] for r in heard] == ["K", "K", "Z", "Z"] and "(#4.5.3)" in heard[3]
    owlpost.wait_for_mail("joe", 2)


WHOLE = qmtp_message(b"Subject: whole\n\n", "s@sender.test", "joe@owlpost.test", "ann@owlpost.test")


def test_nothing_of_a_part_is_queued(owlpost):
    port = up(owlpost, "owl-qmtpd")
    for length in range(0, len(WHOLE)):
        with Client(port) as client:
            client.send(WHOLE[:length])
            assert client.end() == b""
    assert_nothing_comes(owlpost, "owl-qmtpd")


@pytest.mark.parametrize("octets", [
    b"EHLO me\r\n", b"0:,", netstring(b"xno encoding"), b"1000000000000000000:\n", b"007:\nabcdef,",
    WHOLE[:-1] + b";", netstring(b"\nSubject: x\n\n") + netstring(b"") + netstring(b"joe@owlpost.test"),
    netstring(b"\n") + netstring(b"") + b"8388609:",
])
def test_what_is_not_formed_ends_the_session(owlpost, octets):
    port = up(owlpost, "owl-qmtpd")
    with Client(port) as client:
        client.send(octets)
        assert client.stream.read() == b""
    assert_nothing_comes(owlpost, "owl-qmtpd")
    assert "hung up" in owlpost.log("smtpd")


def test_qmqp_octets_arrive(owlpost):
    port = up(owlpost, "owl-qmqpd")
    with Client(port) as client:
        client.send(qmqp_message(BODY, "s@sender.test", "joe@owlpost.test", "ann@local.test"))
        assert re.fullmatch(r"Kok \d+ qp \d+", client.response())
        assert client.stream.read() == b"", "one message for each connection"
    for user in ("joe", "ann"):
        message, = owlpost.wait_for_mail(user)
        assert body_of(message) == BODY
        assert re.search(rb"\n  by owlpost\.test with QMQP[; ]", message)


def test_qmqp_clients_may_send_to_anybody(owlpost, bystanders):
    """Without rcpthosts, by Debian's client; who is not there is told by a DSN."""
    owlpost.control("rcpthosts", None)
    port = up(owlpost, "owl-qmqpd")
    program, environment = unpacked("postfix", "qmqp-source")
    for recipient in ("joe@owlpost.test", "nobody@owlpost.test"):
        done = bystanders.start([program, "-m", "20", "-s", "5", "-l", "3000", "-f", "ann@owlpost.test",
                                 "-t", recipient, f"inet:127.0.0.1:{port}"], env=environment)
        assert done.wait(60) == 0
    assert len(owlpost.wait_for_mail("joe", 20)) == 20
    assert all(b"nobody@owlpost.test" in m for m in owlpost.wait_for_mail("ann", 20))


def test_qmqp_takes_all_or_nothing(owlpost):
    owlpost.control("maxrecipients", "3")
    owlpost.control("databytes", "1000")
    owlpost.control("badrcptto", "bad@owlpost.test")
    port = up(owlpost, "owl-qmqpd")
    good = b"Subject: x\n\n"
    for body, recipients, letter, why in (
            (good, ["joe@owlpost.test", "bad@owlpost.test", "ann@owlpost.test"], "D", "(#5.7.1)"),
            (good, ["joe@owlpost.test", ""], "D", "(#5.1.3)"),
            (good, [], "D", "(#5.1.1)"),
            (good, ["joe@owlpost.test"] * 4, "Z", "(#4.5.3)"),
            (good + b"x" * 1000, ["joe@owlpost.test"], "D", "(#5.3.4)"),
            (good + b"a\r\n", ["joe@owlpost.test"], "D", "(#5.6.11)")):
        with Client(port) as client:
            client.send(qmqp_message(body, "s@sender.test", *recipients))
            heard = client.response()
            assert heard[0] == letter and why in heard, (body[:20], recipients, heard)
    assert_nothing_comes(owlpost, "owl-qmqpd")


def test_nothing_of_a_part_of_qmqp_is_queued(owlpost):
    port = up(owlpost, "owl-qmqpd")
    whole = qmqp_message(b"Subject: whole\n\n", "s@sender.test", "joe@owlpost.test")
    for octets in [whole[:n] for n in range(len(whole))] + [whole[:-1] + b";", b"9:5:12345,0,,"]:
        with Client(port) as client:
            client.send(octets)
            assert client.end() == b""
    assert_nothing_comes(owlpost, "owl-qmqpd")


SUBJECT, FROM = b"Subject: x\n\n", "from <s@sender.test> to "
DROPPED, CODE = "message dropped, octets 0, " + FROM, r", client \S+, ms \d+: %s, injector's exit code \d+"
LOGGED = [  # body, recipient, the lines with the message's number
    (SUBJECT, "joe@local.test", [r"message accepted, octets 12, " + FROM + r"1 <joe@local\.test> with QM.P, client .*: 250 2\.0\.0 ok .*"]),
    (SUBJECT, "bad@local.test", [r"recipient <bad@local\.test> refused: 553 5\.7\.1 sorry, .*",
                                 DROPPED + "0, refused 1 with QM.P" + CODE % "5.7.1"]),
    (b"a\rb\n", "joe@local.test", [DROPPED + "0 with QM.P" + CODE % "5.6.11 CR or LF alone"]),
    (b"Received:\n" * 5, "joe@local.test", [DROPPED + "0 with QM.P" + CODE % "5.4.6 too many hops"]),
    (b"x\n" * 700, "joe@local.test", [DROPPED + "0 with QM.P" + CODE % "5.3.4 too large"]),
    (b"x" * 2001, "joe@local.test", ["sender <s@sender.test> refused: 552 5.3.4 that message is too large for this server"]),
    (SUBJECT, "", [DROPPED + "0 with QM.P" + CODE % "5.1.3"]),
]


@pytest.mark.parametrize("program, message", [("owl-qmtpd", qmtp_message), ("owl-qmqpd", qmqp_message)])
def test_the_log_tells_who_sent_what_and_why_it_was_not_taken(owlpost, program, message):
    """In each session one number for its message (test_trail.py has the rest)."""
    owlpost.control("badrcptto", "bad@local.test")
    owlpost.control("databytes", "2000")
    owlpost.control("maxhops", "5")
    port = up(owlpost, program)
    for nth, (body, recipient, expected) in enumerate(LOGGED, 1):
        with Client(port) as client:
            client.send(message(body, "s@sender.test", recipient))
            client.end()
        found = trail.wait_for_end(owlpost, nth)
        found = [line for line in found if line[0] == found[-1][0]]
        words = [w for _, n, w in found if n]
        assert len({n for _, n, _ in found if n}) == 1 and len(words) == len(expected), found
        assert all(re.fullmatch(*pair) for pair in zip(expected, words)), (expected, words)
        assert found[0][2].startswith("connect from [127.0.0.1]:")
        assert re.fullmatch(rf"end, messages {int('accepted' in words[0])} of 1, commands 0, errors 0, octets in \d+ out \d+,"
                            r" ms \d+: client quit", found[-1][2]), found
    number, = re.findall(rf"{program} \d+: session \d+ msg (\d+): message accepted", owlpost.log("smtpd"))
    owlpost.wait_for_mail("joe")
    assert f"new msg {number}\n" in owlpost.log()


def test_nullmailer_sends_by_qmqp(owlpost):
    owlpost.port = up(owlpost, "owl-qmqpd")
    body = b"Subject: null\n\n.gr\xc3\xbc\xc3\x9fe\n"
    assert "ok " in senders.nullmailer_by_qmqp(owlpost, "s@sender.test", ["joe@local.test", "ann@local.test"], body)
    for user in ("joe", "ann"):
        mail, = owlpost.wait_for_mail(user)
        assert mail.endswith(b"\n" + body) and b" with QMQP id " in mail, mail
    with pytest.raises(senders.Failed, match="no address"):
        senders.nullmailer_by_qmqp(owlpost, "s@sender.test", ["a\tb@local.test"], body)
