"""owl-authd with programs of the checkpassword family, and what failures cost."""
import concurrent.futures
import os
import re
import signal
import subprocess

import pytest

import authd
import processes
from authd import LATER, RIGHT, WRONG, Hangup, Link, ask, lines, script, timed
from instance import ROOT
from waiting import wait_until

# user NUL password NUL time NUL on descriptor 3; joe's password is "word"
JOE = """set -- $(tr '\\0' ' ' <&3)
[ "$1 $2" = "joe word" ] || exit 1"""


def up(owlpost, backend, **controls):
    controls = {"authdelay": "0", "authdelaymax": "0"} | controls
    for name, value in ({"authbackend": backend} | controls).items():
        owlpost.control(name, value)
    owlpost.start()
    authd.wait_for_daemon(owlpost)


def test_a_program_says_who_is_right(owlpost):
    up(owlpost, f"{script(owlpost, JOE)} true")
    assert ask(owlpost, "joe", "word") == RIGHT
    assert ask(owlpost, "joe", "wrong") == WRONG
    assert ask(owlpost, "nobody", "word") == WRONG
    with Link(owlpost) as link:
        assert link.ask(authd.MECHANISMS)["mechanisms"] == b"PLAIN LOGIN"
        answer = link.ask(authd.PASSWORD, mechanism="LOGIN", user="joe", secret="word", tls="TLSv1.3 X")
        assert (answer["class"], answer["user"]) == (RIGHT, b"joe")
        answer = link.ask(authd.PASSWORD, mechanism="LOGIN", user="joe", secret="words")
        assert (answer["class"], answer["status"]) == (WRONG, b"5.7.8")
        assert link.ask(authd.SCRAM, user="joe")["status"] == b"5.7.4"
    log = owlpost.log()
    assert "auth: right LOGIN service=smtp client=192.0.2.1 port=4711 tls user=joe\n" in log
    assert re.search(r"auth: wrong LOGIN service=smtp client=192.0.2.1 port=4711 failures=\d user=joe\n", log)
    assert "word" not in log.replace("password", "")


@pytest.mark.needs_root("accounts")
def test_it_is_a_user_of_its_own(owlpost):
    up(owlpost, f"{script(owlpost, 'id -un >&2; ' + JOE)} true")
    assert ask(owlpost, "joe", "word") == RIGHT
    assert "owlauth\n" in owlpost.log()
    folder = os.stat(f"{owlpost.run}/auth")
    assert folder.st_mode & 0o777 == 0o711
    status = open(f"/proc/{owlpost.leader('owl-authd')}/limits").read()
    assert re.search(r"Max core file size +0 +0 ", status)
    # not even its own user can look into it
    pid = owlpost.leader("owl-authd")
    spy = subprocess.run(["cat", f"/proc/{pid}/environ"], capture_output=True, **owlpost.identity("owlauth"))
    assert spy.returncode != 0 and b"Permission denied" in spy.stderr
    # who is neither in the folder's group nor named gets no answer; the receiver's and the POP3 server's users do
    code = "import sys; sys.path[:0] = sys.argv[1:2]; import authd, types; " \
           "print(authd.ask(types.SimpleNamespace(run=sys.argv[2]), 'joe', 'word'))"
    for user, expected in (("owlsmtpd", "1"), ("owlpop", "1"), ("mallory", "Hangup")):
        done = subprocess.run(["python3", "-c", code, os.path.dirname(__file__), owlpost.run], capture_output=True,
                              text=True, **owlpost.identity(user))
        assert expected in done.stdout + done.stderr
    assert "who may not ask" in owlpost.log()


@pytest.mark.needs_root("root")
def test_root_where_the_program_needs_it(owlpost):
    up(owlpost, f"{script(owlpost, '[ $(id -u) = 0 ] || exit 111; ' + JOE)} true", authroot="1")
    assert ask(owlpost, "joe", "word") == RIGHT


