"""What users may write into their .qmail files, by the whole way of a message."""
import json
import mailbox
import os
import re

import pytest

from instance import ROOT
from peers import Sink
from waiting import wait_until

MESSAGE = b"From: sue@sender.test\nSubject: t\n\nbody\n"


def outcome(owlpost, message, *recipients, **how):
    """Injects it and waits for its first delivery: (outcome, text)."""
    before = owlpost.log_size()
    assert owlpost.inject(message, *recipients, **how).returncode == 0
    ended = wait_until(lambda: re.search(r"\ndelivery \d+: (\w+): (.*)/\n", owlpost.log()[before:]), 30, owlpost.log)
    return ended.groups()


def read(owlpost, user, name):
    with open(f"{owlpost.home(user)}/{name}", "rb") as f:
        return f.read()


def test_a_program_gets_the_message_and_its_environment(owlpost):
    owlpost.dot_qmail("joe", "-default", '|cat >body; env >env; id -u; ls /proc/self/fd | wc -l\n')
    owlpost.start()
    assert outcome(owlpost, MESSAGE, "joe-List.X@local.test", sender="sue@sender.test")[0] == "success"
    assert read(owlpost, "joe", "body").endswith(b"Subject: t\n\nbody\n")
    assert not re.search(rb"(?m)^(Delivered-To|Return-Path):", read(owlpost, "joe", "body"))
    env = read(owlpost, "joe", "env").decode()
    values = dict(re.findall(r"(?m)^([A-Z0-9]+)=(.*)$", env))
    assert values["SENDER"] == values["NEWSENDER"] == "sue@sender.test"
    assert (values["EXT"], values["DEFAULT"], values["HOST2"]) == ("List.X", "List.X", "local")
    assert values["RECIPIENT"] == "joe-List.X@local.test"
    assert values["RPLINE"] == "Return-Path: <sue@sender.test>"
    assert not {"SSH_AUTH_SOCK", "OWLPOST_WORK", "LC_ALL"} & set(values), "nothing of the daemon's"


def test_no_address_reaches_the_shell(owlpost):
    owlpost.dot_qmail("joe", "-default", '|echo "$EXT" "$SENDER" >said\n')
    owlpost.start()
    recipient = """"joe-`touch${IFS}pwned`;touch pwned;$(touch pwned)|&<>'\\""@local.test"""
    assert outcome(owlpost, MESSAGE, recipient, sender='"$(touch pwned)"@sender.test')[0] == "success"
    assert "pwned" not in os.listdir(owlpost.home("joe"))
    assert b"$(touch pwned)@sender.test" in read(owlpost, "joe", "said")


def test_a_program_that_fails_bounces_with_its_words(owlpost):
    owlpost.dot_qmail("joe", "", "./Maildir/\n|echo 'I am away'; exit 100\n")
    owlpost.start()
    assert outcome(owlpost, MESSAGE, "joe@local.test", sender="ann@local.test") == ("failure", "I_am_away_(#5.3.0)")
    assert b"I am away" in owlpost.wait_for_mail("ann")[0]
    assert len(owlpost.messages("joe")) == 1, "the copy stays"


def test_a_program_that_takes_too_long_is_ended_and_defers(owlpost):
    owlpost.control("timeoutprogram", "1")
    owlpost.dot_qmail("joe", "", "./Maildir/\n|(sleep 1000 & sleep 1000)\n")
    owlpost.start()
    ended, text = outcome(owlpost, MESSAGE, "joe@local.test")
    assert ended == "deferral" and "longer_than_1_s" in text
    assert owlpost.messages("joe") == [], "it was taken back"
    assert not owlpost.named("sleep")


def test_endless_output_ends_with_the_program(owlpost):
    owlpost.control("timeoutprogram", "2")
    owlpost.dot_qmail("joe", "", "|yes; exit 0\n")
    owlpost.start()
    assert outcome(owlpost, MESSAGE, "joe@local.test")[0] == "deferral"
    assert len(owlpost.log()) < 20000


