"""The programs that lines of .qmail files start: forward, preline, condredirect,
bouncesaying, except, maildirmake, owl-autoreply."""
import email
import email.policy
import os
import stat

import pytest

from fakequeue import Injector

MESSAGE = b"From: ann@client.test\nSubject: x\n\nbody\n"
PLACE = {"SENDER": "ann@client.test", "NEWSENDER": "joe-owner@local.test", "RECIPIENT": "joe@local.test",
         "UFLINE": "From ann@client.test Fri Nov 27 02:00:00 2026\n", "RPLINE": "Return-Path: <ann@client.test>\n",
         "DTLINE": "Delivered-To: joe@local.test\n", "LOCAL": "joe", "HOST": "local.test"}


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


def test_maildirmake_folders_and_quotas(owlpost):
    path = f"{owlpost.home('joe')}/Mail"
    assert run(owlpost, "maildirmake", "-f", "a", path).returncode == 111
    assert run(owlpost, "maildirmake", "-q", "1000S,10C", path).returncode == 0
    assert run(owlpost, "maildirmake", "-f", "lists.\u00e4/b", path).returncode == 0
    assert sorted(os.listdir(f"{path}/.lists.&AOQ-.b")) == ["cur", "maildirfolder", "new", "tmp"]
    with open(f"{path}/maildirsize") as f:
        assert f.readline() == "1000S,10C\n"
    assert run(owlpost, "maildirmake", "-q", "2000S", path).returncode == 0
    with open(f"{path}/maildirsize") as f:
        assert f.readline() == "2000S\n"
    for arguments in (("-q", "x"), ("-f", "../x"), ("-f", ""), ("-z",)):
        assert run(owlpost, "maildirmake", *arguments, path).returncode == 100
    assert run(owlpost, "maildirmake", "-f", "lists.\u00e4.b", path).returncode == 111


AWAY = "Subject: Fort – away\nFrom: Joe <joe@local.test>\n\nBis Montag. Grüße\n"
ASKING = (b"From: other@x.test\nTo: joe@local.test\nSubject: Lunch?\nMessage-ID: <1@x.test>\n"
          b"References: <0@x.test>\n\nhungry\n")


def away(owlpost, *arguments, message=ASKING, text=AWAY, **options):
    path = f"{owlpost.home('joe')}/away"
    with open(path, "w") as f:
        f.write(text)
    owlpost.give("joe", path)
    return run(owlpost, "owl-autoreply", *arguments, path, message=message, **options)


def test_autoreply(owlpost):
    injector = Injector(owlpost)
    done = away(owlpost, environment=injector.environment)
    assert (done.returncode, done.stdout) == (0, b"owl-autoreply: replied to ann@client.test\n")
    assert injector.envelope() == b"F\0Tann@client.test\0\0"
    reply = email.message_from_bytes(injector.message(), policy=email.policy.default)
    assert reply["To"] == "ann@client.test"
    assert reply["From"] == "Joe <joe@local.test>"
    assert reply["Subject"] == "Fort – away"
    assert reply["Auto-Submitted"] == "auto-replied"
    assert reply["In-Reply-To"] == "<1@x.test>"
    assert reply["References"].split() == ["<0@x.test>", "<1@x.test>"]
    assert reply.get_content() == "Bis Montag. Grüße\n"
    assert not reply.defects
    # once; a pipe is as good
    done = away(owlpost, environment=injector.environment, seekable=False)
    assert (done.returncode, injector.envelope()) == (0, None)
    assert b"no reply: the sender has had one already" in done.stdout
    # -d 0: each time; another record
    assert away(owlpost, "-d", "0", environment=injector.environment).returncode == 0
    assert injector.envelope()
    assert away(owlpost, "-c", f"{owlpost.home('joe')}/.record", environment=injector.environment).returncode == 0
    assert injector.envelope()


def test_autoreply_for_other_addresses(owlpost):
    injector = Injector(owlpost)
    asking = ASKING.replace(b"joe@local.test", b"J.User@virtual.test")
    done = away(owlpost, message=asking, environment=injector.environment)
    assert (done.returncode, injector.envelope()) == (0, None)
    done = away(owlpost, "-a", "x@y.test", "-a", "j.user@virtual.test", "-s", "I am away", "-f", "j.user@virtual.test",
                message=asking, text="x\n", environment=injector.environment)
    assert done.returncode == 0
    message = injector.message()
    assert message.startswith(b"From: j.user@virtual.test\nTo: ann@client.test\nSubject: I am away\n")


@pytest.mark.parametrize("environment,field,why", [
    ({"SENDER": ""}, b"", b"the sender is null"),
    ({"SENDER": "#@[]"}, b"", b"the sender is null"),
    ({"SENDER": "l-request@x.test"}, b"", b"a program or a mailing list"),
    ({}, b"Auto-Submitted: auto-generated\n", b"sent by a program"),
    ({}, b"List-Id: x\n", b"a mailing list's"),
    ({}, b"Precedence: bulk\n", b"bulk mail"),
    ({"RECIPIENT": "ann@local.test"}, b"", b"does not name the user"),
    pytest.param({}, b"X-Fill: " + b"x" * 1048576 + b"\n", b"header is too long", id="long"),
])
def test_no_autoreply(owlpost, environment, field, why):
    injector = Injector(owlpost)
    done = away(owlpost, message=field + ASKING, environment=environment | injector.environment)
    assert (done.returncode, injector.envelope()) == (0, None)
    assert why in done.stdout


