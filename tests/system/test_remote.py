"""owl-rspawn and owl-remote, with the runner's part played by agent.py."""
import contextlib
import fcntl
import os
import random
import socket
import time

import pytest

import agent
import processes
from agent import DEFERRAL, FAILURE, REMOTE, SUCCESS, Job, Spawner
from mixtures import wire_form
from peers import Sink, Unbound, free_port
from waiting import wait_until

SENDER = "sender@sender.test"
BODY = b"Subject: owls\n\nhello\n"


@pytest.fixture
def spawner(owlpost):
    owlpost.control("timeoutconnect", "5")
    s = Spawner([owlpost.program("owl-rspawn")], owlpost.environment | {"PATH": os.environ["PATH"]})
    yield s
    if s.process.poll() is None:
        assert s.close() == 0
    wait_until(lambda: not owlpost.named("owl-remote"), 20, "the end of all senders")


def test_a_thousand_messages_use_one_connection(spawner):
    choose = random.Random(7)
    bodies = [b"Subject: %d\n\n" % i + b"%d\n" % choose.getrandbits(64) * choose.randrange(300) for i in range(1000)]
    with Sink() as sink:
        worker = spawner.worker(REMOTE, host="127.0.0.1", port=sink.port)
        start = time.monotonic()
        for i, body in enumerate(bodies):
            (result,) = worker.deliver(Job(i, SENDER, [f"user{i}@sink.test"], body))
            assert (result["class"], result["reply_code"], result["action"]) == (SUCCESS, 250, 1), result
            assert result["text"] == "2.0.0 kept" and result["address"] == "127.0.0.1"
        print(f"{1000 / (time.monotonic() - start):.0f} messages/s")
        worker.close()
        assert sink.sessions == 1
        assert [r.octets for r in sink.received] == [wire_form(b) for b in bodies]


@pytest.mark.parametrize("inline", [True, False])
def test_bodies_arrive_as_they_are(spawner, inline):
    choose = random.Random(11)
    bodies = [b"", b".", b".\n", b"a\n.\nb\n", b"a\r\n.b\r\n", b"a\r.\rb", b"\r", b"\r\r\n", b"no end", b"\n\n"]
    bodies += [bytes(choose.choices(b".\r\nxy\xff\0", k=choose.randrange(3000))) for _ in range(50)]
    if not inline:
        bodies += [bytes(choose.choices(b".\r\nxyz", k=200_000)), b"x" * 65535 + b"\r\n" + b".\n" * 70_000]
    with Sink() as sink:
        worker = spawner.worker(REMOTE, host="127.0.0.1", port=sink.port)
        for i, body in enumerate(bodies):
            (result,) = worker.deliver(Job(i, SENDER, ["user@sink.test"], body, inline=inline))
            assert result["class"] == SUCCESS, result
            assert sink.received[-1].octets == wire_form(body), f"body {i}"
        worker.close()


def test_each_recipient_gets_its_own_result(spawner):
    answers = {"RCPT TO:<bad@sink.test>": "550 5.1.1 who?", "RCPT TO:<later@sink.test>": "450 wait"}
    with Sink(reply=lambda verb, argument: answers.get(f"{verb} {argument}")) as sink:
        worker = spawner.worker(REMOTE, host="127.0.0.1", port=sink.port)
        recipients = ["good@sink.test", "bad@sink.test", "later@sink.test", "also good@sink.test", "x>@y z"]
        results = worker.deliver(Job(1, SENDER, recipients, BODY))
        assert [(r["class"], r["status"]) for r in results] == [
            (SUCCESS, "2.0.0"), (FAILURE, "5.1.1"), (DEFERRAL, "4.2.0"), (SUCCESS, "2.0.0"), (FAILURE, "5.1.3")]
        assert [r.recipients for r in sink.received] == [["good@sink.test", '"also good"@sink.test']]
        worker.close()


