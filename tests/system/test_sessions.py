"""Mailboxes are opened by owl-lspawn for who has logged in, and for nobody else."""
import hashlib
import hmac
import os
import re
import signal
import socket
import subprocess

import pytest

import authd
import processes
import strace
from authd import RIGHT, Link
from instance import ROOT
from mailboxdoor import ANSWER, END, LATER, REFUSED, STARTED, Door, frame
from overlay import without_account
from peers import free_port
from tlsserver import has_in_memory
from waiting import wait_until

SECRET = "tan sta=af,t"


def up(owlpost, **controls):
    for name, value in controls.items():
        owlpost.control(name, value)
    owlpost.start()
    authd.wait_for_daemon(owlpost)
    authd.wait_for_mailboxes(owlpost)


def log_in(owlpost, user, secret=SECRET, **items):
    """The pass of who logs in."""
    with Link(owlpost) as link:
        answer = link.ask(authd.PASSWORD, **({"service": "pop3", "user": user, "secret": secret} | items))
        assert answer["class"] == RIGHT
        return answer["pass"]


def put_message(owlpost, user, name, octets):
    path = f"{owlpost.home(user)}/Maildir/new/{name}"
    with open(path, "wb") as f:
        f.write(octets)
    owlpost.give(user, path)


@pytest.fixture
def mailboxes(owlpost):
    owlpost.mailboxes({"joe": SECRET, "ann@local.test": SECRET})
    return owlpost


def test_who_has_logged_in_gets_the_mailbox(mailboxes):
    owlpost = mailboxes
    put_message(owlpost, "joe", "1.a", b"Subject: one\n\ntext\n")
    up(owlpost)
    with Door(owlpost) as door:
        answer = door.ask(log_in(owlpost, "joe"), waiting=b"STAT\r\n")
        assert answer == {"class": STARTED, "status": "2.0.0", "text": "started"}
        assert door.line().startswith("+OK")
        assert door.line() == "+OK 1 22"
        assert door.command("RETR 1").startswith("+OK")
        assert [door.line() for _ in range(4)] == ["Subject: one", "", "text", "."]
        assert door.command("DELE 1").startswith("+OK")
        assert door.quit() == {"seen": 1, "retrieved": 1, "sent": 22, "removed": 1, "text": "quit"}
    assert owlpost.maildir("joe") == [] and os.listdir(f"{owlpost.home('joe')}/Maildir/cur") == []


