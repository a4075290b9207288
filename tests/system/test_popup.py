"""owl-popup: POP3 from the greeting on, up to the mailbox's session, under tcpserver."""
import base64
import hashlib
import os
import poplib
import pwd
import re
import select
import socket
import subprocess

import pytest

import processes
import scram
from authd import script, wait_for_daemon, wait_for_mailboxes
from instance import ROOT
from peers import free_port
from waiting import wait_until

PASSWORD = "corr ect"


def serve(owlpost):
    """tcpserver as its manual has it: the program as its own user."""
    return owlpost.listen(program="owl-popup", port=free_port())


def log_of(owlpost, pattern):
    wait_until(lambda: re.search(pattern, owlpost.log("pop")), 20, pattern)


def start(owlpost):
    """With all who are asked."""
    owlpost.start()
    wait_for_daemon(owlpost)
    wait_for_mailboxes(owlpost)
    return owlpost


@pytest.fixture
def joe(owlpost):
    owlpost.dot_qmail("joe", "", "./Maildir/\n")
    owlpost.mailboxes({"joe@local.test": PASSWORD})
    owlpost.control("authwithouttls", "1")
    return start(owlpost)


@pytest.fixture
def port(joe):
    return serve(joe)


def log_in(port, password=PASSWORD):
    session = poplib.POP3("127.0.0.1", port, timeout=30)
    session.user("joe@local.test")
    session.pass_(password)
    return session


class Dialog:
    """Lines as they go over the wire."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.file = self.sock.makefile("rb")
        self.greeting = self.line()

    def line(self):
        return self.file.readline().decode().rstrip("\r\n")

    def say(self, octets):
        self.sock.sendall(octets)

    def ask(self, line):
        self.say(line.encode() + b"\r\n")
        return self.line()

    def lines(self):
        return list(iter(self.line, "."))

    def ends(self):
        """Whether nothing more comes; who hangs up waits a moment for the other end to do so."""
        end = self.line()
        self.file.close()
        self.sock.close()
        return end == ""


def test_a_mailbox_is_opened_for_its_password(joe, port):
    joe.inject("Subject: 1\n\nhello\n", "joe@local.test")
    joe.wait_for_mail("joe")
    session = log_in(port)
    assert session.stat()[0] == 1
    assert b"hello" in session.retr(1)[1]
    session.dele(1)
    session.quit()
    assert joe.maildir("joe") == []
    log_of(joe, r"logged in by PLAIN without TLS, user joe@local\.test")
    log_of(joe, r"mailbox: messages 1, retrieved 1, octets \d+, deleted 1: quit")


def test_what_is_wrong_is_told_alike(joe, port):
    session = Dialog(port)
    assert session.greeting.startswith("+OK owlpost.test POP3")
    replies = []
    for user in ("joe@local.test", "nobody@local.test"):
        assert session.ask(f"USER {user}").startswith("+OK")
        replies.append(session.ask("PASS wrong"))
    assert replies[0] == replies[1] and replies[0].startswith("-ERR [AUTH] ")


def test_commands_are_taken_before_their_replies(joe, port):
    """What stands behind the log-in is the session's, whoever's hands it came through."""
    session = Dialog(port)
    session.say(f"USER joe@local.test\r\nPASS {PASSWORD}\r\nSTAT\r\nNOOP\r\nQUIT\r\n".encode())
    assert session.line().startswith("+OK")
    assert session.line() == "+OK 0 messages, 0 octets"
    assert session.line() == "+OK 0 0"
    assert session.line().startswith("+OK")
    assert session.line().startswith("+OK")
    assert session.line() == ""


def test_what_stands_behind_a_log_in_that_fails_is_read(joe, port):
    """A connection that ends with octets unread is reset, and the reply may be lost."""
    os.rmdir(f"{joe.home('joe')}/Maildir/cur")
    session = Dialog(port)
    session.say(f"USER joe@local.test\r\nPASS {PASSWORD}\r\nSTAT\r\nQUIT\r\n".encode())
    assert session.line().startswith("+OK")
    assert session.line() == "-ERR [SYS/TEMP] unable to open the mailbox"
    session.sock.shutdown(socket.SHUT_WR)
    assert session.ends()
    log_of(joe, "unable to open Maildir/cur: No such file or directory")


MANGLED = re.compile(r"<[^<>@ ]+@owlpost\.test>$")

# joe's home, whoever logs in: APOP's digest or the password "tanstaaf"
CHECK = """set -- "$@" -- $(tr '\\0' ' ' <&3)
while [ "$1" != -- ]; do program="$program $1"; shift; done
digest=$(printf '%s' "$4tanstaaf" | md5sum | cut -d' ' -f1)
[ "$3" = "$digest" ] || [ "$3" = tanstaaf ] || exit 1
cd "$HOMES/joe" || exit 111
HOME=$HOMES/joe USER=joe exec $BECOME $program"""


@pytest.fixture
def mrose(owlpost):
    """Who is known to a program of the site's alone, by APOP, too."""
    account = pwd.getpwnam("joe") if ROOT else None
    text = CHECK.replace("$HOMES", os.path.dirname(owlpost.home("joe")))
    become = f"setpriv --reuid {account.pw_uid} --regid {account.pw_gid} --clear-groups" if ROOT else "env"
    for name, value in {"authbackend": f"{script(owlpost, text.replace('$BECOME', become))} true", "authdelay": "0",
                        "authroot": "1" if ROOT else None, "authmechanisms": "PLAIN LOGIN APOP",
                        "authwithouttls": "1"}.items():
        owlpost.control(name, value)
    return start(owlpost)


