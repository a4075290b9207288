"""Onward to a real server, which passes it on: the terms and the octets are what they were."""
import re

import pytest

from mailers import Exim
from overlay import over_usr
from peers import Sink, free_port, listens
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


@pytest.mark.parametrize("chunking", [True, False])
def test_exim(owlpost, bystanders, chunking):
    with Far() as far:
        exim, port = Exim(far.port), free_port()
        if not chunking:
            with open(f"{exim.folder}/conf", "r+", encoding="ascii") as f:
                octets = f.read().replace("chunking_advertise_hosts = *", "chunking_advertise_hosts =")
                f.seek(0)
                f.write(octets + "\n")
        bystanders.start(["tcpserver", "-H", "-R", "-l", "exim.test", "127.0.0.1", str(port), *over_usr(
            ["exim4-daemon-light"], "/usr/sbin/exim4", "-C", f"{exim.folder}/conf", "-odf", "-bs")])
        wait_until(lambda: listens(port), 20, "tcpserver")
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
        wait_until(lambda: far.received, 60, lambda: owlpost.log() + exim.log())
        mail, = far.received
        assert mail.octets.endswith(MESSAGE)
        said = "\n".join(far.commands)
        for words in (f"MAIL FROM:<{SENDER}> ", "RET=HDRS", "ENVID=order+2B7", "NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;old@far.test"):
            assert words in said, said
        arrival, = re.findall(" <= .*", exim.log())
        assert (" K " in arrival) == chunking and "UTF8" in arrival.upper(), arrival
        assert not owlpost.messages("ann"), "the next hop tells the sender"
