"""Mail that asks for SMTPUTF8, DSN and 8BITMIME, on its way to next hops that can and cannot.

Every kind of message goes to every kind of server, all in one instance.
"""
import email
import itertools
import re

import pytest

from peers import Sink

WORDS = ("8BITMIME", "SMTPUTF8", "DSN")
OFFERS = [offer for n in range(4) for offer in itertools.combinations(WORDS, n)]
TEXT = "gr\u00fc\u00dfe\r\n"


class Kind:
    """A message: what its sender says, and what it is."""

    def __init__(self, mail="", rcpt="", sender="ann@local.test", user="user", header="plain", part=None, text="text\r\n"):
        self.mail, self.rcpt, self.sender, self.user, self.header = mail, rcpt, sender, user, header
        self.part, self.text = part, text

    def octets(self):
        head, body = f"From: <ann@local.test>\r\nSubject: {self.header}\r\n", self.text
        if self.part is not None:
            head += f"MIME-Version: 1.0\r\nContent-Type: multipart/{self.part[0]}; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n"
            body = f"--b\r\nContent-Type: text/plain; charset=utf-8{self.part[1]}\r\n\r\n{self.text}--b\r\n\r\nascii=\r\n--b--\r\n"
        return f"{head}\r\n{body}".encode()

    @property
    def needs(self):
        """The extensions without which a server cannot have it."""
        headers = self.header + (self.part[1] if self.part else "")
        utf8 = not (self.sender + self.user).isascii() or ("SMTPUTF8" in self.mail and not headers.isascii())
        return {word for word, needed in (("SMTPUTF8", utf8), ("8BITMIME", not self.text.isascii())) if needed}


DSN = "RET=HDRS ENVID=order+2B7"
KINDS = {
    "ascii": Kind(),
    "8bit": Kind("BODY=8BITMIME", text=TEXT),
    "8bit-untold": Kind(text=TEXT),
    "8bit-part": Kind("BODY=8BITMIME", part=("mixed", ""), text=TEXT),
    "8bit-signed": Kind("BODY=8BITMIME", part=("signed", ""), text=TEXT),
    "8bit-told-in-vain": Kind("BODY=8BITMIME"),
    "utf8-recipient": Kind("SMTPUTF8", user="j\u00fcrgen"),
    "utf8-sender": Kind("SMTPUTF8", sender="ann-\u00fc@local.test"),
    "utf8-header": Kind("SMTPUTF8 BODY=8BITMIME", header="gr\u00fc\u00dfe"),
    "utf8-text": Kind("SMTPUTF8 BODY=8BITMIME", text=TEXT),
    "utf8-part": Kind("SMTPUTF8 BODY=8BITMIME", part=("mixed", TEXT.join(("; name=", "")).strip()), text=TEXT),
    "utf8-in-vain": Kind("SMTPUTF8"),
    "dsn-all": Kind(DSN, "NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;old+2Bname@sink.test"),
    "dsn-success": Kind(DSN, "NOTIFY=SUCCESS"),
    "dsn-failure": Kind("RET=FULL", "NOTIFY=FAILURE"),
    "dsn-never": Kind(DSN, "NOTIFY=NEVER"),
    "dsn-never-8bit": Kind("BODY=8BITMIME", "NOTIFY=NEVER", text=TEXT),
    "dsn-utf8": Kind(DSN + " SMTPUTF8", "NOTIFY=SUCCESS ORCPT=utf-8;j\u00fcrgen@sink.test", user="j\u00fcrgen"),
}


def is_changed(kind, offer):
    return "8BITMIME" in kind.needs - set(offer)


def refusal(kind, offer):
    """The status of its failure, or None."""
    if "SMTPUTF8" in kind.needs - set(offer):
        return "5.6.7"
    return "5.6.3" if is_changed(kind, offer) and kind.part and (kind.part[0] == "signed" or not kind.part[1].isascii()) else None


def texts(octets):
    """The texts of all parts, decoded."""
    return [p.get_payload(decode=True).replace(b"\r\n", b"\n").rstrip() for p in email.message_from_bytes(octets).walk() if not p.is_multipart()]


def is_right(kind, offer, octets):
    sent = kind.octets()
    if not is_changed(kind, offer):
        return octets == sent
    return texts(octets) == texts(sent) and octets[octets.index(b"\r\n\r\n"):].isascii() and octets.count(b"quoted-printable") == 1


