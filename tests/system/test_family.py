"""Real users of the family: Debian's mlmmj, procmail and maildrop, and lists by .qmail files alone."""
import email
import itertools
import os
import re

import pytest

from instance import read
from message import digest
from mlmmj import MailingList
from peers import Sink, for_users
from waiting import wait_until

BODY = "text\n\nFrom me\n.\n..dots\ntrailing blank \nünïcödé\n" + "x" * 900 + "\n"


def refuse_the_dead(verb, argument):
    return "550 5.1.1 nobody of that name" if verb == "RCPT" and "<dead@" in argument else None


@pytest.fixture
def far(owlpost):
    """The next hop for far.test, where nobody is called dead."""
    with Sink(reply=refuse_the_dead) as sink:
        owlpost.control("smtproutes", f"far.test:127.0.0.1:{sink.port}")
        yield sink


numbers = itertools.count()


def send(owlpost, sender, recipient, subject, body="text\n"):
    message = (f"From: {sender}\nTo: {recipient}\nSubject: {subject}\nDate: Fri, 27 Nov 2026 09:30:00 +0000\n"
               f"Message-ID: <{next(numbers)}@sender.test>\n\n{body}")
    assert owlpost.inject(message, recipient, sender=sender).returncode == 0
    return message.encode()


def reply_to(octets):
    return email.message_from_bytes(octets)["Reply-To"]


def subscribe_by_mail(owlpost, far, mailing_list, member):
    """mlmmj asks at the member's address whether it is he; then it welcomes him."""
    def mail():
        return owlpost.messages("ann") if member == "ann@local.test" else [
            m.octets for m in far.received if m.recipients == [member]]

    before = len(mail())
    send(owlpost, member, mailing_list.address("subscribe"), "please")
    wait_until(lambda: len(mail()) > before, 20, owlpost.log)
    assert member not in mailing_list.subscribers()
    send(owlpost, member, reply_to(mail()[before]), "yes, me")
    wait_until(lambda: len(mail()) > before + 1, 20, owlpost.log)
    assert member in mailing_list.subscribers()


def lines_of(owlpost, name):
    """Of a file in joe's home, which may be missing."""
    return read(f"{owlpost.home('joe')}/{name}").split("\n")[:-1]


@pytest.mark.parametrize("user,name,delimiter,files", [
    ("alias", "talk", "-", ("-talk", "-talk-default")),
    ("mallory", "mallory", "+", ("", "-default"))])
def test_mlmmj(owlpost, far, user, name, delimiter, files):
    """Subscribed by mail, posted to, unsubscribed as their mail bounces; and no others."""
    owlpost.control("breakcharacter", "-+")
    owlpost.up(relay=True)
    talk = MailingList(owlpost, user, name, delimiter)
    for each in files:
        owlpost.dot_qmail(user, each, talk.line())
    subscribe_by_mail(owlpost, far, talk, "ann@local.test")
    subscribe_by_mail(owlpost, far, talk, "sue@far.test")
    talk.add("joe@local.test")
    talk.add("dead@far.test")
    far.received.clear()
    known = owlpost.messages("ann")

    posted = send(owlpost, "ann@local.test", talk.address(), "to all", BODY)
    wait_until(lambda: talk.bounces("dead@far.test"), 20, owlpost.log)
    wait_until(lambda: far.received, 20, owlpost.log)
    (octets,) = owlpost.wait_for_mail("joe")
    owlpost.wait_for_mail("ann", len(known) + 1)
    (own,) = set(owlpost.messages("ann")) - set(known)
    sender = talk.address("bounces-1-{}=local.test").replace("{}", "joe")
    assert octets.startswith(f"Return-Path: <{sender}>\nDelivered-To: joe@local.test\n".encode())
    assert own.startswith(octets.split(b"\n")[0].replace(b"joe=", b"ann="))
    assert [(m.sender, m.recipients) for m in far.received] == [
        (sender.replace("joe=local", "sue=far"), ["sue@far.test"])]
    # mlmmj ends each with empty lines of its own
    assert {digest(each.rstrip()) for each in (octets, own, far.received[0].octets)} == {digest(posted.rstrip())}
    assert [number for number, _ in talk.bounces("dead@far.test")] == ["1"]

    talk.bounced_long_ago("dead@far.test")
    talk.maintain()
    assert talk.subscribers() == {"ann@local.test", "joe@local.test", "sue@far.test"}


FILTERS = {
    "procmail": (".procmailrc", """
SHELL=/bin/sh
DEFAULT=$HOME/Maildir/
:0
* ^Subject: list
Maildir/.list/
:0
* ^Subject: exit \\/[0-9]+
{
  EXITCODE=$MATCH
  :0
  /dev/null
}
"""),
    "maildrop": (".mailfilter", """
DEFAULT="$HOME/Maildir"
if (/^Subject: list/:h)
{
  to "$HOME/Maildir/.list"
}
if (/^Subject: exit ([0-9]+)/:h)
{
  EXITCODE="$MATCH1"
  exit
}
"""),
}


