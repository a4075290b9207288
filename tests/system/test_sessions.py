"""Mailboxes are opened by owl-lspawn for who has logged in, and for nobody else."""
import os
import re
import socket
import subprocess

import pytest

import authd
import processes
from authd import RIGHT, Link
from instance import ROOT
from mailboxdoor import ANSWER, END, LATER, REFUSED, STARTED, Door, frame
from waiting import wait_until

SECRET = "tan sta=af,t"


def up(owlpost, **controls):
    for name, value in controls.items():
        owlpost.control(name, value)
    owlpost.start()
    authd.wait_for_daemon(owlpost)
    wait_until(lambda: os.path.exists(f"{owlpost.run}/mailbox/socket"), 20, lambda: owlpost.log())


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
    owlpost.mailboxes(joe=SECRET, ann_at_local_test=SECRET)
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
