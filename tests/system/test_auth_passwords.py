"""owlpost's own password file: owl-passwd, owl-checkpw, and owl-authd with it."""
import concurrent.futures
import hashlib
import hmac
import os
import pty
import pwd
import select
import subprocess

import pytest

import authd
from authd import LATER, RIGHT, WRONG, Link, ask, timed
from instance import ROOT
from waiting import wait_until

SECRET = "p w:\xe4"


def furnish(owlpost):
    folder = f"{owlpost.controls}/auth"
    os.mkdir(folder)
    if ROOT:
        os.chown(folder, 0, pwd.getpwnam("owlauth").pw_gid)
    os.chmod(folder, 0o2750)
    return folder


def passwd(owlpost, *arguments, secret=None, code=0):
    done = owlpost.call("owl-passwd", *arguments, input=b"" if secret is None else secret.encode() + b"\n")
    assert done.returncode == code, done.stderr
    return (done.stdout + done.stderr).decode()


def up(owlpost, users=(("joe", ()),), **controls):
    folder = furnish(owlpost)
    for user, options in users:
        passwd(owlpost, "-i", "4096", *options, "add", user, secret=SECRET)
    for name, value in ({"authbackend": "checkpw", "authdelay": "0", "authdelaymax": "0", "authfailures": "0"} | controls).items():
        owlpost.control(name, value)
    owlpost.start()
    authd.wait_for_daemon(owlpost)
    return folder


def test_every_mechanism(owlpost):
    up(owlpost, [("joe", ()), ("all", ("-s", "scram,crypt,cram-md5")), ("old", ("-s", "crypt"))])
    with Link(owlpost) as link:
        assert link.ask(authd.MECHANISMS)["mechanisms"] == b"PLAIN LOGIN SCRAM-SHA-256"
        for user in ("joe", "all", "old"):
            assert link.password(user, SECRET) == RIGHT
            assert link.password(user, SECRET + "x") == WRONG
            assert link.scram(user, SECRET) == (WRONG if user == "old" else RIGHT)
            assert link.scram(user, SECRET + "x") == WRONG
            assert link.cram(user, SECRET) == (RIGHT if user == "all" else WRONG)
            assert link.cram(user, SECRET + "x") == WRONG
        assert link.password("nobody", SECRET) == link.scram("nobody", SECRET) == link.cram("nobody", SECRET) == WRONG
        assert link.password("JOE", SECRET) == WRONG
    assert SECRET not in owlpost.log() and "p w" not in owlpost.log()


def test_who_is_not_there_looks_like_who_is(owlpost):
    folder = up(owlpost)
    with Link(owlpost) as link:
        def salt(user):
            answer = link.ask(authd.SCRAM, user=user)
            return answer["salt"], answer["iterations"], sorted(answer)
        real, fake = salt("joe"), salt("nobody")
        assert fake[1:] == real[1:] and len(fake[0]) == len(real[0])
        assert fake == salt("nobody") != salt("nobody2")
        assert real == salt("joe")
        passwd(owlpost, "-i", "4096", "change", "joe", secret="other")
        assert salt("nobody") == fake and salt("joe") != real
        passwd(owlpost, "-i", "200000", "add", "slow", secret=SECRET)
        # the least of many: other processes only add to it
        rounds = [{user: timed(link.password, user, "wrong")[1] for user in ("slow", "nobody")} for _ in range(12)]
        times = {user: min(r[user] for r in rounds) for user in ("slow", "nobody")}
        assert 0.5 < times["slow"] / times["nobody"] < 2
    os.unlink(f"{folder}/passwords.cdb")
    assert ask(owlpost, "joe", "other") == LATER


def test_a_proof_belongs_to_its_question(owlpost):
    up(owlpost, [("joe", ()), ("ann", ())])
    with Link(owlpost) as link:
        assert link.scram("joe", SECRET) == RIGHT
        link.send(authd.PROOF, auth_message="x", proof=b"p" * 32)
        with pytest.raises(authd.Hangup):
            link.receive()
    with Link(owlpost) as link:
        link.ask(authd.SCRAM, user="joe")
        assert link.password("ann", SECRET) == RIGHT
        link.send(authd.PROOF, auth_message="x", proof=b"p" * 32)
        with pytest.raises(authd.Hangup):
            link.receive()


