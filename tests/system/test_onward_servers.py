"""Onward to a real server, which passes it on: the terms and the octets are what they were."""
import re

import pytest

from mailers import Exim, Postfix
from overlay import over_usr
from peers import Sink, answers, free_port, listens
from waiting import wait_until

pytestmark = pytest.mark.needs_root("programs with compiled-in paths, accounts")

SENDER, RECIPIENT = "ann-gr\u00fc\u00dfe@local.test", "j\u00fcrgen@far.test"
MESSAGE = f"From: <{SENDER}>\r\nSubject: gr\u00fc\u00dfe\r\n\r\n.a dot, and gr\u00fc\u00dfe\r\n.\r\n\r\n{'x' * 900}\r\n".encode() * 300


class Far(Sink):
    """What is behind the next hop."""

    def __init__(self):
        self.commands = []
        super().__init__(reply=self.note)

    def note(self, verb, argument):
        self.commands.append(f"{verb} {argument}")
        return "250-far.test\r\n250-8BITMIME\r\n250-DSN\r\n250 SMTPUTF8" if verb == "EHLO" else None


def start_exim(bystanders, far, chunking):
    """Its port, and a function for its log."""
    exim, port = Exim(far.port), free_port()
    if not chunking:
        with open(f"{exim.folder}/conf", "r+", encoding="ascii") as f:
            octets = f.read().replace("chunking_advertise_hosts = *", "chunking_advertise_hosts =")
            f.seek(0)
            f.write(octets + "\n")
    bystanders.start(["tcpserver", "-H", "-R", "-l", "exim.test", "127.0.0.1", str(port), *over_usr(
        ["exim4-daemon-light"], "/usr/sbin/exim4", "-C", f"{exim.folder}/conf", "-odf", "-bs")])
    wait_until(lambda: listens(port), 20, "tcpserver")
    return port, exim.log


def start_postfix(bystanders, far, chunking):
    port = free_port()
    more = "mynetworks = 127.0.0.0/8\nsmtpd_discard_ehlo_keywords = " + ("" if chunking else "chunking") + "\n"
    services = f"127.0.0.1:{port} inet n - n - - smtpd\nanvil unix - - n - 1 anvil\n"
    postfix = Postfix(bystanders, far.port, more, services)
    wait_until(lambda: answers(port), 60, postfix.log)
    return port, postfix.log


def check_exim(log, chunking):
    arrival, = re.findall(" <= .*", log())
    assert (" K " in arrival) == chunking and "UTF8" in arrival.upper(), arrival


def check_postfix(log, chunking):
    """It says at the end of a session what was in it."""
    ended = wait_until(lambda: re.search(r"disconnect from .* mail=1 .*", log()), 20, log)
    assert ("bdat=1" if chunking else "data=1") in ended[0].split(), ended[0]


@pytest.mark.parametrize("chunking", [True, False])
@pytest.mark.parametrize("start, check", [(start_exim, check_exim), (start_postfix, check_postfix)], ids=["exim", "postfix"])
def test_what_is_asked_for_reaches_the_host_behind(owlpost, bystanders, start, check, chunking):
    with Far() as far:
        port, log = start(bystanders, far, chunking)
        owlpost.control("smtproutes", f"far.test:127.0.0.1:{port}")
        owlpost.up(relay=True)
        with owlpost.client() as session:
            session.ehlo()
            session.command_encoding = "utf-8"
            for command in (f"MAIL FROM:<{SENDER}> SMTPUTF8 BODY=8BITMIME RET=HDRS ENVID=order+2B7",
                            f"RCPT TO:<{RECIPIENT}> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;old@far.test"):
                assert session.docmd(command)[0] == 250
            assert session.docmd("DATA")[0] == 354
            session.sock.sendall(re.sub(rb"(?m)^\.", b"..", MESSAGE) + b".\r\n")
            assert session.getreply()[0] == 250
        owlpost.wait_for_empty_queue(60)
        wait_until(lambda: far.received, 60, lambda: owlpost.log() + log())
        mail, = far.received
        at = MESSAGE.index(b"\r\n\r\n")  # before it a server may put fields of its own
        assert MESSAGE[:at] in mail.octets and mail.octets.endswith(MESSAGE[at:])
        said = "\n".join(far.commands)
        for words in (f"MAIL FROM:<{SENDER}> ", "RET=HDRS", "ENVID=order+2B7", "NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;old@far.test",
                      " SMTPUTF8"):
            assert words in said, said
        check(log, chunking)
        assert not owlpost.messages("ann"), "the next hop tells the sender"