def test_a_server_s_limits_are_kept(spawner):
    """Seven recipients make three transactions, and a session is done after two."""
    limits = "250-sink.test\r\n250-PIPELINING\r\n250 LIMITS RCPTMAX=3 MAILMAX=2"
    recipients = [f"user{i}@sink.test" for i in range(7)]
    with Sink(reply=lambda verb, _: limits if verb == "EHLO" else None) as sink:
        worker = spawner.worker(REMOTE, host="127.0.0.1", port=sink.port)
        for i in range(5):
            assert {r["class"] for r in worker.deliver(Job(i, SENDER, recipients, BODY))} == {SUCCESS}
        worker.close()
        assert [len(r.recipients) for r in sink.received] == [3, 3, 1] * 5
        assert [r.session for r in sink.received] == [1 + n // 2 for n in range(15)] and sink.sessions == 8


def test_too_many_recipients_get_another_transaction(spawner):
    taken = 0

    def reply(verb, _):
        nonlocal taken
        taken = 0 if verb == "MAIL" else taken + (verb == "RCPT")
        return "452 4.5.3 too many" if verb == "RCPT" and taken > 3 else None

    recipients = [f"user{i}@sink.test" for i in range(7)]
    with Sink(reply=reply) as sink:
        worker = spawner.worker(REMOTE, host="127.0.0.1", port=sink.port)
        assert {r["class"] for r in worker.deliver(Job(1, SENDER, recipients, BODY))} == {SUCCESS}
        worker.close()
        assert [to for r in sink.received for to in r.recipients] == recipients and sink.sessions == 1


def test_a_server_that_ends_sessions_defers_nothing(spawner):
    taken = 0

    def reply(verb, _):
        nonlocal taken
        if verb == "MAIL" and taken == 7:
            taken = 0
            return "421 4.7.0 too many messages"
        taken += verb == "."
        return None

    with Sink(reply=reply) as sink:
        worker = spawner.worker(REMOTE, host="127.0.0.1", port=sink.port)
        for i in range(50):
            (result,) = worker.deliver(Job(i, SENDER, ["user@sink.test"], BODY))
            assert result["class"] == SUCCESS, result
        worker.close()
        assert len(sink.received) == 50 and sink.sessions == 8


def test_a_server_that_restarts_defers_nothing(spawner):
    port = free_port()
    with Sink(port) as sink:
        worker = spawner.worker(REMOTE, host="127.0.0.1", port=port)
        assert worker.deliver(Job(1, SENDER, ["user@sink.test"], BODY))[0]["class"] == SUCCESS
        assert len(sink.received) == 1
    with Sink(port) as sink:
        assert worker.deliver(Job(2, SENDER, ["user@sink.test"], BODY))[0]["class"] == SUCCESS
        worker.close()
        assert len(sink.received) == 1


def test_a_server_that_is_away_defers(spawner):
    port = free_port()
    worker = spawner.worker(REMOTE, host="127.0.0.1", port=port)
    (result,) = worker.deliver(Job(1, SENDER, ["user@sink.test"], BODY))
    assert (result["class"], result["status"]) == (DEFERRAL, "4.4.1") and "refused" in result["text"]
    with Sink(port) as sink:
        assert worker.deliver(Job(2, SENDER, ["user@sink.test"], BODY))[0]["class"] == SUCCESS
        worker.close()
        assert len(sink.received) == 1


def test_a_message_that_needs_tls_does_not_go_without(spawner):
    with Sink() as sink:
        worker = spawner.worker(REMOTE, host="127.0.0.1", port=sink.port)
        (result,) = worker.deliver(Job(1, SENDER, ["user@sink.test"], BODY, extra=agent.item(agent.REQUIRETLS, b"")))
        assert (result["class"], result["status"]) == (FAILURE, "5.7.10")
        worker.close()
        assert not sink.received


def test_a_body_that_is_cut_short_does_not_go(spawner):
    with Sink() as sink:
        worker = spawner.worker(REMOTE, host="127.0.0.1", port=sink.port)
        (result,) = worker.deliver(Job(1, SENDER, ["user@sink.test"], BODY, inline=False, size=len(BODY) + 1))
        assert (result["class"], result["status"]) == (DEFERRAL, "4.3.0")
        worker.close()
        assert sink.received == []


def test_the_message_stays_when_the_runner_goes(spawner, owlpost):
    """Killed between RCPT and the end of the data, the runner could not record a success."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        worker = spawner.worker(REMOTE, host="127.0.0.1", port=listener.getsockname()[1])
        worker.send(Job(1, SENDER, ["user@sink.test"], BODY))
        server, _ = listener.accept()
        with server, server.makefile("rwb") as stream:
            for reply in (b"220 mx", b"250 mx", b"250 ok", b"250 ok"):
                stream.write(reply + b"\r\n")
                stream.flush()
                line = stream.readline()
            assert line == b"DATA\r\n"
            worker.sock.close()
            wait_until(lambda: not owlpost.named("owl-remote"), 10, "the sender's end")
            assert stream.read() == b""


def test_answers_of_a_mailbox_server_are_told_at_once(spawner, folder):
    """The next one may be long in coming, and what was answered is final."""
    path = f"{folder}/s"
    with socket.create_server(path, family=socket.AF_UNIX) as listener:
        os.chmod(path, 0o777)
        worker = spawner.worker(REMOTE, lmtp_path=path)
        worker.send(Job(1, SENDER, ["one@store.test", "two@store.test", "three@store.test"], BODY))
        server, _ = listener.accept()
        with server, server.makefile("rwb") as stream:
            for reply in (b"220 store", b"250 store", b"250 ok", b"250 ok", b"250 ok", b"250 ok", b"354 go"):
                stream.write(reply + b"\r\n")
                stream.flush()
                stream.readline()
            stream.write(b"250 2.0.0 kept\r\n")
            stream.flush()
            _, first = worker.receive()
            assert (first["index"], first["class"], first.get("action", 0)) == (0, SUCCESS, 0)
            stream.write(b"552 5.2.2 full\r\n")
            stream.flush()
            _, second = worker.receive()
            assert (second["index"], second["class"], second["status"]) == (1, FAILURE, "5.2.2")
    _, third = worker.receive()
    assert (third["index"], third["class"], third["status"]) == (2, DEFERRAL, "4.4.2")
    worker.close()


def test_the_runner_is_told_of_a_silence_and_of_its_end(spawner):
    """It takes the place away and gives it back by that."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        worker = spawner.worker(REMOTE, host="127.0.0.1", port=listener.getsockname()[1])
        worker.send(Job(1, SENDER, ["user@sink.test"], BODY))
        server, _ = listener.accept()
        with server, server.makefile("rwb") as stream:
            for reply in (b"220 sink", b"250 sink", b"250 ok"):
                assert agent.receive_frame(worker.sock, worker.buffer) == (agent.SILENT, b"")
                stream.write(reply + b"\r\n")
                stream.flush()
                assert agent.receive_frame(worker.sock, worker.buffer) == (agent.HEARD, b"")
            stream.write(b"250 ok\r\n354 go\r\n")
            stream.flush()
            while stream.readline() != b".\r\n":  # a success before it would answer nothing
                pass
            stream.write(b"250 kept\r\n")
            stream.flush()
    _, result = worker.receive()
    assert result["class"] == SUCCESS and worker.words[agent.HEARD] == worker.words[agent.SILENT]
    worker.close()


def held_by(pid):
    return {os.readlink(f"/proc/{pid}/fd/{n}") for n in os.listdir(f"/proc/{pid}/fd")}


def test_two_processes_of_which_one_is_shut_in(spawner, owlpost):
    """Once both have come to rest: a job may be done before the connector has closed what it handed on."""
    with Sink() as sink:
        worker = spawner.worker(REMOTE, host="127.0.0.1", port=sink.port)
        worker.deliver(Job(1, SENDER, ["user@sink.test"], BODY))
        wait_until(lambda: len(owlpost.named("owl-remote")) == 2, 20, owlpost.log)
        pids = owlpost.named("owl-remote")
        (talker,) = [p for p in pids if processes.status(p)["Seccomp"] == "2"]
        held = held_by(talker)
        assert len(held) == 3 and all(h.startswith("socket:") for h in held), held
        (connector,) = set(pids) - {talker}
        wait_until(lambda: not held_by(connector) & held, 20,
                   "the connector to keep neither the runner's socket nor the connection")
        worker.close()


@pytest.mark.parametrize("seed", range(20))
def test_malformed_frames_end_a_worker(spawner, seed):
    choose = random.Random(seed)
    whole = agent.frame(agent.JOB, Job(1, SENDER, ["user@sink.test"], BODY).payload())
    octets = bytearray(whole)
    if seed % 2:
        octets = octets[:choose.randrange(1, len(octets))]
    else:
        octets[choose.randrange(24)] ^= 1 << choose.randrange(8)
    worker = spawner.worker(REMOTE, host="127.0.0.1", port=free_port(), timeout=20)
    worker.sock.sendall(octets)
    worker.sock.shutdown(socket.SHUT_WR)
    while agent.receive_frame(worker.sock, worker.buffer):
        pass
    worker.sock.close()


@pytest.mark.parametrize("octets", [b"\0" * 8, b"GET / HTTP/1.0\r\n\r\n", agent.frame(agent.JOB), agent.frame(agent.WORKER),
                                    agent.frame(agent.WORKER, agent.item(0x0304, REMOTE))])
def test_malformed_frames_end_the_spawner(spawner, octets):
    spawner.sock.sendall(octets)
    assert spawner.process.wait(10) == 111


def test_a_worker_of_another_channel_is_refused(spawner):
    worker = spawner.worker(agent.LOCAL, address="joe@local.test")
    kind, result = worker.receive()
    assert (kind, result["class"], result["status"]) == (agent.REFUSE, DEFERRAL, "4.3.0")
    assert worker.receive() is None
    worker.sock.close()


def test_a_bad_control_file_defers(spawner, owlpost):
    owlpost.control("timeoutremote", "soon")
    worker = spawner.worker(REMOTE, host="127.0.0.1", port=free_port())
    kind, result = worker.receive()
    assert (kind, result["class"], result["status"]) == (agent.REFUSE, DEFERRAL, "4.3.5")
    assert worker.receive() is None
    worker.sock.close()


def test_who_finds_no_room_to_connect_does_not_blame_the_host(spawner, owlpost):
    """All places are taken at once, by a lock of the test's own."""
    owlpost.control("timeoutconnect", "1")
    with Sink() as sink, taken_places(spawner.process.pid):
        worker = spawner.worker(REMOTE, host="127.0.0.1", port=sink.port)
        (result,) = worker.deliver(Job(1, SENDER, ["user@sink.test"], BODY))
        worker.close()
    assert (result["class"], result["status"]) == (DEFERRAL, "4.3.0") and "too many others" in result["text"], result


@contextlib.contextmanager
def taken_places(pid):
    folder = f"/proc/{pid}/fd"
    wait_until(lambda: any("owlpost-deadlist" in os.readlink(f"{folder}/{n}") for n in os.listdir(folder)), 20, "the file")
    (path,) = [f"{folder}/{n}" for n in os.listdir(folder) if "owlpost-deadlist" in os.readlink(f"{folder}/{n}")]
    with open(path, "r+b", buffering=0) as f:
        fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, 0, 1 << 40)  # behind the list itself
        yield