def put(owlpost, name, octets):
    path = f"{owlpost.home('joe')}/Maildir/new/{name}"
    with open(path, "wb") as f:
        f.write(octets)
    owlpost.give("joe", path)


def message(octets):
    """So many of them, on the wire."""
    head = b"Subject: x\n\n"
    return head + b"a" * (octets - len(head) - 2 - 2) + b"\n"


def test_the_session_of_rfc_1939(mrose):
    """Its section 10, command by command."""
    put(mrose, "1.a", message(120))
    put(mrose, "2.b", message(200))
    session = Dialog(serve(mrose))
    assert session.greeting.startswith("+OK") and MANGLED.search(session.greeting)
    stamp = session.greeting.split()[-1]
    digest = hashlib.md5(f"{stamp}tanstaaf".encode()).hexdigest()
    assert session.ask(f"APOP mrose {digest}") == "+OK 2 messages, 320 octets"
    assert session.ask("STAT") == "+OK 2 320"
    assert session.ask("LIST").startswith("+OK") and session.lines() == ["1 120", "2 200"]
    assert session.ask("RETR 1").startswith("+OK") and "\r\n".join(session.lines()) + "\r\n" == message(120).decode().replace("\n", "\r\n")
    assert session.ask("DELE 1").startswith("+OK")
    assert session.ask("RETR 2").startswith("+OK") and len(session.lines()) == 3
    assert session.ask("DELE 2").startswith("+OK")
    assert session.ask("QUIT").startswith("+OK")
    assert session.line() == "" and mrose.maildir("joe") == []
    log_of(mrose, "logged in by APOP without TLS, user mrose")


def test_a_digest_is_of_this_greeting(mrose):
    port = serve(mrose)
    one, two = Dialog(port), Dialog(port)
    assert one.greeting != two.greeting
    digest = hashlib.md5(f"{one.greeting.split()[-1]}tanstaaf".encode()).hexdigest()
    assert two.ask(f"APOP mrose {digest}").startswith("-ERR [AUTH]")
    assert one.ask(f"APOP mrose {digest}") == "+OK 0 messages, 0 octets"


def scram_login(port, password):
    session = scram.Pop(Dialog(port).ask)
    return scram.login(session, "SCRAM-SHA-256", "n,,", b"", "joe@local.test", password)[1]