def test_whoever_kills_his_deliverer_is_tried_again(owlpost):
    owlpost.dot_qmail("joe", "", "|test -e tried || { touch tried; kill -KILL $PPID; }\n")
    owlpost.start()
    assert outcome(owlpost, MESSAGE, "joe@local.test")[0] == "deferral"
    (ident,) = {os.path.basename(path).removesuffix(".log") for path in owlpost.queued()}
    owlpost.owlq("retry", ident)
    owlpost.wait_for_empty_queue()
    assert "success: did_0+0+1/" in owlpost.log()


def test_an_mbox_keeps_what_comes(owlpost):
    owlpost.dot_qmail("joe", "", "./mbox\n")
    owlpost.start()
    for n in range(3):
        assert outcome(owlpost, MESSAGE + b"From here\n", "joe@local.test")[0] == "success"
    box = mailbox.mbox(f"{owlpost.home('joe')}/mbox")
    assert len(box) == 3
    assert all(m.get_payload() == "body\n>From here\n" and m["Delivered-To"] == "joe@local.test" for m in box)


@pytest.mark.skipif(not ROOT, reason="needs users of their own: run as root")
def test_a_planted_link_leads_no_mail_astray(owlpost, tmp_path):
    os.chmod(tmp_path, 0o1777)
    for parent in tmp_path.parents:
        if str(parent) != "/":
            os.chmod(parent, os.stat(parent).st_mode | 0o011)
    target = f"{owlpost.home('joe')}/.profile"
    with open(target, "w") as f:
        f.write("mine\n")
    owlpost.give("joe", target)
    os.symlink(target, tmp_path / "joe")
    owlpost.dot_qmail("joe", "", f"{tmp_path}/joe\n")
    owlpost.start()
    ended, text = outcome(owlpost, MESSAGE, "joe@local.test")
    assert ended == "deferral" and "symbolic_link" in text
    assert read(owlpost, "joe", ".profile") == b"mine\n"


def test_a_list_learns_from_each_bounce_who_is_meant(owlpost):
    """owner and owner-default: at another host, in a mailbox here, and back."""
    with Sink() as sink:
        owlpost.control("smtproutes", f"elsewhere.test:127.0.0.1:{sink.port}")
        owlpost.dot_qmail("joe", "-list", "a@elsewhere.test\nb@elsewhere.test\nann@local.test\nnobody-here@local.test\n")
        owlpost.dot_qmail("joe", "-list-owner", "./Maildir/\n")
        owlpost.dot_qmail("joe", "-list-owner-default", '|echo "$DEFAULT" >>told\n')
        owlpost.start()
        assert owlpost.inject(MESSAGE, "joe-list@local.test", sender="sue@sender.test").returncode == 0
        owlpost.wait_for_empty_queue()
        senders = {m.recipients[0]: m.sender for m in sink.received}
        assert senders == {f"{who}@elsewhere.test": f"joe-list-owner-{who}=elsewhere.test@local.test" for who in "ab"}
        assert b"Return-Path: <joe-list-owner-ann=local.test@local.test>\n" in owlpost.messages("ann")[0]
        assert read(owlpost, "joe", "told") == b"nobody-here=local.test\n"
        assert owlpost.inject(b"\nbounce\n", "joe-list-owner-a=elsewhere.test@local.test", sender="").returncode == 0
        owlpost.wait_for_empty_queue()
        assert read(owlpost, "joe", "told") == b"nobody-here=local.test\na=elsewhere.test\n"


def test_explain_looks_at_mboxes_and_programs_and_runs_nothing(owlpost):
    owlpost.dot_qmail("joe", "", "./mbox\n|/bin/cat >seen\n|/no/such/program\n|touch seen\n")
    owlpost.start()
    facts = [f for section in json.loads(owlpost.owlq("explain", "--json", "joe@local.test")).values() for f in section]
    assert [f["path"] for f in facts if f["fact"] == "mbox"] == ["./mbox"]
    assert {f["path"]: f["found"] for f in facts if f["fact"] == "program"} == {"/bin/cat": "yes", "/no/such/program": "no"}
    assert [f["value"] for f in facts if f["fact"] == "instruction"][-1] == "touch seen"
    assert not {"mbox", "seen"} & set(os.listdir(owlpost.home("joe")))