def test_a_worker_that_cannot_be_started_is_refused(owlpost, folder):
    environment = owlpost.environment | {"OWLPOST_LIBEXEC": folder, "PATH": os.environ["PATH"]}
    spawner = Spawner([owlpost.program("owl-rspawn")], environment)
    worker = spawner.worker(REMOTE, host="127.0.0.1", port=free_port())
    kind, result = worker.receive()
    assert (kind, result["class"], result["status"]) == (agent.REFUSE, DEFERRAL, "4.3.0")
    assert worker.receive() is None
    worker.sock.close()
    assert spawner.close() == 0


# ---- by DNS

RECORDS = (
    "one.test. MX 10 a.one.test.", "one.test. MX 10 b.one.test.",
    "a.one.test. A 127.0.0.2", "b.one.test. A 127.0.0.3",
    "many.test. MX 5 gone.many.test.", "many.test. MX 10 gone.many.test.", "many.test. MX 20 a.one.test.",
    "cname.test. CNAME one.test.",
    "tired.test. MX 10 a.one.test.", "tired.test. MX 20 dead.tired.test.", "dead.tired.test. A 127.0.0.9",
    "loop.test. MX 10 owlpost.test.", "loop.test. MX 20 a.one.test.",
    "backup.test. MX 10 a.one.test.", "backup.test. MX 20 OWLPOST.test.", "backup.test. MX 20 c.one.test.",
    "ipme.test. MX 10 ipme.test.", "ipme.test. A 127.0.0.1",
    "here.test. A 127.0.0.1",
    "null.test. MX 0 .",
    "homeless.test. MX 10 gone.many.test.",
    "empty.test. TXT nothing",
    *(f"long.test. MX {10 + n} a-rather-long-name-of-a-mail-exchanger-{n}.long.test." for n in range(40)),
    "a-rather-long-name-of-a-mail-exchanger-0.long.test. A 127.0.0.2",
)