def test_the_file_is_managed(owlpost):
    folder = furnish(owlpost)
    assert "no such user" in passwd(owlpost, "verify", "joe", secret="word", code=100)
    passwd(owlpost, "add", "joe", secret="word")
    assert "already" in passwd(owlpost, "add", "joe", secret="word", code=100)
    passwd(owlpost, "-s", "crypt,cram-md5", "add", "ann@owlpost.test", secret="x" * 511)
    assert passwd(owlpost, "list") == "joe SCRAM-SHA-256\nann@owlpost.test CRYPT CRAM-MD5\n"
    assert passwd(owlpost, "verify", "joe", secret="word") == "right\n"
    assert passwd(owlpost, "verify", "joe", secret="wort", code=1) == "wrong\n"
    passwd(owlpost, "change", "joe", secret="other")
    assert passwd(owlpost, "verify", "joe", secret="word", code=1) == "wrong\n"
    for name in ("passwords", "passwords.cdb"):
        status = os.stat(f"{folder}/{name}")
        assert status.st_mode & 0o7777 == 0o640
        assert not ROOT or status.st_gid == pwd.getpwnam("owlauth").pw_gid
    with open(f"{folder}/passwords", "a") as f:
        f.write("# by hand\nold:{CRYPT}$6$saltsalt$x\n")
    passwd(owlpost, "rebuild")
    passwd(owlpost, "delete", "joe")
    assert passwd(owlpost, "list") == "ann@owlpost.test CRYPT CRAM-MD5\nold CRYPT\n"
    assert "# by hand" in open(f"{folder}/passwords").read()
    assert sorted(os.listdir(folder)) == ["passwords", "passwords.cdb"]


def test_what_is_not_taken(owlpost):
    folder = furnish(owlpost)
    for secret in ("", "x" * 1025, "a\0b"):
        passwd(owlpost, "add", "joe", secret=secret, code=100)
    assert "too long for crypt" in passwd(owlpost, "-s", "crypt", "add", "joe", secret="x" * 512, code=100)
    for user in ("", "a:b", "a\nb", "#a", "x" * 256):
        passwd(owlpost, "add", user, secret="word", code=100)
    for options in (["-i", "100"], ["-i", "x"], ["-s", "clear"], ["-x"]):
        passwd(owlpost, *options, "add", "joe", secret="word", code=100)
    passwd(owlpost, "add", "joe", "word", code=100)
    assert not os.listdir(folder)
    with open(f"{folder}/passwords", "w") as f:
        f.write("joe:word\n")
    assert "line 1 is malformed" in passwd(owlpost, "rebuild", code=111)
    assert os.listdir(folder) == ["passwords"]


def test_a_password_is_remembered_as_long_as_it_is_in_the_file(owlpost):
    up(owlpost)
    with Link(owlpost) as link:
        for _ in range(2):
            assert link.password("joe", SECRET) == RIGHT
        passwd(owlpost, "-i", "4096", "change", "joe", secret="another")
        assert link.password("joe", SECRET) == WRONG
        assert link.password("joe", "another") == RIGHT
        passwd(owlpost, "delete", "joe")
        assert link.password("joe", "another") == WRONG


def test_writers_wait_for_each_other(owlpost):
    furnish(owlpost)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: passwd(owlpost, "-i", "4096", "add", f"user{n}", secret="word"), range(24)))
    assert len(passwd(owlpost, "list").splitlines()) == 24


def test_a_terminal_is_asked_twice_and_shows_nothing(owlpost):
    furnish(owlpost)
    command = [owlpost.program("owl-passwd"), "add", "joe"]
    for second, code in (("word", 0), ("wort", 100)):
        inside, terminal = pty.openpty()
        p = subprocess.Popen([*command[:2], f"joe{code}"], stdin=terminal, stderr=terminal, stdout=terminal,
                             env=owlpost.environment, start_new_session=True)
        os.close(terminal)
        shown = b""
        for prompt, secret in ((b"password: ", b"word"), (b"once more: ", second.encode())):
            while not shown.endswith(prompt):
                assert select.select([inside], [], [], 20)[0], shown
                shown += os.read(inside, 1)
            os.write(inside, secret + b"\n")
        assert p.wait(20) == code
        os.close(inside)
        assert b"word\r" not in shown
    assert passwd(owlpost, "list") == "joe0 SCRAM-SHA-256\n"


