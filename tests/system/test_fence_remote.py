"""The sender's talker is shut in: what the kernel says of one that runs, and its death at every forbidden call."""
import os
import socket
import subprocess

import pytest

import processes
import puppet
from agent import DEFERRAL, REFUSE, REMOTE, SUCCESS, Job, Spawner
from peers import Sink
from test_fence import FORBIDDEN, LESS, limits
from waiting import wait_until

JOB = (1, "sender@sender.test", ["user@sink.test"], b"Subject: owls\n\nhello\n")


@pytest.fixture
def spawners(owlpost):
    """Makes spawners, which log to sender.log."""
    made = []

    def make(wrapper=()):
        with owlpost._log("sender") as log:
            made.append(Spawner([*wrapper, owlpost.program("owl-rspawn")], owlpost.environment | {"PATH": os.environ["PATH"]},
                                stderr=log))
        return made[-1]

    yield make
    for spawner in made:
        spawner.close()


@pytest.fixture
def sink():
    with Sink() as s:
        yield s


def working(owlpost, spawner, sink):
    """A worker that has delivered a message, and its talker."""
    worker = spawner.worker(REMOTE, host="127.0.0.1", port=sink.port)
    (result,) = worker.deliver(Job(*JOB))
    assert result["class"] == SUCCESS, result
    (talker,) = [p for p in owlpost.named("owl-remote") if processes.status(p)["Seccomp"] == "2"]
    return worker, talker


def test_the_kernel_says_that_a_running_talker_is_shut_in(owlpost, spawners, sink):
    worker, talker = working(owlpost, spawners(), sink)
    status, bounds = processes.status(talker), limits(talker)
    assert (status["NoNewPrivs"], status["Seccomp"], status["Threads"]) == ("1", "2", "1")
    assert {int(x, 16) for x in (status["CapEff"], status["CapPrm"], status["CapInh"])} <= {0} or os.geteuid() == 0
    for what in ("Max processes", "Max file size", "Max core file size"):
        assert bounds[what] == ("0", "0"), what
    assert bounds["Max open files"] == ("16", "16")
    assert bounds["Max cpu time"] == ("3600", "3600")
    if owlpost.build != "sanitized":
        assert bounds["Max address space"] == (str(32 * 2**20),) * 2
        held = processes.descriptors(talker)
        assert len(held) == 3 and all(x.startswith("socket:") for x in held.values()), held
    worker.close()


@pytest.mark.needs_root("tracing of processes")
@pytest.mark.skipif(not puppet.possible, reason="the tracer knows x86-64 alone")
def test_a_talker_dies_at_every_forbidden_call(owlpost, spawners, sink):
    spawner = spawners()
    for name in FORBIDDEN:
        since = len(owlpost.log("sender"))
        worker, talker = working(owlpost, spawner, sink)
        puppet.make_call(talker, name)
        assert worker.receive() is None, f"{name}: the runner hears no more"
        worker.sock.close()
        wait_until(lambda: "killed by signal 31" in owlpost.log("sender")[since:], 20,
                   lambda: f"{name}: {owlpost.log('sender')[since:]}")
        wait_until(lambda: not owlpost.named("owl-remote"), 20, "the connector's end")


@pytest.mark.needs_root("tracing of processes")
@pytest.mark.skipif(not puppet.possible, reason="the tracer knows x86-64 alone")
def test_a_talker_lives_on_after_a_call_of_its_list(owlpost, spawners, sink):
    worker, talker = working(owlpost, spawners(), sink)
    puppet.make_call(talker, "getrandom")
    (result,) = worker.deliver(Job(*JOB))
    assert result["class"] == SUCCESS and talker in owlpost.named("owl-remote")
    worker.close()