def expected_mail(kind, offer):
    words = [f"FROM:<{kind.sender}>"]
    if "8BITMIME" in offer and ("8BITMIME" in kind.mail or not kind.octets().isascii()):
        words.append("BODY=8BITMIME")
    if "SMTPUTF8" in kind.needs:
        words.append("SMTPUTF8")
    if "DSN" in offer:
        words += [w for w in kind.mail.split() if w.startswith(("RET=", "ENVID="))]
    return " ".join(words)


def expected_rcpt(kind, offer, domain):
    parameters = kind.rcpt.replace("utf-8;j\u00fcrgen", "utf-8;j\\x{FC}rgen") if "DSN" in offer else ""
    return f"TO:<{kind.user}@{domain}> {parameters}".rstrip()


def expected_report(kind, offer):
    """(action, status), or None."""
    status = refusal(kind, offer)
    if status:
        return ("failed", status) if not kind.rcpt or "FAILURE" in kind.rcpt else None
    return ("relayed", "2.0.0") if "SUCCESS" in kind.rcpt and "DSN" not in offer else None


class Server(Sink):
    def __init__(self, offer):
        self.commands = {}
        self.mail = None
        self.lines = "\r\n".join(["250-sink.test", *(f"250-{word}" for word in offer), "250 HELP"])
        super().__init__(reply=self.note)

    def note(self, verb, argument):
        if verb == "EHLO":
            return self.lines
        if verb == "MAIL":
            self.mail = argument
        if verb == "RCPT":
            self.commands[re.search("@(.*)>", argument).group(1)] = (self.mail, argument)
        return None


def send(session, kind, domain):
    session.command_encoding = "utf-8"
    for command in (f"MAIL FROM:<{kind.sender}> {kind.mail}", f"RCPT TO:<{kind.user}@{domain}> {kind.rcpt}"):
        code, words = session.docmd(command.rstrip())
        assert code == 250, (command, words)
    assert session.docmd("DATA")[0] == 354
    session.sock.sendall(kind.octets() + b".\r\n")
    assert session.getreply()[0] == 250


def reports(octets):
    """[(domain, action, status)] of a DSN."""
    found = re.findall(rb"^Final-Recipient: (?:rfc822|utf-8); \S+@(\S+)\nAction: (\S+)\nStatus: (\S+)", octets, re.M)
    return [tuple(x.decode() for x in row) for row in found]


@pytest.fixture
def servers():
    made = {offer: Server(offer) for offer in OFFERS}
    yield made
    for server in made.values():
        server.close()


def test_each_gets_what_it_can_take(owlpost, servers):
    cells = [(name, kind, offer, f"{name}.{'-'.join(offer).lower() or 'nothing'}.test") for name, kind in KINDS.items() for offer in OFFERS]
    owlpost.control("smtproutes", "\n".join(f"{domain}:127.0.0.1:{servers[offer].port}" for _, _, offer, domain in cells))
    owlpost.control("concurrencyremote", "100")
    owlpost.dot_qmail("ann", "-default", "./Maildir/\n")
    owlpost.up(relay=True)
    with owlpost.client() as session:
        session.ehlo()
        for _, kind, _, domain in cells:
            send(session, kind, domain)
    told = {domain: expected_report(kind, offer) for _, kind, offer, domain in cells}
    told = {domain: report for domain, report in told.items() if report}
    owlpost.wait_for_empty_queue(60)
    owlpost.wait_for_mail("ann", len(told))

    wrong = []
    for name, kind, offer, domain in cells:
        asked = servers[offer].commands.get(domain)
        kept = [r.octets for r in servers[offer].received if r.recipients == [f"{kind.user}@{domain}"]]
        if refusal(kind, offer):
            wanted, right = None, not kept
        else:
            wanted = (expected_mail(kind, offer), expected_rcpt(kind, offer, domain))
            right = len(kept) == 1 and is_right(kind, offer, kept[0][kept[0].index(b"From: <ann"):])
        if asked != wanted or not right:
            wrong.append(f"{name} to {offer}: {asked}, not {wanted}: {kept}")
    assert not wrong, "\n".join(wrong)
    found = [row for octets in owlpost.messages("ann") for row in reports(octets)]
    assert sorted(found) == sorted((domain, *report) for domain, report in told.items())