def checkpw(owlpost, *texts, arguments=("sh", "-c", "echo $USER"), raw=None):
    """owl-checkpw with these texts on descriptor 3."""
    inside, outside = os.pipe()
    octets = raw if raw is not None else b"".join(authd.octets(t) + b"\0" for t in texts)
    with os.fdopen(outside, "wb") as f:
        f.write(octets)
    done = subprocess.run(["bash", "-c", f"exec 3<&{inside}; exec \"$@\"", "bash", owlpost.program("owl-checkpw"), *arguments],
                          pass_fds=[inside], env=owlpost.environment, capture_output=True, timeout=20)
    os.close(inside)
    return done.returncode, done.stdout.decode() or done.stderr.decode()


def test_owl_checkpw_is_a_checkpassword_program(owlpost):
    furnish(owlpost)
    assert checkpw(owlpost, "joe", "word", "Y1")[0] == 111
    passwd(owlpost, "-s", "scram,cram-md5", "add", "joe", secret="word")
    assert checkpw(owlpost, "joe", "word", "Y1") == (0, "joe\n")
    assert checkpw(owlpost, "joe", "word", "Y1", arguments=("sh", "-c", "exit 7"))[0] == 7
    assert checkpw(owlpost, "joe", "wort", "Y1") == (1, "")
    assert checkpw(owlpost, "ann", "word", "Y1") == (1, "")
    assert checkpw(owlpost, "", "word", "Y1") == (1, "")
    response = hmac.new(b"word", b"<1@x>", "md5").hexdigest()
    assert checkpw(owlpost, "joe", "<1@x>", response)[0] == checkpw(owlpost, "joe", response, "<1@x>")[0] == 0
    assert checkpw(owlpost, "joe", "<2@x>", response)[0] == 1
    passwd(owlpost, "add", "digits", secret="0123456789abcdef" * 2)  # looks like a response to qmail-popup's time stamp
    assert checkpw(owlpost, "digits", "0123456789abcdef" * 2, "<1@x>")[0] == 0
    assert checkpw(owlpost, "digits", "0123456789abcdee" * 2, "<1@x>")[0] == 1
    for raw in (b"", b"joe", b"joe\0word", b"joe\0word\0", b"joe\0word\0Y1", b"joe\0" + b"w" * 600 + b"\0\0"):
        assert checkpw(owlpost, raw=raw)[0] == 2
    assert checkpw(owlpost, "joe", "word", "Y1", arguments=())[0] == 2


def test_a_broken_database_lets_nobody_in(owlpost):
    folder = up(owlpost)
    with open(f"{folder}/passwords.cdb", "rb") as f:
        whole = f.read()
    for cut in (0, 100, 2048, len(whole) - 8):
        with open(f"{folder}/passwords.cdb", "wb") as f:
            f.write(whole[:cut])
        assert ask(owlpost, "joe", SECRET) in (LATER, WRONG)
    with open(f"{folder}/passwords.cdb", "wb") as f:
        f.write(whole)
    assert ask(owlpost, "joe", SECRET) == RIGHT
    wait_until(lambda: len(owlpost.named("owl-authd")) == 1, 10, "one process")


def test_apop_where_the_password_is_kept(owlpost):
    up(owlpost)
    passwd(owlpost, "-s", "scram,plain", "add", "with", secret="w:ord")
    passwd(owlpost, "add", "without", secret="w:ord")
    assert "with SCRAM-SHA-256 PLAIN.B64\n" in passwd(owlpost, "list")
    challenge = "<12.34@owlpost.test>"
    with Link(owlpost) as link:
        for user, secret, expected in (("with", "w:ord", RIGHT), ("with", "word", WRONG), ("without", "w:ord", WRONG),
                                       ("nobody", "w:ord", WRONG), ("nobody", "", WRONG)):
            digest = hashlib.md5((challenge + secret).encode()).hexdigest()
            answer = link.ask(authd.RESPONSE, mechanism="APOP", user=user, challenge=challenge, response=digest)
            assert answer["class"] == expected, user
    digest = hashlib.md5((challenge + "w:ord").encode()).hexdigest()
    assert checkpw(owlpost, "with", digest, challenge)[0] == 0
    assert checkpw(owlpost, "with", digest, "<1.2@x>")[0] == 1