def test_sasl(joe, port):
    assert scram_login(port, PASSWORD).startswith("+OK 0 messages")
    assert scram_login(port, "wrong").startswith("-ERR [AUTH]")
    plain = base64.b64encode(b"\0joe@local.test\0" + PASSWORD.encode()).decode()
    assert Dialog(port).ask(f"AUTH PLAIN {plain}").startswith("+OK 0 messages")
    session = Dialog(port)
    assert session.ask("AUTH PLAIN") == "+ "
    session.say(f"{plain}\r\nNOOP\r\nQUIT\r\n".encode())
    assert [session.line()[:3] for _ in range(4)] == ["+OK", "+OK", "+OK", ""]


def test_limits_before_the_log_in(joe):
    joe.control("maxlogincommands", "6")
    port = serve(joe)
    session = Dialog(port)
    assert session.ask("X" * 2046).startswith("-ERR unknown command")
    assert session.ask("X" * 2047) == "-ERR that line is too long"
    session.say(b"X" * 100000 + b"\r\n")
    assert session.line() == "-ERR that line is too long"
    session.say(b"CA\rPA\r\n")
    assert session.line() == "-ERR a CR alone in a line"
    assert session.ask("NOOP").startswith("-ERR")
    assert session.ask("NOOP").startswith("-ERR unknown")
    assert session.line().startswith("-ERR too many commands") and session.ends()
    session = Dialog(port)
    session.say(b"CAPA\nQUIT\r\n")
    assert session.line().startswith("-ERR only CRLF") and session.ends()
    session = Dialog(port)
    for _ in range(3):
        assert session.ask("AUTH PLAIN AGpvZQB4").startswith("-ERR [AUTH]")
    assert session.ends()
    log_of(joe, "log-ins refused 3, .*: hung up")


def test_a_silent_client_and_a_slow_one(joe):
    joe.control("timeoutlogin", "1")
    port = serve(joe)
    silent, slow = Dialog(port), Dialog(port)
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        while not select.select([slow.sock], [], [], 0.1)[0]:
            slow.say(b"X")
        assert slow.line() == "-ERR [SYS/TEMP] timeout, closing" and slow.line() == ""
        raise BrokenPipeError
    assert silent.line() == "-ERR [SYS/TEMP] timeout, closing" and silent.line() == ""


def test_nobody_to_ask(owlpost):
    owlpost.control("authwithouttls", "1")
    owlpost.start()
    session = Dialog(serve(owlpost))
    assert session.greeting == "+OK owlpost.test POP3 server ready"
    assert session.ask("USER joe").startswith("-ERR [SYS/TEMP]")
    assert session.ask("CAPA").startswith("+OK") and "USER" not in session.lines()
    assert session.ask("QUIT").startswith("+OK")


def test_inetd(joe):
    """The socket as descriptors 0 and 1, and nothing in the environment."""
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    popup = subprocess.Popen([joe.program("owl-popup"), "mail.example"], stdin=server, stdout=server, stderr=subprocess.PIPE,
                             env=joe.environment, **(joe.identity("owlpop") if ROOT else {}))
    server.close()
    heard = client.makefile("rb")
    assert heard.readline().startswith(b"+OK mail.example POP3")
    client.sendall(f"USER joe@local.test\r\nPASS {PASSWORD}\r\nQUIT\r\n".encode())
    assert [line[:3] for line in heard] == [b"+OK"] * 3
    log = popup.communicate(timeout=20)[1]
    assert popup.returncode == 0
    assert b"connect from [127.0.0.1]:" in log and b"mailbox: messages 0" in log


def run_on_socket(owlpost, *arguments):
    """Started as tcpserver starts it: the client's end, and the process."""
    client, server = socket.socketpair()
    client.settimeout(30)
    popup = subprocess.Popen([owlpost.program("owl-popup"), *arguments], stdin=server, stdout=server, stderr=subprocess.PIPE,
                             env=owlpost.environment)
    server.close()
    return client, popup