@pytest.mark.needs_root("tracing of processes")
@pytest.mark.skipif(not puppet.possible, reason="the tracer knows x86-64 alone")
def test_what_a_dead_talker_had_is_deferred(owlpost, sink):
    """With the whole instance: nothing is lost, and nothing comes twice."""
    owlpost.control("smtproutes", f"sink.test:127.0.0.1:{sink.port}")
    owlpost.control("timeoutidle", "60")
    owlpost.start()
    owlpost.inject("Subject: first\n\nbody\n", "user@sink.test", sender="ann@local.test")
    wait_until(lambda: sink.received, 20, lambda: owlpost.log())
    (talker,) = [p for p in owlpost.named("owl-remote") if processes.status(p)["Seccomp"] == "2"]
    puppet.make_call(talker, "execve")
    wait_until(lambda: "killed by signal 31" in owlpost.log(), 20, lambda: owlpost.log())
    owlpost.inject("Subject: second\n\nbody\n", "user@sink.test", sender="ann@local.test")
    wait_until(lambda: len(sink.received) == 2, 20, lambda: owlpost.log())
    owlpost.wait_for_empty_queue()
    assert [r.octets.split(b"\r\n\r\n")[0].split(b"Subject: ")[1] for r in sink.received] == [b"first", b"second"]


def refusal(spawner, sink):
    worker = spawner.worker(REMOTE, host="127.0.0.1", port=sink.port)
    kind, result = worker.receive()
    worker.sock.close()
    assert (kind, result["class"]) == (REFUSE, DEFERRAL), result
    return result


def test_without_seccomp_the_talker_refuses_to_start(owlpost, spawners, sink):
    result = refusal(spawners([*LESS, "seccomp"]), sink)
    assert result["status"] == "4.3.5" and sink.sessions == 0
    assert "unable to shut the talker in: the kernel has no seccomp" in owlpost.log("sender")


def delivers(owlpost, spawner, sink):
    worker = spawner.worker(REMOTE, host="127.0.0.1", port=sink.port)
    (result,) = worker.deliver(Job(*JOB))
    worker.close()
    return result["class"] == SUCCESS


def test_without_seccomp_and_with_allowunfenced_mail_is_sent(owlpost, spawners, sink):
    owlpost.control("allowunfenced", "1")
    assert delivers(owlpost, spawners([*LESS, "seccomp"]), sink)
    assert "talker without seccomp, which the kernel does not have: allowunfenced is set" in owlpost.log("sender")


def test_allowunfenced_takes_nothing_away_where_there_is_seccomp(owlpost, spawners, sink):
    owlpost.control("allowunfenced", "1")
    worker, _ = working(owlpost, spawners(), sink)
    worker.close()
    assert "talker without seccomp" not in owlpost.log("sender")


def test_without_landlock_the_log_says_so(owlpost, spawners, sink):
    assert delivers(owlpost, spawners([*LESS, "landlock"]), sink)
    assert "talker without Landlock, which" in owlpost.log("sender")


@pytest.mark.parametrize("lacks, problem", [("pidfd", "unable to watch"), ("fork", "unable to fork")])
def test_a_verifier_that_cannot_be_had_is_logged_and_not_forgotten(owlpost, spawners, lacks, problem):
    spawner = spawners([*LESS, lacks])
    line = f"owl-rspawn: {problem} the process that answers questions about recipients: "
    wait_until(lambda: owlpost.log("sender").count(line) == 2, 20, lambda: owlpost.log("sender"))
    assert owlpost.named("owl-rspawn") == [spawner.process.pid]


def test_mail_is_sent_without_a_verifier(owlpost, spawners, sink):
    assert delivers(owlpost, spawners([*LESS, "pidfd"]), sink)


@pytest.mark.parametrize("option, wrapper, timeoutdns", [
    ("--test", (*LESS, "seccomp"), None), ("--test", (), "soon"), ("--explain", (), "soon")])
def test_who_asks_by_hand_gets_no_frame(owlpost, option, wrapper, timeoutdns):
    """Why it cannot be done is for the runner, which is not there."""
    owlpost.control("timeoutdns", timeoutdns)
    addresses = ("ann@local.test", "bob@far.test") if option == "--test" else ()
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            p = subprocess.run([*wrapper, owlpost.program("owl-remote"), option, "relay", "127.0.0.1", "2525", *addresses],
                               stdin=theirs, env=owlpost.environment | {"PATH": os.environ["PATH"]},
                               capture_output=True, text=True, timeout=60)
        assert ours.recv(100) == b""
    assert ("seccomp" if wrapper else "timeoutdns") in p.stderr, p