def folder_messages(owlpost, folder=""):
    path = f"{owlpost.home('joe')}/Maildir/{folder}/new"
    found = []
    for name in sorted(os.listdir(path)):
        with open(f"{path}/{name}", "rb") as f:
            found.append(f.read())
    return found


@pytest.mark.needs_root("filters work in the home of the account that runs them")
@pytest.mark.parametrize("name,prefix", [("procmail", ""), ("procmail", "preline "), ("maildrop", ""), ("maildrop", "preline -f ")])
def test_filters(owlpost, name, prefix):
    """They sort into folders, change nothing, and say with exit codes what is to become of a message."""
    programs, libraries = for_users(name, *(["courier-authlib"] if name == "maildrop" else []))
    rules, script = FILTERS[name]
    path = f"{owlpost.home('joe')}/{rules}"
    with open(path, "w") as f:
        f.write(script)
    os.chmod(path, 0o600)
    owlpost.give("joe", path)
    assert owlpost.call("maildirmake", "-f", "list", f"{owlpost.home('joe')}/Maildir", user="joe").returncode == 0
    owlpost.dot_qmail("joe", "", f"|LD_LIBRARY_PATH={libraries} {prefix}{programs}/{name}\n|echo ran >>{owlpost.home('joe')}/next\n")
    owlpost.start()

    def outcome(subject):
        at = owlpost.log_size()
        sent = send(owlpost, "ann@local.test", "joe@local.test", subject, BODY)
        ended = wait_until(lambda: re.search(
            r"delivery (\d+): msg \d+ to local joe@.*(?s:.*)\ndelivery \1: (\w+): (.*)/\n", owlpost.log()[at:]), 20, owlpost.log)
        return sent, *ended.groups()[1:]

    sent, result, text = outcome("hello")
    assert result == "success" and text.endswith("did_0+0+2"), text
    (inbox,) = folder_messages(owlpost)
    sent_to_list, result, text = outcome("list: hello")
    assert result == "success" and text.endswith("did_0+0+2"), text
    (listed,) = folder_messages(owlpost, ".list")
    assert (digest(inbox), digest(listed)) == (digest(sent), digest(sent_to_list))
    extra = [b"Return-Path: <ann@local.test>", b"Delivered-To: joe@local.test"] if prefix else [b"Received: "]
    assert [a[:len(b)] for a, b in zip(inbox.split(b"\n"), extra)] == extra
    for code, expected in ((77, "failure"), (100, "failure"), (75, "deferral"), (111, "deferral")):
        assert outcome(f"exit {code}")[1] == expected
    _, result, text = outcome("exit 99")
    assert result == "success" and text.endswith("did_0+0+1"), text
    assert lines_of(owlpost, "next") == ["ran", "ran"]
    assert len(folder_messages(owlpost)) == len(folder_messages(owlpost, ".list")) == 1


def test_a_list_by_qmail_files_alone(owlpost, far):
    """Each member is sent it in his own name; bounces go to the list's owner, who learns of whom, and not to the poster."""
    owlpost.dot_qmail("joe", "-owls", "&ann@local.test\n&sue@far.test\n&gone@far.test\n&dead@far.test\n")
    owlpost.dot_qmail("joe", "-owls-owner", "./Maildir/\n")
    owlpost.dot_qmail("joe", "-owls-owner-default", '|echo "<$DEFAULT> <$EXT2>" >>told; cat >>bounces\n')
    owlpost.up()
    posted = send(owlpost, "mallory@local.test", "joe-owls@local.test", "to all", BODY)
    told = wait_until(lambda: lines_of(owlpost, "told"), 20, owlpost.log)
    owlpost.wait_for_empty_queue()

    sender = "joe-owls-owner-{}@local.test".format
    assert {(m.sender, *m.recipients) for m in far.received} == {
        (sender(f"{who}=far.test"), f"{who}@far.test") for who in ("sue", "gone")}
    (octets,) = owlpost.messages("ann")
    assert octets.startswith(f"Return-Path: <{sender('ann=local.test')}>\nDelivered-To: ann@local.test\n".encode())
    assert {digest(octets), *(digest(m.octets) for m in far.received)} == {digest(posted)}

    # refused there, and told of here
    assert told == ["<dead=far.test> <owner-dead=far.test>"]
    assert [each for each in lines_of(owlpost, "bounces") if each.startswith("Final-Recipient: ")] == [
        "Final-Recipient: rfc822; dead@far.test"]

    # taken there, and bounced later
    (gone,) = [m.sender for m in far.received if m.recipients == ["gone@far.test"]]
    owlpost.submit("From: <>\nSubject: failure notice\n\nHe is gone.\n", gone, sender="")
    owlpost.wait_for_empty_queue()
    assert lines_of(owlpost, "told")[1:] == ["<gone=far.test> <owner-gone=far.test>"]
    assert lines_of(owlpost, "bounces")[-1] == "He is gone."
    assert owlpost.messages("joe") == owlpost.messages("mallory") == []
