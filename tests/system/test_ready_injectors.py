"""Injectors that wait at a socket: used when they are there, as good as those
that are started when they are not."""
import os
import pwd
import re
import signal
import smtplib
import socket

import pytest

import processes
from instance import ROOT
from overlay import without_account
from waiting import wait_until

MESSAGE = "From: ann@owlpost.test\nTo: joe@owlpost.test\nSubject: ready\n\nThe body.\n"


def ready(owlpost):
    """Pids of the injectors that wait, when they do."""
    wait_until(lambda: len(owlpost.named("owl-queued")) >= 3 and os.path.exists(f"{owlpost.run}/inject/socket"), 20,
               "no injectors are ready")
    return owlpost.named("owl-queued")


def injector_of(message):
    """The pid that its trace field names."""
    return int(re.search(rb"^Received: \(owlpost (\d+) invoked from network\)", message, re.M).group(1))


def session(owlpost):
    s = smtplib.SMTP("127.0.0.1", owlpost.port, timeout=20)
    s.ehlo("client.test")
    return s


def in_data(owlpost, octets=b"Subject: half\r\n\r\n"):
    """A session in the midst of its data, which an injector has begun to take."""
    s = session(owlpost)
    s.mail("ann@owlpost.test")
    s.rcpt("joe@owlpost.test")
    assert s.docmd("data")[0] == 354
    s.send(octets)
    return s


def taking(pids):
    """Those of the injectors that have a message open."""
    def has_one(pid):
        try:
            return any("/todo/" in target for target in processes.descriptors(pid).values())
        except FileNotFoundError: # it has ended
            return False
    return [pid for pid in pids if has_one(pid)]


def test_a_message_needs_no_new_process_and_keeps_its_facts(owlpost):
    owlpost.up()
    pids = ready(owlpost)
    owlpost.control("locals", "nowhere.test")
    owlpost.control("smtproutes", "owlpost.test:127.0.0.1:1")
    owlpost.starter.send_signal(signal.SIGHUP)
    owlpost.submit(MESSAGE, "joe@owlpost.test", sender="ann@sender.test")
    # deferred: it has left the folder that injectors reach
    (path,) = wait_until(lambda: [p for p in owlpost.queued() if "/wait/" in p and not p.endswith(".log")], 20, "it is gone")
    with open(path, "rb") as f:
        assert injector_of(f.read()) in pids
    if ROOT:
        st = os.stat(path)
        assert (pwd.getpwuid(st.st_uid).pw_name, st.st_mode & 0o7777) == ("owlqueue", 0o440)
    shown = owlpost.owlq("show", os.path.basename(path))
    assert "client address: 127.0.0.1" in shown and "ann@sender.test" in shown, shown
    number = os.path.basename(path).split(".")[0]
    assert re.search(f"{number}.*message accepted", owlpost.log("smtpd")), owlpost.log("smtpd")


def test_without_them_mail_goes_on_and_they_come_back(owlpost):
    owlpost.up()
    pids = ready(owlpost)
    for pid in pids:
        processes.send(pid, signal.SIGKILL)
    wait_until(lambda: not set(pids) & set(owlpost.named("owl-queued")), 10, "they live")
    owlpost.submit(MESSAGE, "joe@owlpost.test")
    pid = injector_of(owlpost.wait_for_mail("joe", 1)[0])
    assert pid not in pids
    again = ready(owlpost)
    owlpost.submit(MESSAGE, "joe@owlpost.test")
    messages = owlpost.wait_for_mail("joe", 2)
    assert {injector_of(m) for m in messages} - {pid} <= set(again)


def test_one_that_dies_loses_nothing_and_another_takes_its_place(owlpost):
    owlpost.up()
    pids = ready(owlpost)
    s = in_data(owlpost)
    (pid,) = wait_until(lambda: taking(pids), 10, "nobody takes it")
    os.kill(pid, signal.SIGKILL)
    s.send(b".\r\n")
    assert s.getreply()[0] == 451
    assert not owlpost.queued()
    wait_until(lambda: len(ready(owlpost)) == len(pids) and pid not in owlpost.named("owl-queued"), 10, "no other one")
    assert s.sendmail("ann@owlpost.test", "joe@owlpost.test", MESSAGE) == {}
    owlpost.wait_for_mail("joe")


