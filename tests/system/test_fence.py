"""The talker is shut in: what the kernel says of one that runs, and its death at every forbidden call."""
import os
import socket
import sys

import pytest

import processes
import puppet
from waiting import wait_until

LESS = [sys.executable, os.path.join(os.path.dirname(__file__), "lesskernel.py")]
FORBIDDEN = [name for name in puppet.CALLS if name != "getrandom"]


def greeted(owlpost):
    """A session, its first line, and its talker."""
    s = socket.create_connection(("127.0.0.1", owlpost.port), 20)
    s.settimeout(20)
    line = s.makefile("rb").readline()
    if not line.startswith(b"220 "):
        return s, line, None
    talkers = [p for p in owlpost.named("owl-smtpd") if processes.status(p)["Seccomp"] == "2"]
    return s, line, talkers[0] if len(talkers) == 1 else None


def limits(pid):
    with open(f"/proc/{pid}/limits") as f:
        return {line[:25].strip(): tuple(line[25:].split()[:2]) for line in list(f)[1:]}


def last_end(owlpost, since):
    """The log's line about the end of the session that began behind that octet."""
    return wait_until(lambda: next((x for x in owlpost.log("smtpd")[since:].splitlines() if ": end, " in x), None),
                      20, lambda: owlpost.log("smtpd")[since:])


def test_the_kernel_says_that_a_running_talker_is_shut_in(owlpost):
    owlpost.listen()
    s, _, talker = greeted(owlpost)
    with s:
        status, bounds = processes.status(talker), limits(talker)
        assert (status["NoNewPrivs"], status["Seccomp"], status["Threads"]) == ("1", "2", "1")
        assert {int(x, 16) for x in (status["CapEff"], status["CapPrm"], status["CapInh"])} == {0}
        for what in ("Max processes", "Max file size", "Max core file size"):
            assert bounds[what] == ("0", "0"), what
        assert bounds["Max open files"] == ("16", "16")
        assert bounds["Max cpu time"] == ("600", "600")
        if owlpost.build != "sanitized":
            assert bounds["Max address space"] == (str(16 * 2**20),) * 2
            held = processes.descriptors(talker)
            assert set(held) == {0, 2} and all(x.startswith("socket:") for x in held.values()), held


@pytest.mark.needs_root("tracing of processes")
@pytest.mark.skipif(not puppet.possible, reason="the tracer knows x86-64 alone")
def test_a_talker_dies_at_every_forbidden_call(owlpost):
    owlpost.listen()
    for name in FORBIDDEN:
        since = len(owlpost.log("smtpd"))
        s, _, talker = greeted(owlpost)
        with s:
            puppet.make_call(talker, name)
            assert s.recv(100) == b"", f"{name}: the client hears no more"
        assert last_end(owlpost, since).endswith("talker killed by signal 31"), name


@pytest.mark.needs_root("tracing of processes")
@pytest.mark.skipif(not puppet.possible, reason="the tracer knows x86-64 alone")
def test_a_talker_lives_on_after_a_call_of_its_list(owlpost):
    owlpost.listen()
    s, _, talker = greeted(owlpost)
    with s:
        puppet.make_call(talker, "getrandom")
        s.sendall(b"QUIT\r\n")
        assert s.recv(100).startswith(b"221 ")
    assert last_end(owlpost, 0).endswith("client quit")


def test_without_seccomp_the_talker_refuses_to_start(owlpost):
    owlpost.listen(wrapper=[*LESS, "seccomp"])
    s, line, _ = greeted(owlpost)
    with s:
        assert line.startswith(b"421 4.3.0"), line
    assert "unable to shut the talker in: the kernel has no seccomp" in owlpost.log("smtpd")


def test_without_seccomp_and_with_allowunfenced_mail_is_received(owlpost):
    owlpost.control("allowunfenced", "1")
    owlpost.start()
    owlpost.listen(wrapper=[*LESS, "seccomp"])
    owlpost.submit("Subject: t\r\n\r\nbody\r\n", "joe@local.test")
    owlpost.wait_for_mail("joe")
    assert "talker without seccomp, which the kernel does not have: allowunfenced is set" in owlpost.log("smtpd")


def test_allowunfenced_takes_nothing_away_where_there_is_seccomp(owlpost):
    owlpost.control("allowunfenced", "1")
    owlpost.listen()
    s, _, talker = greeted(owlpost)
    with s:
        assert processes.status(talker)["Seccomp"] == "2"
    assert "talker without seccomp" not in owlpost.log("smtpd")


def test_without_landlock_the_log_says_so(owlpost):
    owlpost.listen(wrapper=[*LESS, "landlock"])
    s, line, _ = greeted(owlpost)
    with s:
        assert line.startswith(b"220 ")
    assert "talker without Landlock, which" in owlpost.log("smtpd")
