"""The programs that lines of .qmail files start: forward, preline, condredirect,
bouncesaying, except, maildirmake, owl-autoreply."""
import os
import stat

import pytest

MESSAGE = b"From: ann@client.test\nSubject: x\n\nbody\n"
PLACE = {"SENDER": "ann@client.test", "NEWSENDER": "joe-owner@local.test", "RECIPIENT": "joe@local.test",
         "UFLINE": "From ann@client.test Fri Nov 27 02:00:00 2026\n", "RPLINE": "Return-Path: <ann@client.test>\n",
         "DTLINE": "Delivered-To: joe@local.test\n", "LOCAL": "joe", "HOST": "local.test"}


class Injector:
    """In owl-queue's place: keeps what it gets, and exits with a code."""

    def __init__(self, owlpost, code=0, user="joe"):
        self.folder = f"{owlpost.home(user)}/injector"
        if not os.path.isdir(self.folder):
            os.mkdir(self.folder)
            owlpost.give(user, self.folder)
        path = f"{self.folder}/run"
        with open(path, "w") as f:
            f.write(f"#!/bin/sh\ncat >{self.folder}/message && cat <&1 >{self.folder}/envelope\nexit {code}\n")
        os.chmod(path, 0o755)
        owlpost.give(user, path)
        self.environment = {"QMAILQUEUE": path}

    def read(self, name):
        path = f"{self.folder}/{name}"
        if not os.path.exists(path):
            return None
        with open(path, "rb") as f:
            octets = f.read()
        os.unlink(path)
        return octets

    def message(self):
        return self.read("message")

    def envelope(self):
        return self.read("envelope")


def run(owlpost, name, *arguments, environment=None, message=MESSAGE, seekable=True, unset=(), **options):
    """As a line of joe's .qmail would: the message is a file, or a pipe."""
    variables = {k: v for k, v in (PLACE | {"HOME": owlpost.home("joe")} | (environment or {})).items()
                 if k not in unset}
    if not seekable:
        return owlpost.call(name, *arguments, user="joe", environment=variables, input=message, **options)
    path = f"{owlpost.folder}/message"
    with open(path, "wb") as f:
        f.write(message)
    with open(path, "rb") as f:
        return owlpost.call(name, *arguments, user="joe", environment=variables, stdin=f, **options)


def test_forward(owlpost):
    injector = Injector(owlpost)
    for seekable in (True, False):
        done = run(owlpost, "forward", "a@x.test", "b c@y.test", environment=injector.environment, seekable=seekable)
        assert done.returncode == 0, done.stderr
        assert injector.message() == PLACE["DTLINE"].encode() + MESSAGE
        assert injector.envelope() == b"Fjoe-owner@local.test\0Ta@x.test\0Tb c@y.test\0\0"


@pytest.mark.parametrize("arguments,unset,environment,code,text", [
    ((), (), {}, 100, "forward: usage: forward address ..."),
    (("a@x.test",), ("NEWSENDER",), {}, 100, "NEWSENDER not set"),
    (("a@x.test",), ("DTLINE",), {}, 100, "DTLINE not set"),
    (("a@x.test",), (), {"DTLINE": "Delivered-To: joe\nBcc: x@y.test\n"}, 100, "malformed DTLINE"),
    (("a\nb@x.test",), (), {}, 100, "malformed address: a?b@x.test"),
    (("",), (), {}, 100, "malformed address"),
    (("a" * 1004,), (), {}, 100, "malformed address"),
    (("a@x.test",), (), {"NEWSENDER": "x\ny@z.test"}, 100, "malformed sender"),
])
def test_forward_refuses(owlpost, arguments, unset, environment, code, text):
    injector = Injector(owlpost)
    done = run(owlpost, "forward", *arguments, environment=environment | injector.environment, unset=unset)
    assert (done.returncode, injector.envelope()) == (code, None)
    assert text in done.stderr.decode()


@pytest.mark.parametrize("code,expected", [(0, 0), (11, 100), (31, 100), (51, 111), (71, 111), (81, 111), (91, 111)])
def test_the_injectors_word_is_passed_on(owlpost, code, expected):
    injector = Injector(owlpost, code)
    assert run(owlpost, "forward", "a@x.test", environment=injector.environment).returncode == expected
    done = run(owlpost, "condredirect", "a@x.test", "true", environment=injector.environment)
    assert done.returncode == (expected or 99)


