"""owl-popup with TLS: STLS, port 995, and what may not stand before TLS; by owl-start's listener."""
import base64
import hmac
import os
import poplib
import re
import signal

import pytest

import certificates
import scram
from authd import answers, wait_for_daemon
from peers import free_port, listens
from secured import Secured
from test_popup import Dialog, PASSWORD
from waiting import wait_until

USER = "joe@local.test"


class Served:
    def __init__(self, owlpost):
        self.owlpost, self.secured = owlpost, Secured(owlpost)
        owlpost.dot_qmail("joe", "", "./Maildir/\n")
        owlpost.mailboxes({"joe@local.test": PASSWORD})
        self.port, self.tls_port = free_port(), free_port()
        owlpost.control("pop3listen", f"127.0.0.1:{self.port}\n127.0.0.1:{self.tls_port}/tls")

    def start(self):
        self.secured.start()
        wait_until(lambda: listens(self.tls_port) and answers(f"{self.owlpost.run}/mailbox/socket"), 20, self.owlpost.log)
        wait_for_daemon(self.owlpost)
        return self

    def logs(self, pattern):
        wait_until(lambda: re.search(pattern, self.owlpost.log()), 20, self.owlpost.log)

    def log_in(self, session):
        session.user(USER)
        session.pass_(PASSWORD)
        return session


@pytest.fixture
def served(owlpost):
    return Served(owlpost)


def test_stls(served):
    """Nothing but QUIT and STLS before TLS; then all of it."""
    served.start()
    session = poplib.POP3("127.0.0.1", served.port, timeout=30)
    assert "STLS" in session.capa() and not {"USER", "SASL"} & set(session.capa())
    with pytest.raises(poplib.error_proto, match="begin TLS first"):
        session.user(USER)
    with pytest.raises(poplib.error_proto, match="begin TLS first"):
        session._shortcmd("AUTH PLAIN AGpvZQB4")
    session.stls(context=served.secured.context())
    assert "STLS" not in session.capa() and {"USER", "SASL"} <= set(session.capa())
    assert session.capa()["SASL"] == ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"]
    with pytest.raises(poplib.error_proto, match="TLS already"):
        session._shortcmd("STLS")
    assert served.log_in(session).stat() == (0, 0)
    session.quit()
    served.logs(r"TLS: TLSv1\.3 .*\n(.*\n)*.*logged in by PLAIN, user joe@local\.test")


def by_scram(mechanism, header, binding):
    return lambda pop, user, secret: scram.login(pop, mechanism, header, binding(pop.sock), user, secret)


def by_words(mechanism, *words):
    """Each a function of user, password and challenge."""
    def log_in(pop, user, secret):
        code, text = pop.docmd("AUTH", mechanism)
        for word in words:
            assert code == 334, text
            code, text = pop.docmd(scram.word(word(user, secret, base64.b64decode(text))))
        return code, text
    return log_in