@pytest.mark.parametrize("words", [(), ("checkpassword", "owl-pop3d", "Maildir"), ("-", "owl-pop3d", "Other"), ("-", "true")])
def test_as_qmail_popup_is_started(mrose, words):
    """By root, with words that have to be those of the control files."""
    check = open(f"{mrose.controls}/authbackend").read().split()[0]
    words = tuple(check if word == "-" else word for word in words) or (check, "/var/qmail/bin/qmail-pop3d", "./Maildir/")
    is_right = words[1:] == ("/var/qmail/bin/qmail-pop3d", "./Maildir/")
    client, popup = run_on_socket(mrose, "mx.example", *words)
    heard = client.makefile("rb")
    greeting = heard.readline()
    if is_right:
        assert greeting.startswith(b"+OK mx.example POP3")
        assert not ROOT or set(processes.status(popup.pid)["Uid"].split()) == {str(pwd.getpwnam("owlpop").pw_uid)}
        client.sendall(b"USER mrose\r\nPASS tanstaaf\r\nQUIT\r\n")
        assert [line[:3] for line in heard] == [b"+OK"] * 3
    else:
        assert greeting.startswith(b"-ERR [SYS/TEMP]")
    log = popup.communicate(timeout=20)[1]
    assert is_right or b"unable to read " in log, log
    client.close()


def test_a_pipe_is_no_client(joe):
    done = joe.call("owl-popup", input=b"QUIT\r\n")
    assert done.returncode == 111
    assert done.stdout.startswith(b"-ERR [SYS/TEMP]") and b"are not one socket" in done.stderr


@pytest.mark.needs_root("the accounts of the programs")
def test_the_half_that_reads_is_shut_in(joe, port):
    session = Dialog(port)
    pair = sorted(joe.named("owl-popup"))
    assert len(pair) == 2
    talker = pair[1]
    for pid in pair:
        assert set(processes.status(pid)["Uid"].split()) == {str(pwd.getpwnam("owlpop").pw_uid)}
    found = processes.status(talker)
    assert found["Seccomp"] == "2" and found["NoNewPrivs"] == "1" and int(found["CapEff"], 16) == 0
    if joe.build == "plain":  # the others keep the log, for their reports
        assert {os.readlink(f"/proc/{talker}/fd/{fd}").split(":")[0] for fd in os.listdir(f"/proc/{talker}/fd")} == {"socket"}
    session.ask("QUIT")


def sockets_of(pid):
    return [fd for fd in os.listdir(f"/proc/{pid}/fd") if os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket")]


def test_who_waits_for_a_session_keeps_nobody_else(joe, port):
    """But the connection to the session: owl-authd has places for who logs in."""
    session = log_in(port)
    wait_until(lambda: len(joe.named("owl-popup")) == 1, 20, "the talker goes")
    waiting, = joe.named("owl-popup")
    wait_until(lambda: len(sockets_of(waiting)) == 1, 20, lambda: sockets_of(waiting))
    session.quit()


def test_who_logs_in_too_often_is_told(joe):
    """LOGIN-DELAY and IN-USE of RFC 2449 8.1."""
    joe.control("pop3logindelay", "3600")
    joe.control("maxsessionsperuser", "1")
    joe.stop()
    port = serve(start(joe))
    session = Dialog(port)
    session.ask("CAPA")
    assert "LOGIN-DELAY 3600" in session.lines()
    first = log_in(port)
    assert first.capa()["LOGIN-DELAY"] == ["3600"]
    with pytest.raises(poplib.error_proto, match=r"-ERR \[IN-USE\] this user has too many sessions"):
        log_in(port)
    first.quit()
    log_of(joe, "mailbox: messages 0")
    with pytest.raises(poplib.error_proto, match=r"-ERR \[LOGIN-DELAY\] this user has logged in too little ago"):
        log_in(port)
    assert session.ask("QUIT").startswith("+OK")
