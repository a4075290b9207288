"""owl-popup: POP3 from the greeting on, up to the mailbox's session, under tcpserver."""
import os
import poplib
import pwd
import re
import socket

import pytest

from instance import ROOT
from peers import free_port, listens
from waiting import wait_until

PASSWORD = "corr ect"


def serve(owlpost, bystanders, *arguments):
    """tcpserver as its manual has it: the program as its own user."""
    port, account = free_port(), pwd.getpwnam("owlpop") if ROOT else None
    who = ["-u", str(account.pw_uid), "-g", str(account.pw_gid)] if ROOT else []
    log = open(f"{owlpost.folder}/popup.log", "ab")
    bystanders.start(["tcpserver", "-H", "-R", "-l", "owlpost.test", *who, "127.0.0.1", str(port),
                      owlpost.program("owl-popup"), *arguments], stderr=log, env=owlpost.environment)
    wait_until(lambda: listens(port), 20, "tcpserver")
    return port


def log_of(owlpost, pattern):
    def find():
        with open(f"{owlpost.folder}/popup.log", errors="replace") as f:
            return re.search(pattern, f.read())
    return wait_until(find, 20, pattern)


@pytest.fixture
def joe(owlpost):
    owlpost.dot_qmail("joe", "", "./Maildir/\n")
    owlpost.mailboxes({"joe@local.test": PASSWORD})
    owlpost.control("authwithouttls", "1")
    owlpost.up()
    return owlpost


@pytest.fixture
def port(joe, bystanders):
    return serve(joe, bystanders)


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
