"""AUTH and submission: real clients and mechanisms, who may send as whom, what is added."""
import base64
import email
import os
import pwd
import re
import smtplib
import subprocess

import pytest

import authd
import certificates
import processes
import scram
import senders
from instance import ROOT
from peers import free_port, listens
from secured import Plain, Secured
from test_listen import Listener
from waiting import wait_until

SECRET = "tan sta=af,t"
MESSAGE = b"Subject: hello\r\n\r\ntext\r\n"
PLAIN = base64.b64encode(f"\0joe\0{SECRET}".encode()).decode()


class Submission:
    """An instance with TLS and owl-authd, where joe has a password, and ann one of another kind."""

    def __init__(self, owlpost, **controls):
        self.owlpost, self.secured = owlpost, Secured(owlpost)
        folder = f"{owlpost.controls}/auth"
        os.mkdir(folder)
        if ROOT:
            os.chown(folder, 0, pwd.getpwnam("owlauth").pw_gid)
        os.chmod(folder, 0o2750)
        for user, schemes in (("joe", "scram,crypt,cram-md5"), ("ann@owlpost.test", "scram")):
            owlpost.call("owl-passwd", "-i", "4096", "-s", schemes, "add", user, input=SECRET.encode() + b"\n", check=True)
        for name, value in ({"authbackend": "checkpw", "authmechanisms": "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256", "authdelay": "0", "authdelaymax": "0", "authfailures": "0"} | controls).items():
            owlpost.control(name, value)

    def start(self):
        self.secured.start()
        authd.wait_for_daemon(self.owlpost)
        return self

    def listen(self, **environment):
        return self.owlpost.listen(environment=environment)

    def client(self, port, **how):
        return self.secured.client(port, **how)

    def log(self):
        return self.owlpost.log("smtpd") + self.owlpost.log("listener")


@pytest.fixture
def submission(owlpost):
    return Submission(owlpost).start()


@pytest.fixture
def port(submission):
    return submission.listen(SUBMISSION="1")


def codes(port, *lines):
    """The replies' codes, without TLS."""
    with_reply = Plain(port)
    with_reply.hear()
    found = [int(with_reply.ask(line.encode() + b"\r\n")[:3] or 0) for line in lines]
    with_reply.close()
    return found


def say(session, *lines):
    return [session.docmd(line)[0] for line in lines]


# ---- what is offered, and to whom

def test_auth_is_there_under_tls_only(submission, port):
    with submission.owlpost.client(port) as s:
        s.ehlo()
        assert "auth" not in s.esmtp_features and "starttls" in s.esmtp_features
        assert say(s, f"AUTH PLAIN {PLAIN}", "MAIL FROM:<joe@owlpost.test>") == [502, 530]
    with submission.client(port) as s:
        s.ehlo()
        assert set(s.esmtp_features["auth"].split()) == {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "CRAM-MD5", "PLAIN", "LOGIN"}
        assert say(s, "MAIL FROM:<joe@owlpost.test>") == [530]