def test_what_a_program_sees(owlpost):
    up(owlpost, script(owlpost, """exec >"$0.saw"
tr '\\0' '|' <&3; echo; echo "$@"; env | sort; ls /proc/self/fd; cat /proc/$$/cmdline | tr '\\0' ' '""") + "  one two")
    saw = f"{owlpost.folder}/check.saw"
    if ROOT:
        open(saw, "w").close()
        os.chmod(saw, 0o666)
    assert ask(owlpost, "joe", "p w", local="127.0.0.1", local_port=587, tls="TLSv1.3") == RIGHT
    text = open(saw).read()
    assert re.match(r"joe\|p w\|Y\d+\|\none two\n", text)
    for line in ("SERVICE=smtp", "TCPREMOTEIP=192.0.2.1", "TCPREMOTEPORT=4711", "TCPLOCALPORT=587", "PROTO=TCP"):
        assert line in text.splitlines()
    assert "OWLPOST" not in text and text.count("p w") == 1
    assert text.count("\n0\n1\n2\n3\n4\n") == 1 and "\n5\n" not in text


@pytest.mark.parametrize("last, mechanism, order", [("0", "CRAM-MD5", "cr"), ("1", "CRAM-MD5", "rc"), ("0", "APOP", "rc")])
def test_challenge_and_response(owlpost, last, mechanism, order):
    up(owlpost, script(owlpost, "set -- $(tr '\\0' ' ' <&3); [ \"$*\" = 'joe %s' ] || exit 1" % (
        "<1@a> 0f" if order == "cr" else "0f <1@a>")), authchallengelast=last)
    with Link(owlpost) as link:
        assert link.ask(authd.RESPONSE, mechanism=mechanism, user="joe", challenge="<1@a>", response="0f")["class"] == RIGHT
        assert link.ask(authd.RESPONSE, mechanism=mechanism, user="joe", challenge="<1@a>", response="ff")["class"] == WRONG


@pytest.mark.parametrize("text", ["exit 111", "exit 2", "kill -9 $$", "exec /nonexistent", "kill -9 0"])
def test_a_program_that_fails_is_no_refusal(owlpost, text):
    up(owlpost, script(owlpost, text))
    assert [ask(owlpost, "joe", "word") for _ in range(3)] == [LATER] * 3
    assert len(lines(owlpost, "deferred")) == 3 and not lines(owlpost, "wrong")


def test_garbage_of_a_program_reaches_nobody(owlpost):
    up(owlpost, script(owlpost, "head -c 100000 /dev/urandom; head -c 9999 /dev/zero >&3; echo >&0; " + JOE))
    assert ask(owlpost, "joe", "word") in (RIGHT, WRONG, LATER)
    script(owlpost, "head -c 100000 /dev/zero; " + JOE)
    assert ask(owlpost, "joe", "word") == RIGHT


def test_a_program_that_is_not_there(owlpost):
    up(owlpost, "/nonexistent/checkpassword true")
    assert ask(owlpost, "joe", "word") == LATER


def test_a_program_that_hangs_keeps_nobody_waiting(owlpost):
    up(owlpost, script(owlpost, "[ \"$TCPREMOTEIP\" = 192.0.2.66 ] && sleep 1000 & wait; " + JOE), timeoutauth="4",
       authconcurrency="4")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        hanging = [pool.submit(ask, owlpost, "joe", "word", "192.0.2.66") for _ in range(6)]
        wait_until(lambda: owlpost.named("sleep"), 10, "the program runs")
        result, took = timed(ask, owlpost, "joe", "word", "192.0.2.1")
        assert result == RIGHT and took < 3
        assert [h.result() for h in hanging] == [LATER] * 6
    wait_until(lambda: not owlpost.named("sleep"), 10, "all that was started is ended")
    assert "took too long" in owlpost.log() and "has no time" in owlpost.log()


def test_who_hangs_up_ends_nothing(owlpost):
    up(owlpost, f"{script(owlpost, 'sleep 0.2; ' + JOE)} true", authfailures="0")
    for _ in range(30):
        with Link(owlpost) as link:
            link.send(authd.PASSWORD, user="joe", secret="word")
    assert ask(owlpost, "joe", "word") == RIGHT
    wait_until(lambda: len(owlpost.named("owl-authd")) == 1, 20, "no process is left")


