"""The tables in dispositions/: what the rules say becomes of mail for an address.

A table is read line by line; '#' starts a comment line, and blanks in front of
a line do not count.  A line ": TEXT" belongs to the last line that takes text.

    control NAME            a control file of the whole table; takes text
    assign                  users/assign of the whole table; takes text
    without-alias           there is no account "alias"
    == TITLE                what follows is about this

    account NAME [WORD...]  an account and its home; it has no files yet
        mode=1700  owner=WHO  uid=0     of the home
        home=/PATH          the account's home is that, and none is made
        home=other          the account's home is a link to the real one
        home=file           the account's home is a file
        home=missing        it is not there
        unlisted            it is not in the password file; users/assign names it
    file NAME [mode=600] [owner=WHO] [unended]   in that home; takes text
    maildir NAME [mode=700] / dir NAME / fifo NAME / link NAME TARGET   in that home

    mail ADDRESS RCPT USER [DASHEXT] RESULT [STATUS]
        RCPT      the reply to RCPT: 250, 451, 550...; "-" where SMTP cannot ask
        USER      whose mail it is; "nobody", "remote", or "?" when it is not known
        DASHEXT   which .qmail file it goes by: "-list" (without: ".qmail" itself);
                  a "|" ends another dash than that one: "|list" is an empty one
        RESULT    success, deferral or failure, and the beginning of its status
      from SENDER           "<>" is the null sender; without: someone@sender.test
      header LINE           a line in the header of the message
      at HOME               where it is delivered when that is not the user's home
      as ADDRESS            what routing makes of the address
      does INSTRUCTION      printed by owl-local -n, and carried out
      plans INSTRUCTION     printed by owl-local -n, and not reached or not done;
                            "plans nothing": nothing is printed
      sender ADDRESS        of what is forwarded; without: that of the message
      env NAME=VALUE        in the environment of the program "record"; "|" is the end
                            of a line, "*" at the end stands for anything
      env NAME              it is not there

Who is not named in "does" gets no copy.  In text and instructions ~NAME is
the home of an account and "record" a program that writes down that it ran;
x{200} anywhere is two hundred x.
A deferral or failure without "does" and "plans" is one that owl-local -n ends
with as well.
"""
import dataclasses
import os
import re

FOLDER = os.path.join(os.path.dirname(__file__), "dispositions")


@dataclasses.dataclass
class Thing:
    """An account, or something in its home."""
    kind: str
    name: str
    words: list = dataclasses.field(default_factory=list)
    text: list = dataclasses.field(default_factory=list)

    def word(self, name, default=None):
        return next((w.partition("=")[2] for w in self.words if w.partition("=")[0] == name), default)

    def octets(self):
        return "\n".join(self.text) + ("\n" if self.text and "unended" not in self.words else "")


@dataclasses.dataclass
class Mail:
    where: str  # file:line: title
    address: str
    rcpt: str
    user: str
    dash: str
    ext: str
    result: str
    status: str
    sender: str = "someone@sender.test"
    headers: list = dataclasses.field(default_factory=list)
    home: str = None
    routed: str = None
    does: list = dataclasses.field(default_factory=list)
    planned: list = dataclasses.field(default_factory=list)
    plans_nothing: bool = False
    forward_sender: str = None
    environment: dict = dataclasses.field(default_factory=dict)

    @property
    def local(self):
        """The local part that is delivered to, and its host."""
        return (self.routed or self.address).rpartition("@")


@dataclasses.dataclass
class Table:
    name: str
    controls: list = dataclasses.field(default_factory=list)
    assign: Thing = None
    alias: bool = True
    accounts: list = dataclasses.field(default_factory=list)  # [(account, [things])]
    mails: list = dataclasses.field(default_factory=list)


class Reader:
    def __init__(self, name):
        self.table, self.title, self.number, self.takes_text = Table(name), "", 0, None

    def fail(self, why):
        raise ValueError(f"{self.table.name}:{self.number}: {why}")

    def read(self, lines):
        for line in lines:
            self.number += 1
            line = re.sub(r"(\w)\{(\d+)\}", lambda m: m[1] * int(m[2]), line.lstrip().removesuffix("\n"))
            if line.startswith(":"):
                self.takes_text.text.append(line[2:]) if self.takes_text else self.fail("text for nothing")
            elif line and not line.startswith("#"):
                self.take(*(line.rstrip().split(None, 1) + [""])[:2])
        return self.table

    def take(self, verb, rest):
        words = rest.split()
        if verb == "==":
            self.title = rest
        elif verb == "without-alias":
            self.table.alias = False
        elif verb == "control":
            self.takes_text = Thing(verb, rest)
            self.table.controls.append(self.takes_text)
        elif verb == "assign":
            self.takes_text = self.table.assign = Thing(verb, "")
        elif verb == "account":
            self.table.accounts.append((Thing(verb, words[0], words[1:]), []))
        elif verb in ("file", "maildir", "dir", "fifo", "link"):
            thing = Thing(verb, words[0], words[1:])
            self.takes_text = thing if verb == "file" else None
            self.table.accounts[-1][1].append(thing)
        elif verb == "mail":
            self.table.mails.append(self.mail(rest))
        else:
            self.detail(self.table.mails[-1], verb, rest)

    def mail(self, rest):
        words = re.match(r'("[^"]*"@\S+|\S+)\s+(\d+|-)\s+(\S+)\s+(?:(\S+)\s+)?(success|deferral|failure)(?:\s+(\S+))?$', rest)
        if not words:
            self.fail("not a mail line")
        address, rcpt, user, dashext, result, status = words.groups()
        dashext = dashext or ""
        dash, ext = dashext.split("|", 1) if "|" in dashext else (dashext[:1], dashext[1:])
        where = f"{self.table.name}:{self.number}: {self.title}: {address[:60]}"
        return Mail(where, address, rcpt, user, dash, ext, result, status or "")

    def detail(self, mail, verb, rest):
        if verb == "from":
            mail.sender = "" if rest == "<>" else rest
        elif verb == "header":
            mail.headers.append(rest)
        elif verb == "at":
            mail.home = rest
        elif verb == "as":
            mail.routed = rest
        elif (verb, rest) == ("plans", "nothing"):
            mail.plans_nothing = True
        elif verb in ("does", "plans"):
            mail.planned.append(rest)
            if verb == "does":
                mail.does.append(rest)
        elif verb == "sender":
            mail.forward_sender = rest
        elif verb == "env":
            name, equals, value = rest.partition("=")
            mail.environment[name] = value if equals else None
        else:
            self.fail(f"what is {verb}?")


def read_table(name):
    with open(os.path.join(FOLDER, name)) as f:
        return Reader(name).read(f)


def tables():
    return sorted(name for name in os.listdir(FOLDER) if name.endswith(".txt"))
