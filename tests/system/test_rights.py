"""What the processes may do: their users, their descriptors, their fences."""
import os
import pwd
import re
import socket
import time

import pytest

import processes
from peers import Sink, smtp_source, wait_for_exit
from waiting import wait_until

MESSAGE = "Subject: t\r\n\r\nbody\r\n"


def uids(pid):
    return {int(u) for u in processes.status(pid)["Uid"].split()}


def user(name):
    return {pwd.getpwnam(name).pw_uid}


def socket_inodes(port):
    """Inodes of this port's TCP sockets on the server's side."""
    with open("/proc/net/tcp") as f:
        rows = [line.split() for line in list(f)[1:]]
    return {row[9] for row in rows if int(row[1].split(":")[1], 16) == port and row[3] == "01"}


def session_in_data(owlpost):
    """A session in the middle of its data: (socket, doorkeeper, talker)."""
    s = socket.create_connection(("127.0.0.1", owlpost.port), 20)
    reader = s.makefile("rb")
    for line in (None, "HELO client.test", "MAIL FROM:<a@sender.test>", "RCPT TO:<joe@local.test>", "DATA"):
        if line:
            s.sendall(line.encode() + b"\r\n")
        assert reader.readline()[:1] in b"23"
    s.sendall(b"Subject: half\r\n\r\nhalf of a li")
    pair = wait_until(lambda: (p := owlpost.named("owl-smtpd")) and len(p) == 2 and p, 10, "doorkeeper and talker")
    talkers = [p for p in pair if processes.status(p)["Seccomp"] == "2"]
    assert len(talkers) == 1, "one of the two is shut in"
    (doorkeeper,) = set(pair) - set(talkers)
    return s, doorkeeper, talkers[0]


def kinds(owlpost, pid):
    """{"client", "socket", "pipe", or a path}: what a process holds."""
    client = {f"socket:[{i}]" for i in socket_inodes(owlpost.port)}
    found = []
    for target in processes.descriptors(pid).values():
        if target in client:
            found.append("client")
        else:
            found.append(re.sub(r":\[\d+\]$", "", target))
    return sorted(found)


def test_the_talker_holds_socket_socketpair_and_pipe_alone(owlpost):
    owlpost.up()
    s, doorkeeper, talker = session_in_data(owlpost)
    with s:
        held = kinds(owlpost, talker)
        print("talker", held, "doorkeeper", kinds(owlpost, doorkeeper))
        if owlpost.build == "sanitized":
            held.remove(f"{owlpost.folder}/smtpd.log")  # kept there for the sanitizer's report
        assert set(held) == {"client", "socket", "pipe"}
        assert (held.count("socket"), held.count("pipe")) == (1, 1)
        status = processes.status(talker)
        assert status["NoNewPrivs"] == "1"


@pytest.mark.parametrize("program, injectors", [("owl-queue", "0"), ("owl-queued", "1")])
def test_the_doorkeeper_holds_no_more_of_the_client_than_its_copy_of_the_socket(owlpost, program, injectors):
    owlpost.control("injectors", injectors)
    owlpost.up()
    s, doorkeeper, _ = session_in_data(owlpost)
    with s:
        held = kinds(owlpost, doorkeeper)
        assert "client" in held
        # its side of the socketpair, and of the pipes to the injector; no message data
        def data_pipes():
            pipes = {fd: target for pid in owlpost.named(program)
                     for fd, target in processes.descriptors(pid).items() if target.startswith("pipe:")}
            return {pipes[0]} if program == "owl-queue" and 0 in pipes else program == "owl-queued" and set(pipes.values())

        (data_pipe,) = wait_until(data_pipes, 10, "the injector's pipe")
        assert data_pipe not in processes.descriptors(doorkeeper).values()


def test_the_runner_s_side_has_no_network_and_no_root(owlpost):
    owlpost.up()
    for name in ("owl-send", "owl-queue", "owl-queued", "owl-smtpd"):
        for pid in owlpost.named(name):
            assert 0 not in uids(pid) or os.geteuid() != 0
    (runner,) = owlpost.named("owl-send")
    inodes = {t[8:-1] for t in processes.descriptors(runner).values() if t.startswith("socket:[")}
    with open("/proc/net/tcp") as a, open("/proc/net/udp") as b:
        network = {line.split()[9] for f in (a, b) for line in list(f)[1:]}
    assert not inodes & network