FRAMES = {
    "an item that is not known": authd.frame(authd.PASSWORD, user="joe", secret="word")[:3] + b"\x19C\1\0\1"
                                 + authd.frame(authd.PASSWORD, user="joe", secret="word")[8:] + b"\x0f\xff\0\0\0\0",
    "a NUL in the user": authd.frame(authd.PASSWORD, user=b"jo\0e", secret="word"),
    "a line feed in the user": authd.frame(authd.PASSWORD, user=b"joe\nauth: right", secret="word"),
    "a NUL in the secret": authd.frame(authd.PASSWORD, user="joe", secret=b"wo\0rd"),
    "a long user": authd.frame(authd.PASSWORD, user="j" * 256, secret="word"),
    "a long secret": authd.frame(authd.PASSWORD, user="joe", secret="w" * 1025),
    "no user": authd.frame(authd.PASSWORD, secret="word"),
    "a proof without its question": authd.frame(authd.PROOF, auth_message="x", proof=b"p" * 32),
    "an answer": authd.frame(authd.ANSWER),
    "another protocol": b"\0\0\0\0D\1\0\6",
    "too much": b"\0\1\0\0C\1\0\1",
    "noise": os.urandom(300) + b"\xff" * 20,
}


def test_malformed_questions_end_their_connection_only(owlpost):
    up(owlpost, f"{script(owlpost, JOE)} true")
    with Link(owlpost) as other:
        for name, octets in FRAMES.items():
            with Link(owlpost) as link, pytest.raises(Hangup):
                link.say(octets)
                link.receive()
                pytest.fail(f"{name} has an answer")
        assert other.password("joe", "word") == RIGHT
    assert not lines(owlpost, "wrong")
    # what a frame can hold and no program reads
    assert ask(owlpost, "j" * 255, "w" * 1024) == WRONG


def test_half_a_question_is_waited_for(owlpost):
    up(owlpost, f"{script(owlpost, JOE)} true")
    whole = authd.frame(authd.PASSWORD, user="joe", secret="word")
    with Link(owlpost) as slow:
        slow.say(whole[:11])
        assert ask(owlpost, "joe", "word") == RIGHT
        slow.say(whole[11:])
        assert slow.receive()["class"] == RIGHT
        slow.say(whole + whole)
        assert [slow.receive()["class"] for _ in range(2)] == [RIGHT, RIGHT]


def test_refusals_come_late_and_ever_later(owlpost):
    up(owlpost, f"{script(owlpost, JOE)} true", authdelay="1", authdelaymax="2")
    assert timed(ask, owlpost, "joe", "word")[1] < 1
    times = [timed(ask, owlpost, "joe", "wrong", f"192.0.2.{n}")[1] for n in (1, 2)]
    assert times[0] >= 1 and times[1] >= 2  # of the user, from wherever
    assert timed(ask, owlpost, "ann", "wrong", "192.0.2.1")[1] >= 2
    with Link(owlpost) as link:  # a delay keeps nobody else waiting
        link.send(authd.PASSWORD, user="joe", secret="wrong")
        assert timed(ask, owlpost, "joe", "word")[1] < 1
        assert link.receive()["class"] == WRONG
    assert "failures=1 delay=1" in owlpost.log() and "failures=2 delay=2" in owlpost.log()


def test_a_flood_of_guesses_is_not_asked_about(owlpost):
    program = script(owlpost, "echo asked >&2; " + JOE)
    up(owlpost, f"{program} true", authfailures="5")
    assert ask(owlpost, "joe", "word", "192.0.2.7") == RIGHT
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        guesses = list(pool.map(lambda n: ask(owlpost, f"user{n}", "guess", "192.0.2.7"), range(60)))
    assert guesses.count(WRONG) == 5 and guesses.count(LATER) == 55
    assert owlpost.log().count("asked\n") == 6
    assert ask(owlpost, "ann", "word", "192.0.2.7") == LATER
    assert ask(owlpost, "joe", "word", "192.0.2.7") == RIGHT  # where joe was right before
    assert ask(owlpost, "joe", "word", "192.0.2.8") == RIGHT
    # of one IPv6 network, and an IPv4 address in IPv6 form
    answers = [ask(owlpost, f"u{n}", "guess", f"2001:db8::{n:x}") for n in range(8)]
    assert answers == [WRONG] * 5 + [LATER] * 3
    assert ask(owlpost, "ann", "word", "::ffff:192.0.2.7") == LATER


