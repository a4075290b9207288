"""owl-pop3d behind a login, under tcpserver, with Python's poplib."""
import itertools
import os
import poplib
import pwd
import re
import signal
import socket

import pytest

import processes
from instance import ROOT
from peers import free_port, listens
from waiting import wait_until


@pytest.fixture
def joe(owlpost):
    owlpost.dot_qmail("joe", "", "./Maildir/\n")
    owlpost.up()
    return owlpost


@pytest.fixture
def port(joe, bystanders):
    where, account = free_port(), pwd.getpwnam("joe") if ROOT else None
    who = ["-u", str(account.pw_uid), "-g", str(account.pw_gid)] if ROOT else []
    bystanders.start(["tcpserver", "-H", "-R", "-l", "owlpost.test", *who, "127.0.0.1", str(where),
                      joe.program("owl-pop3d"), f"{joe.home('joe')}/Maildir"])
    wait_until(lambda: listens(where), 20, "tcpserver")
    return where


def deliver(owlpost, count):
    for number in range(count):
        owlpost.inject(f"Subject: {number}\n\n.{number}\n" + number * "a line\n", "joe@local.test")
        owlpost.wait_for_mail("joe", number + 1)


def test_messages_are_fetched_and_deleted(joe, port):
    deliver(joe, 4)
    before = joe.messages("joe")
    session = poplib.POP3("127.0.0.1", port)
    wire = [octets.replace(b"\n", b"\r\n") for octets in before]
    assert session.stat() == (4, sum(map(len, wire)))
    uidls = session.uidl()[1]
    assert [row.split()[1].decode() for row in uidls] == [os.path.basename(path) for path in joe.maildir("joe")]
    for number, octets in enumerate(wire, 1):
        lines, size = session.retr(number)[1:]
        assert b"\r\n".join(lines) + b"\r\n" == octets
        assert int(session.list(number).split()[2]) == len(octets)
    session.dele(2)
    session.dele(3)
    session.quit()
    again = poplib.POP3("127.0.0.1", port)
    assert again.uidl()[1] == [b"1 " + uidls[0].split()[1], b"2 " + uidls[3].split()[1]]
    again.quit()
    assert len(os.listdir(f"{joe.home('joe')}/Maildir/cur")) == 2


def test_a_lost_connection_deletes_nothing(joe, port):
    deliver(joe, 1)
    session = poplib.POP3("127.0.0.1", port)
    session.dele(1)
    session.close()
    session = poplib.POP3("127.0.0.1", port)
    assert session.stat()[0] == 1
    session.quit()


def test_a_quit_without_its_line_end_deletes_nothing(joe, port):
    deliver(joe, 1)
    with socket.create_connection(("127.0.0.1", port), 30) as client:
        client.sendall(b"DELE 1\r\nQUIT")
        client.shutdown(socket.SHUT_WR)
        said = client.makefile("rb").read()
    assert said.count(b"+OK") == 2
    session = poplib.POP3("127.0.0.1", port)
    assert session.stat()[0] == 1
    session.quit()


def test_a_session_that_was_stopped_goes_on(joe, port):
    deliver(joe, 1)
    session = poplib.POP3("127.0.0.1", port)
    pid, = [pid for pid in processes.descendants(os.getpid()) if processes.name(pid) == "owl-pop3d"]
    wait_until(lambda: processes.stat(pid)[1] == "S", 20, "its rest")
    for signal_number, state in ((signal.SIGSTOP, "T"), (signal.SIGCONT, "S")):
        os.kill(pid, signal_number)
        wait_until(lambda: processes.stat(pid)[1] == state, 20, state)
    assert session.stat()[0] == 1
    session.quit()


def test_two_sessions_in_one_mailbox(joe, port):
    deliver(joe, 3)
    one, two = poplib.POP3("127.0.0.1", port), poplib.POP3("127.0.0.1", port)
    one.dele(2)
    one.quit()
    assert two.stat()[0] == 3
    with pytest.raises(poplib.error_proto, match="another program has deleted"):
        two.retr(2)
    assert b"Subject: 2" in b"\n".join(two.retr(3)[1])
    two.dele(2)
    two.quit()


def test_no_mailbox(joe, bystanders):
    done = joe.call("owl-pop3d", f"{joe.home('joe')}/nothing", user="joe")
    assert done.returncode == 111
    assert done.stdout == b"-ERR [SYS/TEMP] unable to open the mailbox\r\n"
    assert b"unable to enter" in done.stderr
    os.rmdir(f"{joe.home('joe')}/Maildir/cur")
    done = joe.call("owl-pop3d", f"{joe.home('joe')}/Maildir", user="joe")
    assert b"/Maildir/cur: No such file or directory" in done.stderr and done.returncode == 111
    done = joe.call("owl-mailbox", "check", f"{joe.home('joe')}/Maildir", user="joe")
    assert b"/Maildir/cur: No such file or directory" in done.stderr and done.returncode == 111


@pytest.mark.needs_root("another user's eyes")
def test_root_shows_no_mailbox(joe):
    assert joe.call("owl-pop3d", f"{joe.home('joe')}/Maildir").returncode == 100


def pieces():
    """All strings of up to four of what line ends and dots are made of, and of what text is not."""
    parts = [b".", b"\r", b"\n", b"\0", b"\xff", b"x"]
    return [b"".join(some) for length in range(5) for some in itertools.product(parts, repeat=length)]


def on_the_wire(octets):
    """Line ends become CRLF, a CR alone stays; RFC 1939 8."""
    return re.sub(rb"\r?\n", b"\r\n", octets)


def test_octets_come_as_they_are(joe, port):
    cases = [b"Subject: x\n\n" + piece for piece in pieces()]
    for number, octets in enumerate(cases):
        name = f"{joe.home('joe')}/Maildir/new/{1800000000 + number}.M1P1.host.test"
        with open(name, "wb") as f:
            f.write(octets)
        joe.give("joe", name)
    session = poplib.POP3("127.0.0.1", port, timeout=60)
    sizes = [int(row.split()[1]) for row in session.list()[1]]
    assert sizes == [len(on_the_wire(octets)) for octets in cases]
    session.sock.sendall(b"".join(b"RETR %d\r\n" % (number + 1) for number in range(len(cases))) + b"QUIT\r\n")
    said = session.file.read()
    expected = b""
    for octets in cases:
        text = on_the_wire(octets)
        text += b"" if text.endswith(b"\n") else b"\n" if text.endswith(b"\r") else b"\r\n"
        expected += b"+OK\r\n" + re.sub(rb"(?m)^\.", b"..", text) + b".\r\n"
    assert said == expected + b"+OK\r\n"
    session.close()