@pytest.mark.needs_root("port 53, and addresses with port 25 free")
class TestByDns:
    @pytest.fixture
    def deliver(self, spawner, owlpost, bystanders, folder):
        Unbound(bystanders, folder, RECORDS)
        owlpost.control("timeoutdns", "3")

        def deliver(host, use_mx=True, port=25):
            worker = spawner.worker(REMOTE, host=host, port=port, use_mx=use_mx)
            (result,) = worker.deliver(Job(1, SENDER, ["user@sink.test"], BODY))
            worker.close()
            return result
        return deliver

    @pytest.mark.parametrize("host", ["many.test", "backup.test", "[127.0.0.2]", "long.test"])
    def test_mail_gets_there(self, deliver, host):
        with Sink(25, address="127.0.0.2"):
            result = deliver(host)
            assert (result["class"], result["address"]) == (SUCCESS, "127.0.0.2"), result

    def test_equal_hosts_share(self, deliver):
        with Sink(25, address="127.0.0.2") as a, Sink(25, address="127.0.0.3") as b:
            for _ in range(32):
                assert deliver("cname.test")["class"] == SUCCESS
            assert a.received and b.received

    def test_a_host_that_refuses_in_its_greeting_is_passed_over(self, deliver):
        with Sink(25, address="127.0.0.2", reply=lambda verb, _: "554 no" if verb == "CONNECT" else None), \
                Sink(25, address="127.0.0.3") as b:
            for i in range(8):
                assert deliver("one.test")["class"] == SUCCESS
                assert len(b.received) == i + 1

    @pytest.mark.parametrize("stage", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"])
    def test_the_words_of_who_spoke_are_told(self, deliver, stage):
        with Sink(25, address="127.0.0.2", reply=lambda verb, _: "421 4.3.2 tired" if verb == stage else None):
            result = deliver("tired.test")
            assert (result["class"], result["reply_code"], result["text"], result["host"]) == (
                DEFERRAL, 421, "4.3.2 tired", "a.one.test")

    def test_the_last_refusal_is_told(self, deliver):
        with Sink(25, address="127.0.0.2", reply=lambda verb, _: "554 no" if verb == "CONNECT" else None):
            result = deliver("many.test")
            assert (result["class"], result["reply_code"], result["text"], result["host"]) == (
                DEFERRAL, 554, "no", "a.one.test")

    @pytest.mark.parametrize("host, kind, status", [
        ("loop.test", FAILURE, "5.4.6"), ("ipme.test", FAILURE, "5.4.6"), ("here.test", FAILURE, "5.4.6"),
        ("null.test", FAILURE, "5.1.10"), ("not-there.test", FAILURE, "5.1.2"), ("empty.test", FAILURE, "5.1.2"),
        ("homeless.test", DEFERRAL, "4.4.4"), ("one.test", DEFERRAL, "4.4.1"), ("[127.0.0.2]", DEFERRAL, "4.4.1")])
    def test_why_not(self, deliver, host, kind, status):
        result = deliver(host)
        assert (result["class"], result["status"]) == (kind, status), result

    def test_a_relay_has_no_mx_and_may_be_here(self, deliver):
        with Sink(2525, address="127.0.0.1"), Sink(2525, address="127.0.0.2"):
            assert deliver("here.test", use_mx=False, port=2525)["class"] == SUCCESS
            assert deliver("127.0.0.2", use_mx=False, port=2525)["class"] == SUCCESS
            assert deliver("[127.0.0.2]", use_mx=False, port=2525)["class"] == SUCCESS
        assert deliver("not-there.test", use_mx=False)["class"] == DEFERRAL

    def test_a_silent_name_server_takes_timeoutdns(self, spawner, owlpost):
        owlpost.control("timeoutdns", "2")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 53))
            start = time.monotonic()
            worker = spawner.worker(REMOTE, host="one.test", use_mx=True)
            (result,) = worker.deliver(Job(1, SENDER, ["user@sink.test"], BODY))
            worker.close()
        assert (result["class"], result["status"]) == (DEFERRAL, "4.4.3"), result
        assert 1.5 < time.monotonic() - start < 4