def test_what_has_begun_is_finished_when_they_are_told_to_end(owlpost):
    owlpost.up()
    pids = ready(owlpost)
    s = in_data(owlpost)
    wait_until(lambda: taking(pids), 10, "nobody takes it")
    for pid in pids:
        processes.send(pid, signal.SIGTERM)
    wait_until(lambda: not os.path.exists(f"{owlpost.run}/inject/socket"), 10, "they still listen")
    s.send(b"the end\r\n.\r\n")
    assert s.getreply()[0] == 250
    assert injector_of(owlpost.wait_for_mail("joe")[0]) in pids


def test_a_client_that_goes_leaves_nothing(owlpost):
    owlpost.up()
    pids = ready(owlpost)
    s = in_data(owlpost, b"Subject: large\r\n\r\n" + b"x" * 70 + b"\r\n" + b"line\r\n" * 20000)
    wait_until(lambda: taking(pids), 10, "nobody takes it")
    s.close()
    wait_until(lambda: not taking(pids), 10, "it is still there")
    assert not owlpost.queued() and ready(owlpost) == pids


def test_a_program_in_front_is_always_started(owlpost):
    owlpost.up(environment={"QMAILQUEUE": owlpost.program("owl-queue")})
    pids = ready(owlpost)
    owlpost.submit(MESSAGE, "joe@owlpost.test")
    assert injector_of(owlpost.wait_for_mail("joe")[0]) not in pids


@pytest.mark.parametrize("injectors", ["0", "2"])
def test_the_limits_are_the_same(owlpost, injectors):
    owlpost.control("injectors", injectors)
    owlpost.up()
    if injectors != "0":
        ready(owlpost)
    else:
        assert not owlpost.named("owl-queued")

    def refusal(name, value):
        owlpost.control(name, value)
        s = session(owlpost)
        s.mail("ann@owlpost.test")
        assert s.rcpt("joe@owlpost.test")[0] == 250
        answer = s.data(MESSAGE)
        s.quit()
        owlpost.control(name, None)
        return answer[0], answer[1].decode()

    assert refusal("queuebytes", "100") == (554, "5.7.0 the message is larger than the queue takes")
    assert refusal("minfree", str(1 << 60))[0] == 452
    assert refusal("queuebytes", "nonsense")[0] == 451
    assert injectors == "0" or "/queuebytes: it is not a number" in owlpost.log()
    owlpost.control("timeoutqueue", "2")
    s = in_data(owlpost)
    wait_until(lambda: taking(owlpost.pids()), 20, "nobody takes it")
    wait_until(lambda: not taking(owlpost.pids()), 20, "it is still waited for")
    s.send(b".\r\n")
    assert s.getreply()[0] == 451
    assert not owlpost.queued()


def test_the_log_says_when_more_are_wanted_than_there_can_be(owlpost):
    owlpost.control("injectors", "65")
    owlpost.up()
    wait_until(lambda: len(owlpost.named("owl-queued")) == 65, 20, "not all are ready")  # and who starts them
    assert "injectors says more than 64" in owlpost.log()


def test_the_log_names_a_control_file_that_cannot_be_read_at_the_start(owlpost):
    owlpost.control("queuedir", None)
    os.mkdir(f"{owlpost.controls}/queuedir")
    p = owlpost.call("owl-queued")
    said = (p.stdout + p.stderr).decode()
    assert p.returncode == 111 and "queuedir" in said and "queue's folder" not in said, said


@pytest.mark.needs_root("other users")
def test_nobody_else_is_served(owlpost):
    owlpost.up()
    ready(owlpost)
    st = os.stat(f"{owlpost.run}/inject")
    assert (pwd.getpwuid(st.st_uid).pw_name, st.st_gid, st.st_mode & 0o7777) == (
        "owlqueue", pwd.getpwnam("owlsmtpd").pw_gid, 0o710)
    with socket.socket(socket.AF_UNIX) as sock:  # as somebody who may enter, but is not the doorkeeper
        os.setegid(st.st_gid)
        os.seteuid(pwd.getpwnam("owlremote").pw_uid)
        try:
            sock.connect(f"{owlpost.run}/inject/socket")
        finally:
            os.seteuid(0)
            os.setegid(0)
        sock.settimeout(10)
        assert sock.recv(1) == b""


@pytest.fixture
def no_user():
    with without_account("owlqueue"):
        yield


@pytest.mark.needs_root("accounts of the system's")
def test_a_host_that_lacks_the_user_starts_one_for_each_message(owlpost, no_user):
    """As after an upgrade of one that was set up before."""
    owlpost.up()
    assert "there is no user owlqueue: add it, or write 0 to injectors" in owlpost.log()
    assert not owlpost.named("owl-queued")
    owlpost.submit(MESSAGE, "joe@owlpost.test")
    owlpost.wait_for_mail("joe")
