"""owl-authd with others' back ends: Debian's Dovecot, and its checkpassword programs."""
import contextlib
import hashlib
import os
import socket
import subprocess
import threading

import pytest

import authd
from authd import LATER, RIGHT, WRONG, Link, ask, timed
from dovecot import PACKAGES, Master
from overlay import over_usr
from peers import unpacked

pytestmark = pytest.mark.needs_root("Dovecot's and checkpw's users")

AUTH = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
default_vsz_limit = 0
protocols = lmtp
ssl = no
auth_verbose = yes
auth_failure_delay = 0
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
first_valid_uid = 1
auth_username_format = %Lu
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}
}}
service auth {{
  unix_listener {folder}/auth-client {{
    user = owlauth
    mode = 0600
  }}
}}
"""


class Auth(Master):
    """users: {name: field of the password}."""

    def __init__(self, bystanders, users):
        super().__init__(bystanders, "lmtp")
        self.socket = f"{self.folder}/auth-client"
        with open(f"{self.folder}/users", "w") as f:
            f.writelines(f"{user}:{field}\n" for user, field in users.items())
        with open(f"{self.folder}/conf", "w") as f:
            f.write(AUTH.format(folder=self.folder))


def up(owlpost, backend, **controls):
    for name, value in ({"authbackend": backend, "authdelay": "0", "authdelaymax": "0"} | controls).items():
        owlpost.control(name, value)
    owlpost.start()
    authd.wait_for_daemon(owlpost)


def kept(owlpost, user, secret, schemes):
    """The fields that owl-passwd makes."""
    path = f"{owlpost.folder}/passwords"
    owlpost.call("owl-passwd", "-f", path, "-i", "4096", "-s", schemes, "add", user, input=secret.encode() + b"\n", check=True)
    with open(path) as f:
        return next(line.rstrip("\n").split(":")[1:] for line in f if line.startswith(f"{user}:"))


def test_dovecot_says_who_is_right(owlpost, bystanders):
    fields = kept(owlpost, "all", "word", "scram,crypt,cram-md5")
    users = {"joe@owlpost.test": "{PLAIN}word"} | {f"user{n}": field for n, field in enumerate(fields)}
    dovecot = Auth(bystanders, users).start()
    up(owlpost, f"dovecot:{dovecot.socket}", timeoutauth="3")
    with Link(owlpost) as link:
        answer = link.ask(authd.PASSWORD, mechanism="PLAIN", user="Joe@owlpost.test", secret="word")
        assert (answer["class"], answer.get("user")) == (RIGHT, b"joe@owlpost.test"), owlpost.log() + dovecot.log()
        assert link.password("joe@owlpost.test", "wort") == WRONG
        assert link.password("nobody", "word") == WRONG
        for user in list(users)[1:]:  # what owl-passwd writes Dovecot reads
            assert link.password(user, "word") == RIGHT
            assert link.password(user, "wort") == WRONG
        assert link.ask(authd.SCRAM, user="joe@owlpost.test")["status"] == b"5.7.4"
    assert "192.0.2.1" in dovecot.log()
    dovecot.kill()
    assert ask(owlpost, "joe@owlpost.test", "word") == LATER
    assert "unable to connect: " in owlpost.log()


def test_what_dovecot_writes_we_read(owlpost):
    path = f"{owlpost.folder}/passwords"
    with open(path, "w") as f:
        for scheme in ("SCRAM-SHA-256", "CRAM-MD5", "SHA512-CRYPT"):
            made = subprocess.run(over_usr(PACKAGES, "doveadm", "-O", "pw", "-s", scheme, "-p", "word"),
                                  capture_output=True, text=True, check=True).stdout.strip()
            f.write(f"{scheme}:{made.replace('{SHA512-CRYPT}', '{CRYPT}')}\n")
    for user in ("SCRAM-SHA-256", "CRAM-MD5", "SHA512-CRYPT"):
        for secret, code in ((b"word", 0), (b"wort", 1)):
            done = owlpost.call("owl-passwd", "-f", path, "verify", user, input=secret)
            assert done.returncode == code, (user, done)


class Impostor:
    """Something else at Dovecot's socket."""

    def __init__(self, owlpost, words):
        self.path, self.words = f"{owlpost.folder}/impostor", words
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o777)
        self.listener.listen(8)
        self.kept = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                self.kept.append(sock)
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    sock.sendall(self.words)
                    if self.words.endswith(b"."):
                        sock.close()

    def close(self):
        self.listener.close()
        for sock in self.kept:
            sock.close()


GREETING = b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nDONE\n"


IMPOSTORS = {
    "nothing": b"",
    "noise": b"\xff" * 200000 + b".",
    "another version": b"VERSION\t9\t0\nDONE\nOK\t1\tuser=joe\n",
    "another's answer": GREETING + b"OK\t2\tuser=joe\n",
    "half an answer": GREETING + b"OK\t1.",
    "a challenge": GREETING + b"CONT\t1\t\n",
    "a temporary failure": GREETING + b"FAIL\t1\tuser=joe\ttemp\n",
    "an answer before the question": b"OK\t1\tuser=joe\n" + GREETING,
    "a user that forges a line": GREETING + b"OK\t1\tuser=a\x01nauth: right\n",
    "half a greeting": GREETING[:20] + b".",
}


@pytest.mark.parametrize("words", IMPOSTORS.values(), ids=IMPOSTORS)
def test_what_is_not_dovecot_lets_nobody_in(owlpost, words):
    impostor = Impostor(owlpost, words)
    up(owlpost, f"dovecot:{impostor.path}", timeoutauth="2")
    result, took = timed(ask, owlpost, "joe", "word")
    assert result == LATER and took < 10
    assert impostor.kept and "unable to connect" not in owlpost.log()
    impostor.close()


@pytest.fixture
def checkpw(owlpost):
    """Debian's checkpw: passwords in ~/Maildir/.password; the folder with both programs."""
    program, _ = unpacked("checkpw", "checkpw")
    path = f"{owlpost.home('joe')}/Maildir/.password"
    with open(path, "w") as f:
        f.write("word")
    os.chmod(path, 0o600)
    owlpost.give("joe", path)
    return os.path.dirname(program)


def test_debian_s_checkpw(owlpost, checkpw):
    up(owlpost, f"{checkpw}/checkpw /bin/true", authroot="1")
    assert ask(owlpost, "joe", "word") == RIGHT
    assert ask(owlpost, "joe", "wort") == WRONG
    assert ask(owlpost, "joe", "word" * 200) == WRONG
    assert ask(owlpost, "no-such-user", "word") == WRONG


def test_debian_s_checkapoppw(owlpost, checkpw):
    up(owlpost, f"{checkpw}/checkapoppw /bin/true", authroot="1")
    challenge = "<12.34@owlpost.test>"
    with Link(owlpost) as link:
        for secret, expected in (("word", RIGHT), ("wort", WRONG)):
            digest = hashlib.md5((challenge + secret).encode()).hexdigest()
            answer = link.ask(authd.RESPONSE, mechanism="APOP", user="joe", challenge=challenge, response=digest)
            assert answer["class"] == expected
