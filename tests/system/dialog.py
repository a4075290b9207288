"""Dialogs as plain text: dialogs/*.txt, read and spoken with owl-smtpd.

    case NAME SECTION...    a session of its own; "5321 4.1.1.1" is what it is about
    set CONTROL VALUE       a control file, for this case
    env NAME=VALUE
    begin WORD              ehlo, helo, mail or rcpt: the usual commands up to that one
    C: LINE                 sent with CRLF
    C> OCTETS               sent as they are
    S: WORDS                one whole reply, whose last line starts so
    S+ WORDS                the reply above has a line with these words
    S- WORDS                ... has none
    EOF                     the server hangs up
    M: WORDS                the message that was taken has them
    M- WORDS                ... has not
    E: WORDS                its envelope has them

C lines that follow one another leave together.  \\xNN and \\r \\n \\\\ are
octets, {x*300} is 300 times x.  # begins a comment.
"""
import glob
import os
import re
import socket
import subprocess

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "dialogs")
BEGIN = {"ehlo": [("EHLO client.test", "250")], "helo": [("HELO client.test", "250")]}
BEGIN["mail"] = BEGIN["ehlo"] + [("MAIL FROM:<a@sender.test>", "250 2.1.0")]
BEGIN["rcpt"] = BEGIN["mail"] + [("RCPT TO:<joe@owlpost.test>", "250 2.1.5")]
REPLY = re.compile(rb"[2-5][0-5][0-9][- ][\t\x20-\x7E]+|334 ")  # RFC 5321 4.2; RFC 4954 4
QUEUE = """#!/bin/sh
exec 3<&1
cat >"$0.message" && { cat <&3; cat "/proc/self/fd/$OWLPOST_ENVELOPE"; } >"$0.envelope"
"""


class Case:
    def __init__(self, name, sections, place):
        self.name, self.sections, self.place = name, sections, place
        self.controls, self.environment, self.steps = [], {}, []


def octets(text):
    text = re.sub(r"\{(.)\*(\d+)\}", lambda m: m.group(1) * int(m.group(2)), text)
    table = {"r": b"\r", "n": b"\n", "\\": b"\\"}
    return re.sub(rb"\\(x..|.)", lambda m: bytes([int(m.group(1)[1:], 16)]) if m.group(1)[:1] == b"x"
                  else table[m.group(1).decode()], text.encode())


def read_file(path):
    cases = []
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        line = line.rstrip("\n")
        if not line or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        place = f"{os.path.basename(path)}:{number}"
        if word == "case":
            name, _, sections = rest.partition(" ")
            cases.append(Case(name, sections, place))
        elif word == "set":
            name, _, value = rest.partition(" ")
            cases[-1].controls.append((name, octets(value).decode()))
        elif word == "env":
            name, _, value = rest.partition("=")
            cases[-1].environment[name] = value
        elif word == "begin":
            cases[-1].steps.append(("S:", b"220", place))
            for command, reply in BEGIN[rest]:
                cases[-1].steps += [("C>", command.encode() + b"\r\n", place), ("S:", reply.encode(), place)]
        else:
            assert word in ("C:", "C>", "S:", "S+", "S-", "EOF", "M:", "M-", "E:"), f"{place}: {line}"
            text = octets(rest) + (b"\r\n" if word == "C:" else b"")
            cases[-1].steps.append(("C>" if word == "C:" else word, text, place))
    return cases


def read_all():
    return [case for path in sorted(glob.glob(f"{FOLDER}/*.txt")) for case in read_file(path)]


class Speaker:
    """One session with owl-smtpd on a socketpair."""

    def __init__(self, owlpost, case, queue):
        ours, theirs = socket.socketpair()
        ours.settimeout(20)
        self.socket, self.file, self.queue, self.reply = ours, ours.makefile("rb"), queue, []
        environment = owlpost.environment | {
            "TCPREMOTEIP": "192.0.2.7", "TCPREMOTEHOST": "client.test", "TCPLOCALIP": "192.0.2.1",
            "QMAILQUEUE": queue} | case.environment
        with owlpost._log("smtpd") as log:
            self.process = subprocess.Popen([owlpost.program("owl-smtpd")], stdin=theirs, stdout=theirs, stderr=log,
                                            env=environment, **owlpost.identity("owlsmtpd"))
        theirs.close()

    def hear(self):
        self.reply = []
        while not self.reply or self.reply[-1][3:4] == b"-":
            line = self.file.readline()
            assert line.endswith(b"\r\n") and len(line) <= 512, f"no line of a reply: {line}"
            self.reply.append(line[:-2])
        assert len({line[:3] for line in self.reply}) == 1, f"codes differ: {self.reply}"
        assert all(REPLY.fullmatch(line) for line in self.reply), f"no line of a reply: {self.reply}"

    def taken(self, what):
        with open(f"{self.queue}.{what}", "rb") as f:
            return f.read()

    def step(self, word, text):
        if word == "C>":
            self.socket.sendall(text)
        elif word == "S:":
            self.hear()
            last = self.reply[-1]
            assert last.startswith(text) and (last[len(text):] or b" ")[:1] in b" .:;,", f"replied {self.reply}"
        elif word == "S+":
            assert any(text in line for line in self.reply), f"replied {self.reply}"
        elif word == "S-":
            assert not any(text in line for line in self.reply), f"replied {self.reply}"
        elif word == "EOF":
            assert self.file.read(1) == b"", "the session goes on"
        elif word in ("M:", "M-"):
            assert (text in self.taken("message")) == (word == "M:"), self.taken("message")
        else:
            assert text in self.taken("envelope"), self.taken("envelope")

    def end(self):
        self.file.close()
        self.socket.close()
        self.process.wait(20)


def run(owlpost, case, queue):
    """None, or what went wrong."""
    before = {}
    for name, value in case.controls:
        path = f"{owlpost.controls}/{name}"
        before[name] = open(path).read().rstrip("\n") if os.path.exists(path) else None
        owlpost.control(name, value)
    for what in ("message", "envelope"):
        if os.path.exists(f"{queue}.{what}"):
            os.unlink(f"{queue}.{what}")
    speaker = Speaker(owlpost, case, queue)
    try:
        for word, text, place in case.steps:
            try:
                speaker.step(word, text)
            except (AssertionError, OSError) as wrong:
                return f"{place}: {case.name}: {word} {text!r}: {wrong}"
        return None
    finally:
        speaker.end()
        for name, value in before.items():
            owlpost.control(name, value)