@pytest.mark.needs_root("accounts of their own")
def test_every_process_runs_as_the_user_that_it_should(owlpost):
    table = {"owl-start": {0}, "owl-lspawn": {0}, "owl-send": user("owlsend"), "owl-rspawn": user("owlremote"),
             "owl-smtpd": user("owlsmtpd"), "owl-queued": user("owlqueue")}
    owlpost.up()
    s, _, _ = session_in_data(owlpost)
    with s:
        for name, want in table.items():
            pids = owlpost.named(name)
            assert pids, name
            for pid in pids:
                assert uids(pid) == want, (name, uids(pid))
        for pid in owlpost.named("owl-queued"):
            assert len(set(processes.status(pid)["Gid"].split())) == 1, "not set-gid"
    # where none is ready
    owlpost.stop()
    owlpost.control("injectors", "0")
    owlpost.up()
    s, _, _ = session_in_data(owlpost)
    with s:
        (injector,) = wait_until(lambda: owlpost.named("owl-queue"), 10, "the injector")
        gids = processes.status(injector)["Gid"].split()
        assert uids(injector) == user("owlsmtpd")
        assert len(set(gids[1:3])) == 1 and gids[0] != gids[1], "set-gid"


@pytest.mark.needs_root("the owners of an installed queue")
def test_the_queue_is_closed_to_others(owlpost):
    owlpost.up()
    todo = os.stat(f"{owlpost.queue}/todo")
    assert oct(todo.st_mode)[-4:] == "3770"
    assert {todo.st_uid} == user("owlsend")
    assert owlpost.inject("Subject: t\n\nx\n", "joe@local.test").returncode == 0
    owlpost.wait_for_mail("joe")
    for name in os.listdir(owlpost.queue):
        s = os.stat(f"{owlpost.queue}/{name}")
        assert {s.st_uid} == user("owlsmtpd" if name == "door" else "owlsend"), name
        if os.path.isdir(f"{owlpost.queue}/{name}") and name != "todo" and name != "tmp":
            assert oct(s.st_mode)[-3:] == "700", name


def secrets_in(owlpost, pid, secrets):
    """Descriptors of the process that lie in the queue, or through which a secret can be read."""
    found = []
    for fd, target in processes.descriptors(pid).items():
        path = f"/proc/{pid}/fd/{fd}"
        if target.startswith(owlpost.queue) and not target.endswith("(deleted)"):
            found.append(target)
        if os.path.isfile(path) and processes.may_read(pid, fd):
            with open(path, "rb") as f:
                octets = f.read()
            found += [(target, s) for s in secrets if s in octets]
    return found


@pytest.mark.parametrize("size", [1000, 300_000])
def test_owl_remote_holds_nothing_of_the_queue(owlpost, size):
    held = []

    def look(verb, argument):
        if verb == ".":
            held.extend(owlpost.named("owl-remote"))
            looked.extend(secrets_in(owlpost, p, [b"hidden@other.test"]) for p in held)
            owners.extend(uids(p) for p in held)
    looked, owners = [], []
    with Sink(reply=look) as sink:
        owlpost.control("smtproutes", f"sink.test:127.0.0.1:{sink.port}\nother.test:127.0.0.1:1")
        owlpost.up(relay=True)
        owlpost.submit("Subject: t\r\n\r\n" + "x" * 70 + "\r\n" * (size // 2), "one@sink.test", "hidden@other.test")
        wait_until(lambda: sink.received, 20, lambda: owlpost.log())
    assert held, "no owl-remote was there while the message was sent"
    assert not any(looked), looked
    if os.geteuid() == 0:
        assert all(u == user("owlremote") for u in owners)


def test_owl_local_holds_nothing_of_the_queue_and_is_the_user(owlpost, bystanders):
    owlpost.up()
    source = smtp_source(bystanders, owlpost.port, "joe@local.test", 300, 5, 1000)
    seen = set()
    deadline = time.monotonic() + 30
    while source.poll() is None and time.monotonic() < deadline:
        for pid in set(owlpost.named("owl-local")) - seen:
            stopped = processes.freeze(lambda: [pid])
            try:
                if processes.name(pid) == "owl-local":
                    seen.add(pid)
                    assert not secrets_in(owlpost, pid, [b"owlpost-queue-secret"])
                    if os.geteuid() == 0:
                        assert uids(pid) == user("joe")
                        assert "0" not in processes.status(pid)["Groups"].split()
            except FileNotFoundError:
                pass
            finally:
                processes.thaw(stopped)
    assert wait_for_exit(source, 30) == 0
    assert seen, "no owl-local was caught"
    owlpost.wait_for_mail("joe", 300)