# what the program does: condredirect, bouncesaying, except
ANSWERS = [
    ("cat >/dev/null", 99, 100, 100),
    ("exit 0", 99, 100, 100),
    ("exit 1", 0, 0, 0),
    ("exit 99", 0, 0, 0),
    ("exit 100", 0, 0, 0),
    ("exit 111", 111, 111, 111),
    ("kill -9 $$", 111, 111, 111),
    ("grep -q '^Subject: x$'", 99, 100, 100),
    ("grep -q '^Subject: y$'", 0, 0, 0),
]


@pytest.mark.parametrize("command,redirected,bounced,inverted", ANSWERS)
def test_programs_decide(owlpost, command, redirected, bounced, inverted):
    injector = Injector(owlpost)
    argv = ("sh", "-c", command)
    for seekable in (True, False):
        done = run(owlpost, "condredirect", "a@x.test", *argv, environment=injector.environment, seekable=seekable)
        assert done.returncode == redirected, done.stderr
        assert injector.message() == (PLACE["DTLINE"].encode() + MESSAGE if redirected == 99 else None)
        assert injector.envelope() == (b"Fann@client.test\0Ta@x.test\0\0" if redirected == 99 else None)
        done = run(owlpost, "bouncesaying", "not here", *argv, seekable=seekable)
        assert done.returncode == bounced
        if bounced == 100:
            assert done.stderr == b"not here\n"
        assert run(owlpost, "except", *argv, seekable=seekable).returncode == inverted


def test_a_missing_program_says_no(owlpost):
    assert run(owlpost, "condredirect", "a@x.test", "/no/such").returncode == 0
    assert run(owlpost, "bouncesaying", "x", "no-such-program").returncode == 0
    assert run(owlpost, "except", "no-such-program").returncode == 0
    assert run(owlpost, "preline", "no-such-program").returncode == 100


def test_bouncesaying_alone(owlpost):
    done = run(owlpost, "bouncesaying", "gone\naway")
    assert (done.returncode, done.stderr) == (100, b"gone?away\n")


@pytest.mark.parametrize("name,arguments", [
    ("preline", ()), ("preline", ("-x", "cat")), ("condredirect", ()), ("condredirect", ("a@x.test",)),
    ("bouncesaying", ()), ("except", ()), ("maildirmake", ()), ("maildirmake", ("",))])
def test_usage(owlpost, name, arguments):
    done = run(owlpost, name, *arguments)
    assert done.returncode == 100
    assert f"{name}: usage: {name} " in done.stderr.decode()


@pytest.mark.parametrize("options,variables", [
    ((), "UFLINE RPLINE DTLINE"), (("-f",), "RPLINE DTLINE"), (("-d",), "UFLINE RPLINE"), (("-r",), "UFLINE DTLINE"),
    (("-dfr",), ""), (("-fF", "-d"), "UFLINE RPLINE")])
def test_preline(owlpost, options, variables):
    done = run(owlpost, "preline", *options, "cat")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "".join(PLACE[v] for v in variables.split()).encode() + MESSAGE


def test_preline_gives_the_code_of_the_program(owlpost):
    large = MESSAGE + b"x" * 1000000 + b"\n"
    assert run(owlpost, "preline", "sh", "-c", "exit 17", message=large).returncode == 17
    assert run(owlpost, "preline", "sh", "-c", "kill -9 $$", message=large).returncode == 111
    assert run(owlpost, "preline", "cat", unset=("DTLINE",)).returncode == 100


def test_maildirmake(owlpost):
    path = f"{owlpost.home('joe')}/Mail"
    assert run(owlpost, "maildirmake", path).returncode == 0
    for part in ("", "/tmp", "/new", "/cur"):
        assert stat.S_IMODE(os.stat(path + part).st_mode) == 0o700
    done = run(owlpost, "maildirmake", path)
    assert done.returncode == 111
    assert "unable to mkdir" in done.stderr.decode()


def test_forward_into_the_queue(owlpost):
    owlpost.up()
    done = run(owlpost, "forward", "ann@local.test", environment={"NEWSENDER": "mallory@local.test"})
    assert done.returncode == 0, done.stderr
    owlpost.wait_for_mail("ann")
    (octets,) = owlpost.messages("ann")
    assert b"Return-Path: <mallory@local.test>\n" in octets
    assert octets.endswith(PLACE["DTLINE"].encode() + MESSAGE)