WAYS = {
    "PLAIN": by_words("PLAIN", lambda user, secret, _: f"\0{user}\0{secret}".encode()),
    "LOGIN": by_words("LOGIN", lambda user, *_: user.encode(), lambda _, secret, __: secret.encode()),
    "CRAM-MD5": by_words("CRAM-MD5", lambda user, secret, challenge:
                         f"{user} {hmac.new(secret.encode(), challenge, 'md5').hexdigest()}".encode()),
    "SCRAM-SHA-256": by_scram("SCRAM-SHA-256", "n,,", lambda _: b""),
    "exporter": by_scram("SCRAM-SHA-256-PLUS", "p=tls-exporter,,", scram.exporter),
    "end point": by_scram("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,", scram.end_point),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_mechanism_logs_in(served, way):
    served.owlpost.control("authmechanisms", "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256")
    served.start()
    for secret, code in ((PASSWORD, 235), (PASSWORD + "x", 535)):
        session = poplib.POP3_SSL("127.0.0.1", served.tls_port, context=served.secured.context(), timeout=30)
        pop = scram.Pop(lambda line: ask(session, line))
        pop.sock = session.sock
        got, text = WAYS[way](pop, USER, secret)
        assert got == code, text
        assert text.startswith("+OK 0 messages" if code == 235 else "-ERR [AUTH]")
        if code == 235:
            assert session.stat() == (0, 0)
        session.close()


def ask(session, line):
    session._putcmd(line)
    return session._getline()[0].decode()


def test_a_certificate_logs_in(served):
    """EXTERNAL, by the SHA-256 of what the client has shown."""
    folder = served.owlpost.folder
    own = certificates.make("joe", issuer=served.secured.authority)
    pair = own.write(folder, "joe")
    served.owlpost.control("authcertificates", f"{own.fingerprint()}:joe@local.test")
    served.owlpost.control("tlsclients", own.fingerprint())
    served.start()
    context = served.secured.context(certificate=pair)
    session = poplib.POP3_SSL("127.0.0.1", served.tls_port, timeout=30, context=context)
    assert session.capa()["SASL"][0] == "EXTERNAL"
    assert session._shortcmd("AUTH EXTERNAL =").startswith(b"+OK 0 messages")
    session.quit()
    other = poplib.POP3_SSL("127.0.0.1", served.tls_port, timeout=30, context=served.secured.context())
    assert "EXTERNAL" not in other.capa()["SASL"]


def test_implicit_tls(served):
    served.start()
    session = poplib.POP3_SSL("127.0.0.1", served.tls_port, timeout=30, context=served.secured.context())
    assert served.log_in(session).stat() == (0, 0)
    session.quit()
    served.logs("mailbox: messages 0, .*: quit")


@pytest.mark.parametrize("behind", [b"CAPA\r\n", b"\x16\x03\x01", b"\n"])
def test_what_stands_behind_stls_ends_the_connection(served, behind):
    """It came in the clear, and would be taken for what came by TLS."""
    served.start()
    session = Dialog(served.port)
    session.say(b"CAPA\r\nSTLS\r\n" + behind)
    assert session.line().startswith("+OK") and session.lines()
    assert session.line().startswith("-ERR nothing goes behind STLS")
    assert session.ends()
    served.logs("hung up on octets before TLS")


def test_what_comes_later_meets_the_handshake(served):
    served.start()
    session = Dialog(served.port)
    assert session.ask("STLS").startswith("+OK")
    session.say(b"USER joe\r\n")
    assert not session.file.read().startswith((b"+OK", b"-ERR"))
    served.logs("TLS failed: ")


def test_one_client_has_so_many_connections(served):
    served.owlpost.control("maxpop3sessionsperip", "2")
    served.start()
    first, second, third = (Dialog(served.port) for _ in range(3))
    assert first.greeting.startswith("+OK") and second.greeting.startswith("+OK")
    assert third.greeting == "-ERR [SYS/TEMP] too many connections, please come again later"
    assert third.line() == ""
    first.ask("QUIT")
    wait_until(lambda: Dialog(served.port).greeting.startswith("+OK"), 20, "a place for one more")


def test_a_session_behind_the_log_in_counts(served):
    served.owlpost.control("maxpop3sessionsperip", "1")
    served.start()
    session = poplib.POP3_SSL("127.0.0.1", served.tls_port, timeout=30, context=served.secured.context())
    served.log_in(session)
    assert Dialog(served.port).greeting.startswith("-ERR [SYS/TEMP] too many")
    session.quit()
    wait_until(lambda: Dialog(served.port).greeting.startswith("+OK"), 20, "a place for one more")


def test_the_end_of_the_listener(served):
    """Who has not logged in is told; a session goes on to its end."""
    served.start()
    session = poplib.POP3_SSL("127.0.0.1", served.tls_port, timeout=30, context=served.secured.context())
    served.log_in(session)
    early = Dialog(served.port)
    os.kill(served.owlpost.leader("owl-popup"), signal.SIGTERM)
    assert early.line().startswith("-ERR [SYS/TEMP] the server is shutting down")
    wait_until(lambda: not listens(served.port), 20, "the listener's end")
    served.logs("mailbox: its session goes on by itself")
    assert session.stat() == (0, 0)
    session.quit()


def test_control_files_and_program_anew(served):
    """HUP: a wrong file leaves what was before; USR2: connections and their counts go on."""
    served.owlpost.control("maxpop3sessionsperip", "2")
    served.start()
    listener = served.owlpost.leader("owl-popup")
    early = Dialog(served.port)
    served.owlpost.control("maxlogincommands", "many")
    os.kill(listener, signal.SIGHUP)
    served.logs("control files are wrong: those read before stay in force")
    os.kill(listener, signal.SIGUSR2)
    served.logs("the program cannot be executed anew: this one stays")
    served.owlpost.control("maxlogincommands", "1")
    os.kill(listener, signal.SIGHUP)
    served.logs("control files read anew")
    os.kill(listener, signal.SIGUSR2)
    wait_until(lambda: served.owlpost.log().count(f"owl-popup {listener}: listening") == 2, 20, served.owlpost.log)
    later, last = Dialog(served.port), Dialog(served.port)
    assert later.greeting.startswith("+OK") and last.greeting.startswith("-ERR [SYS/TEMP] too many")
    assert early.ask("NOOP").startswith("-ERR unknown") and early.ask("QUIT").startswith("+OK")
    assert later.ask("NOOP").startswith("-ERR unknown") and later.line().startswith("-ERR too many commands")


@pytest.mark.parametrize("address", ["here", "127.0.0.1:99999", "127.0.0.1:110/ssl"])
def test_check_reads_the_addresses(served, address):
    assert served.owlpost.call("owl-popup", "--check").returncode == 0
    served.owlpost.control("pop3listen", f"127.0.0.1:110\n{address}")
    done = served.owlpost.call("owl-popup", "--check")
    assert done.returncode == 111 and f"unable to listen at {address}: it is no ADDRESS".encode() in done.stderr