def test_a_user_that_many_guess_at_is_refused_where_it_is_not_known(owlpost):
    up(owlpost, f"{script(owlpost, JOE)} true", authfailures="2")
    assert ask(owlpost, "joe", "word", "192.0.2.7") == RIGHT
    answers = [ask(owlpost, "joe", "guess", f"198.51.100.{n}") for n in range(22)]
    assert answers == [WRONG] * 20 + [LATER] * 2
    assert ask(owlpost, "joe", "word", "198.51.100.99") == LATER
    assert ask(owlpost, "joe", "word", "192.0.2.7") == RIGHT


def test_certificates(owlpost):
    mark, name = "0a" * 32, "0C" * 32
    up(owlpost, f"{script(owlpost, JOE)} true", authcertificates=f"{mark}:joe\n{name}:joe\nann.owlpost.test:ann")
    with Link(owlpost) as link:
        def external(**items):
            answer = link.ask(authd.EXTERNAL, mechanism="EXTERNAL", **items)
            return answer["class"], answer.get("user")
        assert external(certificate=mark) == (RIGHT, b"joe")
        assert external(certificate=mark, user="joe") == (RIGHT, b"joe")
        assert external(certificate=mark, user="ann")[0] == WRONG
        assert external(certificate="0b" * 32)[0] == WRONG
        assert external(certificate="0b" * 32, certificate_name="ann.owlpost.test") == (RIGHT, b"ann")
        for like in (mark, mark.upper(), name):  # who chooses a name gets nothing of a certificate's
            assert external(certificate="0b" * 32, certificate_name=like)[0] == WRONG
        assert link.ask(authd.MECHANISMS)["mechanisms"] == b"PLAIN LOGIN EXTERNAL"


def test_settings_are_read_again(owlpost):
    up(owlpost, f"{script(owlpost, 'exit 1')} true")
    with Link(owlpost) as link:
        assert link.password("joe", "word") == WRONG
        owlpost.control("authbackend", f"{script(owlpost, JOE, 'other')} true")
        owlpost.starter.send_signal(1)
        wait_until(lambda: "read its settings again" in owlpost.log(), 10, owlpost.log)
        assert link.password("joe", "word") == RIGHT
        owlpost.control("authdelaymax", "100000")
        owlpost.starter.send_signal(1)
        wait_until(lambda: "keeps its settings: " in owlpost.log(), 10, owlpost.log)
        assert link.password("joe", "word") == RIGHT


def test_it_ends_with_the_others(owlpost):
    up(owlpost, f"{script(owlpost, 'sleep 1000')} true")
    with Link(owlpost) as link:
        link.send(authd.PASSWORD, user="joe", secret="word")
        wait_until(lambda: owlpost.named("sleep"), 10, "the program runs")
        owlpost.stop()
    assert not [p for p in owlpost.pids() if processes.name(p) == "sleep"]


def test_who_is_killed_comes_back(owlpost):
    owlpost.control("authbackend", "/bin/false")
    owlpost.control("tlsdaemon", "1")
    owlpost.start()
    authd.wait_for_daemon(owlpost)
    for name in ("owl-authd", "owl-tlsd"):
        old = owlpost.named(name)
        os.kill(min(old), signal.SIGKILL)
        wait_until(lambda: set(owlpost.named(name)) - set(old), 20, owlpost.log)
        assert f"{name}: ended with an error" in owlpost.log()
    authd.wait_for_daemon(owlpost)
    # in a pause it still ends at once
    os.kill(owlpost.leader("owl-authd"), signal.SIGKILL)
    wait_until(lambda: owlpost.log().count("owl-authd: ended with an error") == 2, 20, owlpost.log)
    owlpost.stop()


def test_a_program_that_is_not_there_is_named(owlpost):
    up(owlpost, "/nonexistent/check true")
    assert authd.ask(owlpost, "joe", "word") == authd.LATER
    assert "unable to run /nonexistent/check: No such file or directory\n" in owlpost.log()


def test_who_is_ended_alone_is_missed(owlpost):
    """It stays away, and the log says so; at the end of all nobody is missed."""
    owlpost.control("authbackend", "/bin/false")
    owlpost.start()
    authd.wait_for_daemon(owlpost)
    os.kill(owlpost.leader("owl-authd"), signal.SIGTERM)
    wait_until(lambda: "owl-authd: ended; " in owlpost.log(), 20, owlpost.log)
    owlpost.stop()
    assert owlpost.log().count("ended; ") == 1