@pytest.mark.parametrize("value, offered, needed", [
    ("", {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"}, False),
    ("+cram", {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN", "CRAM-MD5"}, False),
    ("!cram", {"CRAM-MD5"}, True), ("-", set(), False), (None, set(), False)])
def test_smtpauth_is_that_of_the_forks(submission, value, offered, needed):
    port = submission.listen(**({} if value is None else {"SMTPAUTH": value}))
    with submission.client(port) as s:
        s.ehlo()
        assert set(s.esmtp_features.get("auth", "").split()) == offered
        assert say(s, "MAIL FROM:<a@b.example>") == [530 if needed else 250]


def test_without_tls_where_the_site_says_so(owlpost):
    submission = Submission(owlpost, authwithouttls="1").start()
    port = submission.listen(SMTPAUTH="+cram")
    assert codes(port, "EHLO x", f"AUTH PLAIN {PLAIN}") == [250, 235]
    with owlpost.client(port) as s:
        s.ehlo()
        assert "SCRAM-SHA-256-PLUS" not in s.esmtp_features["auth"]


def test_mail_goes_on_while_owl_authd_is_away(submission):
    port = submission.listen(SMTPAUTH="")
    submission.owlpost.stop()
    submission.owlpost.control("authbackend", None)
    submission.secured.start()
    port = submission.listen(SMTPAUTH="")
    with submission.client(port) as s:
        s.ehlo()
        assert "auth" not in s.esmtp_features
        s.sendmail("a@b.example", ["joe@local.test"], MESSAGE)


def test_who_hears_passwords_cannot_be_looked_into(submission, port):
    owlpost = submission.owlpost
    with submission.client(port) as s:
        s.login("joe", SECRET)
        sessions = [pid for pid in owlpost.named("owl-smtpd") if processes.stat(pid)[1] != "Z"]
        assert len(sessions) >= 2  # doorkeeper and talker
        for pid in sessions:
            spy = subprocess.run(["head", "-c", "1", f"/proc/{pid}/mem"], capture_output=True, **owlpost.identity("owlsmtpd"))
            assert b"Permission denied" in spy.stderr, pid


# ---- what becomes of mail

def test_who_has_logged_in_may_relay_and_stands_in_the_trace(submission, port):
    owlpost = submission.owlpost
    owlpost.dot_qmail("joe", "", "|exit 111\n")
    with submission.client(port) as s:
        s.login("ann@owlpost.test", SECRET)
        s.sendmail("ann@owlpost.test", ["joe@local.test", "x@elsewhere.example"], MESSAGE)
    identifier = re.search(r"^\d{16}\S*", owlpost.owlq("list"), re.M).group(0)
    said = owlpost.owlq("show", identifier)
    assert "ann@owlpost.test" in said
    assert "], authenticated as ann@owlpost.test, by TLS: TLSv1." in owlpost.owlq("why", identifier)
    assert re.search(r"logged in by SCRAM-SHA-256|logged in by CRAM-MD5|logged in by PLAIN", submission.log())
    assert re.search(r"with ESMTPSA, tls TLS\S+ .*, user ann@owlpost\.test", submission.log())
    assert SECRET not in submission.log() + owlpost.log()


def test_the_header_gets_what_it_lacks(submission, port):
    owlpost = submission.owlpost
    with submission.client(port) as s:
        s.login("joe", SECRET)
        s.sendmail("joe@owlpost.test", ["joe@local.test"], MESSAGE)
        owlpost.wait_for_mail("joe")
        s.sendmail("joe@owlpost.test", ["ann@local.test"], b"From: x@y\r\nDate: d\r\nMessage-ID: <i>\r\n\r\n\r\nDate: no\r\n")
    bare = email.message_from_bytes(owlpost.wait_for_mail("joe")[0])
    assert bare["From"] == "<joe@owlpost.test>" and bare.get_payload() == "text\n"
    assert re.fullmatch(r"<\d{16}\.[0-9a-f]{16}@owlpost\.test>", bare["Message-ID"])
    assert email.utils.parsedate_to_datetime(bare["Date"])
    assert any("with ESMTPSA (user joe) id" in field for field in bare.get_all("Received"))
    whole = email.message_from_bytes(owlpost.wait_for_mail("ann")[0])
    assert whole.get_all("From") == ["x@y"] and whole.get_all("Date") == ["d"] and whole.get_all("Message-ID") == ["<i>"]
    assert whole.get_payload() == "\nDate: no\n"


def test_filters_learn_who_it_is(submission, tmp_path):
    owlpost = submission.owlpost
    out = tmp_path / "environment"
    filter_ = tmp_path / "filter"
    filter_.write_text(f"#!/bin/sh\nenv >{out}\nexec {owlpost.program('owl-queue')}\n")
    for path in (tmp_path, *tmp_path.parents):
        if str(path).startswith("/tmp/"):
            os.chmod(path, 0o777)
    os.chmod(filter_, 0o755)
    port = submission.listen(SMTPAUTH="", QMAILQUEUE=str(filter_), SMTPAUTHUSER="somebody")
    with submission.client(port) as s:
        s.login("joe", SECRET)
        s.sendmail("joe@owlpost.test", ["joe@local.test"], MESSAGE)
    seen = dict(line.split("=", 1) for line in out.read_text().splitlines() if "=" in line)
    assert seen["TCPREMOTEINFO"] == seen["SMTPAUTHUSER"] == "joe" and seen["RELAYCLIENT"] == ""
    assert seen["SMTPAUTHMETHOD"] in ("PLAIN", "LOGIN", "CRAM-MD5")
    assert SECRET not in out.read_text()


def test_sendermap_says_who_may_send_as_whom(owlpost):
    submission = Submission(owlpost, sendermap="sales@owlpost.test:joe\n@owlpost.test:=").start()
    with submission.client(submission.listen(SUBMISSION="1")) as s:
        s.login("joe", SECRET)
        for sender, code in (("joe@owlpost.test", 250), ("sales@owlpost.test", 250), ("ann@owlpost.test", 553),
                             ("joe@elsewhere.example", 553), ("", 250), ("joe@host", 554)):
            assert say(s, f"MAIL FROM:<{sender}>") == [code], sender
            s.rset()
        assert say(s, "MAIL FROM:<joe@owlpost.test> AUTH=<>", "RCPT TO:<x@host>", "RCPT TO:<x@y.example>") == [250, 554, 250]


# ---- guesses

def test_guesses_end_the_session(submission, port):
    wrong = base64.b64encode(b"\0joe\0wrong").decode()
    with submission.client(port) as s:
        s.ehlo()
        assert say(s, *3 * [f"AUTH PLAIN {wrong}"]) == 3 * [535]
        with pytest.raises(smtplib.SMTPServerDisconnected):
            s.docmd("NOOP")
    assert submission.log().count("log-in refused, by PLAIN, user joe: 535 5.7.8") == 3


def test_lines_of_the_exchange(submission, port):
    with submission.client(port) as s:
        s.ehlo()
        assert say(s, "AUTH PLAIN", "A" * 12290) == [334, 500]
        assert say(s, "AUTH PLAIN", "*", "AUTH PLAIN", "%", "AUTH GSSAPI", f"AUTH PLAIN {PLAIN}") == [334, 501, 334, 501, 504, 235]
        assert say(s, f"AUTH PLAIN {PLAIN}", "STARTTLS") == [503, 503]


# ---- mechanisms, by clients of others

def usually(chosen, full):
    """One of a client's mechanisms; the others with ./check --full."""
    if not chosen and not full:
        pytest.skip("in ./check --full")


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"])
def test_gsasl(submission, port, mechanism, version, full):
    """GnuTLS on the other side; of TLS 1.2 gsasl knows tls-unique alone."""
    usually(version == "1.3" or mechanism == "SCRAM-SHA-256", full)
    if (mechanism, version) == ("SCRAM-SHA-256-PLUS", "1.2"):
        pytest.skip("gsasl binds to TLS 1.2 by tls-unique, which is not offered")
    more = ["--no-cb"] if mechanism == "SCRAM-SHA-256" else []
    for password, says in ((SECRET, "Client authentication finished (server trusted)"), (SECRET + "x", "")):
        done = subprocess.run(
            [senders.installed("gsasl"), "--smtp", "--connect", f"localhost:{port}", "--starttls", "--mechanism", mechanism,
             "--authentication-id", "joe", "--authorization-id", "", "--password", password, "--hostname", "localhost",
             f"--x509-ca-file={submission.secured.path}", f"--priority=NORMAL:-VERS-ALL:+VERS-TLS{version}", *more],
            input=b"QUIT\r\n", capture_output=True, timeout=30, check=False)
        said = (done.stdout + done.stderr).decode()
        assert ("235 2.7.0" in said) == (password == SECRET), said
        assert says in said


PLUS, BARE = "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"
OTHER = bytes(32)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_what_scram_is_bound_to(submission, port, version):
    for mechanism, header, binding, taken in (
            (PLUS, "p=tls-exporter,,", scram.exporter, True), (PLUS, "p=tls-server-end-point,,", scram.end_point, True),
            (PLUS, "p=tls-exporter,,", lambda _: OTHER, False), (PLUS, "p=tls-server-end-point,,", lambda _: OTHER, False),
            (PLUS, "p=tls-unique,,", lambda s: s.get_channel_binding() or OTHER, False), (PLUS, "n,,", lambda _: b"", False),
            (BARE, "n,,", lambda _: b"", True),
            (BARE, "y,,", lambda _: b"", False)):  # who could bind has been told that we cannot (RFC 5802 6)
        with submission.client(port, version=version) as s:
            s.ehlo()
            code, text = scram.login(s, mechanism, header, binding(s.sock), "joe", SECRET)
            assert (code == 235) == taken, (mechanism, header, code, text)
            assert s.sock.version() == f"TLSv{version}"


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_swaks(submission, port, mechanism, full):
    usually(mechanism == "PLAIN", full)
    submission.owlpost.port = port
    message = b"Subject: by swaks\n\ntext\n"
    more = ["--tls", "--tls-ca-path", submission.secured.path, "--auth", mechanism, "--auth-user", "joe", "--auth-password"]
    senders.swaks(submission.owlpost, "joe@owlpost.test", ["joe@local.test"], message, *more, SECRET)
    submission.owlpost.wait_for_mail("joe")
    with pytest.raises(senders.Failed):
        senders.swaks(submission.owlpost, "joe@owlpost.test", ["joe@local.test"], message, *more, "wrong")


@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5"])
def test_python(submission, port, mechanism, full):
    usually(mechanism == "cram-md5", full)
    with submission.client(port) as s:
        s.ehlo()
        s.user, s.password = "joe", SECRET
        code, _ = s.auth(mechanism.upper(), getattr(s, f"auth_{mechanism.replace('-', '_')}"))
        assert code == 235


@pytest.mark.parametrize("method", ["plain", "login", "cram-md5", "scram-sha-256"])
def test_msmtp(submission, port, method, full):
    usually(method == "scram-sha-256", full)
    submission.owlpost.port = port
    senders.msmtp(submission.owlpost, "joe@owlpost.test", ["joe@local.test"], b"Subject: by msmtp\n\ntext\n", "--tls=on",
                  f"--tls-trust-file={submission.secured.path}", "--host=localhost", f"--auth={method}", "--user=joe",
                  f"--passwordeval=echo '{SECRET}'")
    assert b"by msmtp" in submission.owlpost.wait_for_mail("joe")[0]


@pytest.mark.parametrize("method", ["plain", "login", "cram-md5", "scram-sha-256"])
def test_mutt(submission, port, method, full):
    usually(method == "scram-sha-256", full)
    submission.owlpost.port = port
    senders.mutt(submission.owlpost, "joe@owlpost.test", ["joe@local.test"], b"Subject: by mutt\n\ntext\n",
                 f"set smtp_url=smtp://joe@localhost:{port}/ smtp_pass='{SECRET}' smtp_authenticators={method}",
                 f"set ssl_starttls=yes ssl_force_tls=yes ssl_ca_certificates_file={submission.secured.path} certificate_file={submission.secured.path}")
    assert b"by mutt" in submission.owlpost.wait_for_mail("joe")[0]


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_nodemailer(submission, port, method, full):
    usually(method == "LOGIN", full)
    submission.owlpost.port = port
    fates = senders.nodemailer_letters(
        submission.owlpost, [{"from": "joe@owlpost.test", "to": "joe@local.test", "subject": "by nodemailer", "text": "x"}],
        ignoreTLS=False, requireTLS=True, auth={"user": "joe", "pass": SECRET}, authMethod=method,
        tls={"ca": submission.secured.authority.pem, "servername": "owlpost.test"})
    assert fates[0].startswith("250 "), fates


def test_the_listener_has_sockets_for_submission(submission):
    plain, implicit = free_port(), free_port()
    Listener(submission.owlpost, f"127.0.0.1:{plain}/submission", f"127.0.0.1:{implicit}/submission/tls")
    for s in (submission.client(plain), submission.secured.implicit(implicit)):
        with s:
            s.ehlo()
            assert say(s, "MAIL FROM:<joe@owlpost.test>") == [530]
            s.login("joe", SECRET)
            s.sendmail("joe@owlpost.test", ["joe@local.test"], MESSAGE)
    assert all(b"Message-ID: " in m for m in submission.owlpost.wait_for_mail("joe", 2))


def test_a_certificate_logs_in(owlpost):
    """EXTERNAL: whom authcertificates has it for."""
    submission = Submission(owlpost, authmechanisms="EXTERNAL PLAIN")
    own = certificates.make("joe's telephone", issuer=submission.secured.authority)
    other = certificates.make("stranger", issuer=submission.secured.authority)
    owlpost.control("authcertificates", f"{own.fingerprint()}:joe")
    owlpost.control("tlsclients", "0" * 64)  # so that clients are asked for one
    port = submission.start().listen(SUBMISSION="1")
    files = {name: c.write(owlpost.folder, name) for name, c in (("own", own), ("other", other))}
    joe, ann = (base64.b64encode(user).decode() for user in (b"joe", b"ann"))
    for name, answers in (("own", [535, 235]), ("other", [535, 535])):
        with submission.client(port, certificate=files[name]) as s:
            s.ehlo()
            assert "EXTERNAL" in s.esmtp_features["auth"]
            assert say(s, f"AUTH EXTERNAL {ann}", f"AUTH EXTERNAL {joe}") == answers
    with submission.client(port, certificate=files["own"]) as s:
        s.ehlo()
        assert say(s, "AUTH EXTERNAL =") == [235]
        s.sendmail("joe@owlpost.test", ["joe@local.test"], MESSAGE)
    with submission.client(port) as s:
        s.ehlo()
        assert "EXTERNAL" not in s.esmtp_features["auth"]


# ---- qmail's forks

def test_the_arguments_of_the_forks(owlpost, tmp_path):
    program = tmp_path / "checkpassword"
    program.write_text("#!/bin/sh\nuser=$(tr '\\0' '\\n' <&3 | head -n 2 | tr '\\n' ' ')\n[ \"$user\" = 'joe secret ' ] || exit 1\nexec \"$@\"\n")
    for path in (tmp_path, *tmp_path.parents):
        if str(path).startswith("/tmp/"):
            os.chmod(path, 0o777)
    os.chmod(program, 0o755)
    submission = Submission(owlpost, authbackend=f"{program} /bin/true").start()
    for words, code in (([str(program), "/bin/true"], 235), ([str(program), "/bin/false"], 421)):
        port = free_port()
        with owlpost._log("smtpd") as log:
            owlpost.listeners.append(subprocess.Popen(
                ["tcpserver", "-H", "-R", *(["-u", str(pwd.getpwnam("owlsmtpd").pw_uid), "-g", str(pwd.getpwnam("owlsmtpd").pw_gid)] if ROOT else []),
                 "127.0.0.1", str(port), owlpost.program("owl-smtpd"), "mail.example", *words],
                env=owlpost.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        wait_until(lambda: listens(port), 10, f"tcpserver on port {port}")
        if code == 421:
            with pytest.raises(smtplib.SMTPConnectError):
                owlpost.client(port)
            continue
        with submission.client(port) as s:
            s.login("joe", "secret")
            s.sendmail("a@b.example", ["x@elsewhere.example"], MESSAGE)
    assert "authbackend" in owlpost.log("smtpd")