@pytest.mark.needs_root("other users")
def test_the_session_is_the_user_s(mailboxes):
    """What owl-pop3d is, has open, and finds in its environment."""
    owlpost = mailboxes
    owlpost.environment["SECRET_OF_ROOT"] = "x"
    up(owlpost)
    with Door(owlpost) as door:
        door.ask(log_in(owlpost, "joe", tls="TLSv1.3 TLS_AES_256_GCM_SHA384"), name="client.test", local="192.0.2.2",
                 local_port=995, tls="TLSv1.3 TLS_AES_256_GCM_SHA384", language="de")
        door.line()
        pid, = owlpost.named("owl-pop3d")
        status = open(f"/proc/{pid}/status").read()
        uid, gid = (str(number) for number in identity(owlpost, "joe"))
        assert re.search(r"Uid:\s+(.*)", status).group(1).split() == [uid] * 4
        assert re.search(r"Gid:\s+(.*)", status).group(1).split() == [gid] * 4
        assert re.search(r"Groups:\s*(.*)", status).group(1).split() == [gid]
        assert re.search(r"CapPrm:\s+0+\n", status) and re.search(r"NoNewPrivs:\s+1\n", status)
        assert os.readlink(f"/proc/{pid}/cwd") == f"{owlpost.home('joe')}/Maildir"
        opened = {fd: os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
        assert opened["0"] == opened["1"] and opened["0"].startswith("socket:")
        assert opened["2"] == "/dev/null" or owlpost.build == "sanitized"
        assert opened["3"].startswith("socket:") and opened["3"] != opened["0"]
        others = [path for fd, path in opened.items() if int(fd) > 3]
        assert all(path.startswith(f"{owlpost.home('joe')}/Maildir") for path in others), others
        found = dict(each.split("=", 1) for each in open(f"/proc/{pid}/environ").read().split("\0") if each)
        assert found.pop("PATH").endswith(":/usr/local/bin:/usr/bin:/bin")
        assert found == {
            "PROTO": "TCP", "TCPREMOTEIP": "192.0.2.1", "TCPREMOTEPORT": "4711", "TCPREMOTEHOST": "client.test",
            "TCPLOCALIP": "192.0.2.2", "TCPLOCALPORT": "995", "SSL_PROTOCOL": "TLSv1.3",
            "SSL_CIPHER": "TLS_AES_256_GCM_SHA384", "USER": "joe", "HOME": owlpost.home("joe"),
            "MAILBOX_LOGIN": "joe", "MAILBOX_LANGUAGE": "de", "MAILBOX_DOOR": "3"}
        door.quit()


@pytest.mark.needs_root("strace on processes of another user")
def test_root_reads_nothing_and_the_session_is_shut_in(mailboxes, bystanders):
    """What is root takes the stream and reads none of it; the session sees its Maildir and no other file."""
    owlpost = mailboxes
    put_message(owlpost, "joe", "1.a", b"Subject: one\n\ntext\n")
    up(owlpost)
    word = log_in(owlpost, "joe")
    trace = f"{owlpost.folder}/strace"
    tracer = strace.attach(bystanders, owlpost.named("owl-lspawn"), trace)
    with Door(owlpost) as door:
        assert door.ask(word, waiting=b"RETR 1\r\n")["class"] == STARTED
        assert door.line().startswith("+OK") and door.line().startswith("+OK")
        assert [door.line() for _ in range(4)][-1] == "."
        assert door.quit()["retrieved"] == 1
        stream = f":[{door.inode}"
    strace.detach(tracer)
    calls = strace.read(trace)
    pid = next(call.pid for call in calls if call.name == "execve" and call.result == "0")
    begun = next(i for i, call in enumerate(calls) if call.pid == pid and call.name == "execve")
    assert {call.name for call in calls[:begun] if stream in call.text} <= {"recvmsg", "getsockopt", "fcntl", "dup2", "close"}
    assert all(stream not in call.target for call in calls[:begun] if call.name == "recvmsg")
    assert not [call for call in calls if call.pid != pid and stream in call.target and call.name not in
                ("getsockopt", "close")]
    session = [call for call in calls[begun:] if call.pid == pid]
    fenced = next(i for i, call in enumerate(session) if call.name == "landlock_restrict_self" and call.result == "0")
    maildir = f"{owlpost.home('joe')}/Maildir"
    opened = [re.search(r"= \d+<(.*)>$", call.text) for call in session[fenced:] if call.name.startswith("open")]
    opened = [found.group(1) for found in opened if found]
    assert any(path.startswith(f"{maildir}/cur/1.a") or path.startswith(f"{maildir}/new/1.a") for path in opened), opened
    assert all(path == maildir or path.startswith(f"{maildir}/") for path in opened), opened
    assert [call for call in session[fenced:] if stream in call.target and call.name in ("read", "recvfrom", "recvmsg")]
    assert not [call for call in session[:fenced] if f"{maildir}/" in call.text or stream in call.target]


def identity(owlpost, user):
    found = os.stat(owlpost.home(user))
    return found.st_uid, found.st_gid


def refusal(owlpost, word, **items):
    with Door(owlpost) as door:
        answer = door.ask(word, **items)
        assert door.receive(END) is None
        assert door.stream.recv(100) == b""
        return answer["class"]


NAMES = {
    "joe": "joe",
    "Joe@OWLPOST.test": "joe",           # locals
    "ann@local.test": "ann",
    "info@assigned.test": "mallory",     # virtualdomains and users/assign
    "joe-list": None,                    # extensions
    "joe-": None,
    "one@virtual.test": None,
    "two@virtual.test": None,
    "x@assigned.test": None,
    "joe@elsewhere.test": None,          # not ours
    "nobody": None,                      # the alias user's
    "root": None,
    "aliased": None,
}


def test_names_are_addresses(owlpost):
    """By locals, virtualdomains, users/assign and the accounts; what is left over opens nobody's mailbox."""
    owlpost.mailboxes({name: SECRET for name in NAMES})
    owlpost.control("virtualdomains", "one@virtual.test:ann\nvirtual.test:joe\nassigned.test:as")
    uid, gid = identity(owlpost, "mallory")
    os.mkdir(f"{owlpost.controls}/users")
    with open(f"{owlpost.controls}/users/assign", "w") as f:
        f.write(f"=as-info:mallory:{uid}:{gid}:{owlpost.home('mallory')}:::\n"
                f"+as-:mallory:{uid}:{gid}:{owlpost.home('mallory')}:-::\n.\n")
    owlpost.call("owl-newu", check=True)
    with open(f"{owlpost.controls}/aliases", "w") as f:
        f.write("aliased: joe\n")
    for user in ("joe", "ann", "mallory"):
        put_message(owlpost, user, f"1.{user}", f"Subject: {user}\n\n".encode())
    up(owlpost)
    found = {}
    for name in NAMES:
        with Door(owlpost) as door:
            answer = door.ask(log_in(owlpost, name))
            found[name] = None
            if answer["class"] == STARTED:
                door.line()
                assert door.command("RETR 1").startswith("+OK")
                found[name] = door.line().removeprefix("Subject: ")
            else:
                assert answer["class"] == REFUSED and "no mailbox for this log-in" in answer["text"], (name, answer)
    assert found == NAMES
    assert "owl-lspawn: pop3 refused: there is no mailbox for this log-in: the name is an extension" in owlpost.log()


def test_nobody_gets_in_without_a_pass(mailboxes):
    owlpost = mailboxes
    up(owlpost)
    good = log_in(owlpost, "joe")
    assert refusal(owlpost, bytes(len(good))) == REFUSED
    assert refusal(owlpost, good[:-1] + bytes([good[-1] ^ 1])) == REFUSED
    assert refusal(owlpost, good.replace(b"joe", b"ann")) == REFUSED
    assert refusal(owlpost, b"x") == REFUSED
    assert refusal(owlpost, good, client="192.0.2.7") == REFUSED
    assert refusal(owlpost, good, service="imap") == REFUSED
    assert refusal(owlpost, log_in(owlpost, "joe", service="imap")) == REFUSED
    assert "the pass is none of owl-authd's" in owlpost.log() and "the pass is for something else" in owlpost.log()
    # of a service without mailboxes there is none; nor before SCRAM's proof
    with Link(owlpost) as link:
        assert "pass" not in link.ask(authd.PASSWORD, user="joe", secret=SECRET)
        assert "pass" not in link.ask(authd.SCRAM, service="pop3", user="joe")
        assert "pass" not in link.ask(authd.MECHANISMS, service="pop3")
        assert "pass" not in link.ask(authd.PASSWORD, service="pop3", user="joe", secret="wrong")
    # and that of an earlier start is worth nothing
    owlpost.stop()
    up(owlpost)
    assert refusal(owlpost, good) == REFUSED
    with Door(owlpost) as door:
        assert door.ask(log_in(owlpost, "joe"))["class"] == STARTED


def test_every_mechanism_gives_a_pass(mailboxes):
    owlpost = mailboxes
    fingerprint = "0123456789abcdef" * 4
    up(owlpost, authcertificates=f"{fingerprint}:joe", authmechanisms="PLAIN CRAM-MD5 SCRAM-SHA-256 EXTERNAL")
    challenge = "<1.2@owlpost.test>"
    with Link(owlpost) as link:
        answers = [
            link.prove("joe", SECRET, service="pop3"),
            link.ask(authd.RESPONSE, mechanism="CRAM-MD5", service="pop3", user="joe", challenge=challenge,
                     response=hmac.new(SECRET.encode(), challenge.encode(), "md5").hexdigest()),
            link.ask(authd.RESPONSE, mechanism="APOP", service="pop3", user="joe", challenge=challenge,
                     response=hashlib.md5((challenge + SECRET).encode()).hexdigest()),
            link.ask(authd.EXTERNAL, mechanism="EXTERNAL", service="pop3", certificate=fingerprint)]
    for answer in answers:
        assert answer["user"] == b"joe"
        with Door(owlpost) as door:
            assert door.ask(answer["pass"])["class"] == STARTED
            assert door.line().startswith("+OK")


def find_key(pid, word):
    """The key that has sealed the pass, in the program's own variables."""
    payload, seal = word[:-32], word[-32:]
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        lines = maps.read().splitlines()
        last = max(i for i, line in enumerate(lines) if line.endswith("/owl-lspawn"))
        for line in lines[:last + 2]:  # behind the last one of the file its other variables
            start, end = (int(n, 16) for n in line.split()[0].split("-"))
            octets = os.pread(memory.fileno(), end - start, start) if "w" in line.split()[1] else b""
            for i in range(0, len(octets) - 31, 8):
                if hmac.digest(octets[i:i + 32], b"owlpost pass 1\0" + payload, "sha256") == seal:
                    return octets[i:i + 32]
    return None


@pytest.mark.needs_root("to look into others' memory")
def test_the_key_is_nobody_else_s(mailboxes):
    """Its descriptor is named to two alone, and it is in the memory of whom needs it."""
    owlpost = mailboxes
    if owlpost.build == "sanitized":
        pytest.skip("a sanitizer's memory is too large to be read")
    up(owlpost)
    with Door(owlpost) as door:
        word = log_in(owlpost, "joe")
        door.ask(word)
        door.line()
        spawner, = (pid for pid in owlpost.named("owl-lspawn") if processes.stat(pid)[2] == owlpost.starter.pid)
        key = find_key(spawner, word)
        assert key, "the spawner has it"
        told, has = set(), []
        for pid in owlpost.pids():
            if "PASS_KEY_FD=" in open(f"/proc/{pid}/environ").read():
                told.add(processes.name(pid))
            if has_in_memory(pid, [key]):
                has.append(processes.name(pid))
        assert told == {"owl-lspawn", "owl-authd"}
        # one owl-lspawn: it itself; the other one opens mailboxes; the third answers about recipients and has none
        assert sorted(has) == ["owl-authd", "owl-lspawn", "owl-lspawn", "owl-start"]
        assert len(owlpost.named("owl-lspawn")) == 3
        door.quit()


def test_malformed_requests(mailboxes):
    owlpost = mailboxes
    up(owlpost)
    word = log_in(owlpost, "joe")
    whole = frame(**{"service": "pop3", "pass": word, "client": "192.0.2.1"})
    without = frame(flags=0, **{"service": "pop3", "pass": word, "client": "192.0.2.1"})
    for raw in (b"USER joe\r\nPASS x\r\n", without, frame(kind=ANSWER, service="pop3"), frame(service="pop3"),
                whole[:8] + b"\xff" * (len(whole) - 8)):
        ours, theirs = socket.socketpair()
        with Door(owlpost) as door, ours, theirs:
            door.say(raw, None if raw == without or raw[:4] == b"USER" else theirs)
            if raw[:4] == b"USER":
                door.sock.shutdown(socket.SHUT_WR)
            assert door.receive(ANSWER) is None
    # what is no stream of octets is none to be served
    with Door(owlpost) as door, open("/dev/null", "r+b") as nothing:
        door.say(whole, nothing)
        assert door.receive(ANSWER)["class"] == REFUSED
    with Door(owlpost) as door:
        assert door.ask(word)["class"] == STARTED


@pytest.mark.needs_root("other users")
def test_who_may_ask_for_a_mailbox(mailboxes):
    owlpost = mailboxes
    up(owlpost)
    folder = os.stat(f"{owlpost.run}/mailbox")
    assert (folder.st_mode & 0o777, folder.st_uid) == (0o710, 0)
    code = "import sys; sys.path[:0] = sys.argv[1:2]; import mailboxdoor, types; " \
           "print(mailboxdoor.Door(types.SimpleNamespace(run=sys.argv[2])).ask(b'x'))"
    for user, expected in (("owlpop", "owl-authd's"), ("mallory", "PermissionError"), ("owlsmtpd", "PermissionError")):
        done = subprocess.run(["python3", "-c", code, os.path.dirname(__file__), owlpost.run], capture_output=True,
                              text=True, **owlpost.identity(user))
        assert expected in done.stdout + done.stderr


def test_limits(mailboxes):
    owlpost = mailboxes
    up(owlpost, maxsessionsperuser="2", maxmailboxsessions="3")
    doors = []
    for user in ("joe", "joe", "ann@local.test"):
        doors.append(Door(owlpost))
        assert doors[-1].ask(log_in(owlpost, user))["class"] == STARTED
        doors[-1].line()
    with Door(owlpost) as door:
        answer = door.ask(log_in(owlpost, "joe"))
        assert (answer["class"], answer["text"]) == (LATER, "this user has too many sessions")
    with Door(owlpost) as door:
        assert door.ask(log_in(owlpost, "ann@local.test"))["class"] == LATER
    assert "there are too many sessions" in owlpost.log()
    doors[0].quit()
    # its place is free once its process has been waited for
    wait_until(lambda: len(owlpost.named("owl-pop3d")) == 2, 20, lambda: "owl-pop3d does not end")
    with Door(owlpost) as door:
        assert door.ask(log_in(owlpost, "joe"))["class"] == STARTED
    for door in doors:
        door.close()


def test_a_session_that_could_not_begin_is_no_log_in(mailboxes):
    """LOGIN-DELAY is for who had a session."""
    owlpost = mailboxes
    os.rename(f"{owlpost.home('joe')}/Maildir", f"{owlpost.home('joe')}/elsewhere")
    up(owlpost, pop3logindelay="3600")

    def first_line():
        with Door(owlpost) as door:
            answer = door.ask(log_in(owlpost, "joe"))
            return door.line() if answer["class"] == STARTED else answer["text"]

    assert first_line().startswith("-ERR [SYS/TEMP]")
    os.rename(f"{owlpost.home('joe')}/elsewhere", f"{owlpost.home('joe')}/Maildir")
    # the end of its process is noticed a little later
    wait_until(lambda: first_line().startswith("+OK"), 20, "a user without a session has to wait")
    assert first_line() == "this user has logged in too little ago"
    if not ROOT:
        return
    os.chmod(owlpost.home("ann"), 0)
    with Door(owlpost) as door:
        assert door.ask(log_in(owlpost, "ann@local.test"))["text"] == "this mailbox has a problem just now"
    os.chmod(owlpost.home("ann"), 0o755)

    def opens():
        with Door(owlpost) as door:
            return door.ask(log_in(owlpost, "ann@local.test"))["class"] == STARTED

    wait_until(opens, 20, "a user without a session has to wait")


def test_what_is_wrong_with_a_home_is_the_operator_s_to_know(mailboxes):
    owlpost = mailboxes
    os.rename(f"{owlpost.home('joe')}/Maildir", f"{owlpost.home('joe')}/elsewhere")
    up(owlpost)
    with Door(owlpost) as door:
        assert door.ask(log_in(owlpost, "joe"))["class"] == STARTED
        assert door.line().startswith("-ERR [SYS/TEMP]")
        assert "Maildir: No such file or directory" in door.receive(END)["text"]
    owlpost.control("mailboxmaildir", "elsewhere")
    owlpost.stop()
    up(owlpost)
    with Door(owlpost) as door:
        assert door.ask(log_in(owlpost, "joe"))["class"] == STARTED
        assert door.line().startswith("+OK")
    if not ROOT:
        return
    os.chmod(owlpost.home("ann"), 0)
    with Door(owlpost) as door:
        answer = door.ask(log_in(owlpost, "ann@local.test"))
        assert (answer["class"], answer["text"]) == (LATER, "this mailbox has a problem just now")
    assert "pop3 deferred: unable to enter home" in owlpost.log()


def test_sessions_go_down_with_the_service(mailboxes):
    owlpost = mailboxes
    put_message(owlpost, "joe", "1.a", b"Subject: one\n\ntext\n")
    up(owlpost)
    with Door(owlpost) as door:
        door.ask(log_in(owlpost, "joe"))
        door.line()
        assert door.command("DELE 1").startswith("+OK")
        owlpost.stop()
        assert door.receive(END) is None
    assert len(owlpost.maildir("joe")) + len(os.listdir(f"{owlpost.home('joe')}/Maildir/cur")) == 1


def test_another_process_takes_the_door_s_place(mailboxes):
    """The process that opens mailboxes is started again; sessions end with the one that began them."""
    owlpost = mailboxes
    up(owlpost)
    children = [pid for pid in owlpost.named("owl-lspawn") if processes.stat(pid)[2] in owlpost.named("owl-lspawn")]
    assert len(children) == 2
    for pid in children:
        os.kill(pid, 9)
    wait_until(lambda: not set(children) & set(owlpost.named("owl-lspawn")), 20, lambda: "they do not end")

    def opens():
        try:
            with Door(owlpost) as door:
                return door.ask(log_in(owlpost, "joe"))["class"] == STARTED
        except (ConnectionRefusedError, FileNotFoundError):
            return False
    wait_until(opens, 20, lambda: owlpost.log())
    assert owlpost.log().count("a process that is kept died, and is started again: Killed") == 2


def test_control_files_are_read_again(mailboxes):
    owlpost = mailboxes
    up(owlpost)
    os.rename(f"{owlpost.home('joe')}/Maildir", f"{owlpost.home('joe')}/elsewhere")

    def first_words():
        with Door(owlpost) as door:
            assert door.ask(log_in(owlpost, "joe"))["class"] == STARTED
            return door.line()
    assert first_words().startswith("-ERR")
    owlpost.control("mailboxmaildir", "elsewhere")
    owlpost.control("maxsessionsperuser", "many")
    owlpost.starter.send_signal(signal.SIGHUP)
    wait_until(lambda: owlpost.log().count("control files kept as they were") >= 3, 20, owlpost.log)
    assert first_words().startswith("-ERR")
    owlpost.control("maxsessionsperuser", None)
    owlpost.starter.send_signal(signal.SIGHUP)
    wait_until(lambda: first_words().startswith("+OK"), 20, owlpost.log)


@pytest.fixture
def no_pop_user():
    with without_account("owlpop"):
        yield


@pytest.mark.needs_root("accounts of the system's")
def test_a_host_that_lacks_the_user_has_mail_and_no_mailboxes(mailboxes, no_pop_user):
    """As after an upgrade of one that was set up before there were mailbox servers."""
    owlpost = mailboxes
    owlpost.control("pop3listen", f"127.0.0.1:{free_port()}")
    owlpost.start()
    authd.wait_for_daemon(owlpost)
    assert "there is no user owlpop: add it, or take pop3listen away" in owlpost.log()
    assert authd.ask(owlpost, "joe", SECRET) == RIGHT
    assert not os.path.exists(f"{owlpost.run}/mailbox")
    assert len(owlpost.named("owl-lspawn")) == 2 and not owlpost.named("owl-popup")
    assert owlpost.inject(b"Subject: owls\n\nhello\n", "joe@owlpost.test").returncode == 0
    owlpost.wait_for_empty_queue()
    assert len(owlpost.maildir("joe")) == 1