def test_autoreply_that_cannot_be_sent_is_tried_again(owlpost):
    for code in (71, 31):
        injector = Injector(owlpost, code)
        assert away(owlpost, environment=injector.environment).returncode == 111
    injector = Injector(owlpost)
    injector.envelope()
    assert away(owlpost, environment=injector.environment).returncode == 0
    assert injector.envelope()


@pytest.mark.parametrize("arguments,options,code,text", [
    (("-d", "366"), {}, 100, "usage"), (("-d", "x"), {}, 100, "usage"), (("-x",), {}, 100, "usage"),
    (("a", ), {}, 100, "usage"), ((), {"unset": ("SENDER",)}, 100, "SENDER not set"),
    ((), {"unset": ("RECIPIENT",)}, 100, "RECIPIENT not set"),
    ((), {"text": "Subject: x\nBcc: y@z.test\n\n"}, 111, "only"),
    ((), {"text": "x" * 70000}, 111, "unable to read"),
    (("-c", "/etc/passwd"), {}, 111, "unable to use /etc/passwd"),
])
def test_autoreply_complains(owlpost, arguments, options, code, text):
    done = away(owlpost, *arguments, **options)
    assert done.returncode == code
    assert text in done.stderr.decode()


def test_autoreply_travels(owlpost):
    owlpost.up()
    done = away(owlpost, environment={"SENDER": "ann@local.test"})
    assert done.returncode == 0, done.stderr
    owlpost.wait_for_mail("ann")
    (octets,) = owlpost.messages("ann")
    assert octets.startswith(b"Return-Path: <>\n")
    assert b"\nAuto-Submitted: auto-replied\n" in octets


def test_forward_into_the_queue(owlpost):
    owlpost.up()
    done = run(owlpost, "forward", "ann@local.test", environment={"NEWSENDER": "mallory@local.test"})
    assert done.returncode == 0, done.stderr
    owlpost.wait_for_mail("ann")
    (octets,) = owlpost.messages("ann")
    assert b"Return-Path: <mallory@local.test>\n" in octets
    assert octets.endswith(PLACE["DTLINE"].encode() + MESSAGE)


def mail(owlpost, extension="", sender="ann@local.test", to="joe"):
    """From ann to joe; once the queue is empty, what the log says of it."""
    at = owlpost.log_size()
    message = f"From: {sender}\nTo: {to}{extension}@local.test\nSubject: hello\n\ntext\n"
    assert owlpost.inject(message, f"{to}{extension}@local.test", sender=sender).returncode == 0
    owlpost.wait_for_empty_queue()
    with open(f"{owlpost.folder}/owlpost.log", "rb") as f:
        f.seek(at)
        return f.read().decode()


def test_in_qmail_files(owlpost):
    """Each as a line of a .qmail file, found without a path."""
    owlpost.start()
    lines = {
        "-forward": '|forward mallory@local.test ann@local.test\n',
        "-no": "|bouncesaying 'this address is gone'\n",
        "-perhaps": "|bouncesaying 'no hello here' grep -q '^Subject: hello'\n./Maildir/\n",
        "-not": "|bouncesaying 'no' grep -q '^Subject: bye'\n./Maildir/\n",
        "-except": "|except grep -q '^Subject: hello'\n./Maildir/\n",
        "-redirect": "|condredirect mallory@local.test grep -q '^Subject: hello'\n./Maildir/\n",
        "-stays": "|condredirect mallory@local.test except grep -q '^Subject: hello'\n./Maildir/\n",
        "-preline": "|preline tee -a prelined >/dev/null\n",
        "-away": "./Maildir/\n|owl-autoreply -a joe-away@local.test .away\n",
    }
    for extension, text in lines.items():
        owlpost.dot_qmail("joe", extension, text)
    with open(f"{owlpost.home('joe')}/.away", "w") as f:
        f.write("Fort.\n")
    os.chmod(f"{owlpost.home('joe')}/.away", 0o644)

    def counts():
        return [len(owlpost.maildir(user)) for user in ("joe", "ann", "mallory")]

    assert "this_address_is_gone" in mail(owlpost, "-no")
    assert counts() == [0, 1, 0]  # the bounce
    assert "no_hello_here" in mail(owlpost, "-perhaps")
    assert counts() == [0, 2, 0]
    mail(owlpost, "-not")
    assert counts() == [1, 2, 0]
    assert "failure" in mail(owlpost, "-except")
    assert counts() == [1, 3, 0]
    mail(owlpost, "-redirect")
    assert counts() == [1, 3, 1]
    mail(owlpost, "-stays")
    assert counts() == [2, 3, 1]
    (redirected,) = owlpost.messages("mallory")
    assert b"Delivered-To: joe-redirect@local.test\n" in redirected
    assert redirected.startswith(b"Return-Path: <ann@local.test>\n")
    mail(owlpost, "-preline")
    with open(f"{owlpost.home('joe')}/prelined") as f:
        head = f.read().split("\n")
    assert head[0].startswith("From ann@local.test ")
    assert head[1:3] == ["Return-Path: <ann@local.test>", "Delivered-To: joe-preline@local.test"]
    log = mail(owlpost, "-away")
    assert "owl-autoreply:_replied_to_ann@local.test" in log
    assert counts() == [3, 4, 1]
    assert "no_reply:_the_sender_has_had_one_already" in mail(owlpost, "-away")
    assert counts() == [4, 4, 1]
    mail(owlpost, "-forward")
    assert counts() == [4, 5, 2]
