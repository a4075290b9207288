"""Who may send what to whom: the receiver's lists, limits and checks."""
import os
import smtplib
import socket
import subprocess
import time

import pytest

from waiting import wait_until

SENDER = "ann@elsewhere.test"


class Client(smtplib.SMTP):
    """Replies as (code, text); the session of one test."""

    def reply(self, line):
        code, text = self.docmd(line)
        return code, text.decode()

    def mail_from(self, sender=SENDER):
        return self.reply(f"MAIL FROM:<{sender}>")

    def rcpt_to(self, recipient):
        return self.reply(f"RCPT TO:<{recipient}>")

    def rcpt_of(self, recipient, sender=SENDER):
        """The reply to the only recipient of a transaction."""
        self.reply("RSET")
        assert self.mail_from(sender)[0] == 250
        return self.rcpt_to(recipient)


def connect(port, name="client.test"):
    client = Client("127.0.0.1", port, local_hostname=name, timeout=20)
    client.ehlo()
    return client


def compile_list(owlpost, program, lines, code=0):
    name = {"owl-newmrh": "morercpthosts", "owl-newrecipients": "recipients"}[program]
    owlpost.control(name, lines)
    done = owlpost.call(program)
    assert done.returncode == code, done.stderr


# ---- lists

@pytest.mark.parametrize("sender,code", [
    ("spam@x.test", 553), ("SPAM@X.Test", 553), ("ham@x.test", 250), ("a@bad.test", 553), ("a@sub.bad.test", 250),
    ("a@x.below.test", 553), ("a@below.test", 250), ("offer17@z.test", 553), ("", 250)])
def test_a_sender_is_refused_by_badmailfrom(owlpost, sender, code):
    owlpost.control("badmailfrom", "spam@x.test\n@bad.test\n.below.test\noffer*@*")
    with connect(owlpost.up().port) as client:
        reply = client.mail_from(sender)
    assert reply[0] == code
    if code == 553:
        assert reply[1] == "5.7.1 sorry, your envelope sender is in my list of refused senders"


def test_a_client_is_refused_by_the_name_it_greets_with(owlpost):
    owlpost.control("badhelo", "owlpost.test\n.dyn.test\n*broadband*")
    port = owlpost.up().port
    for name, code in (("owlpost.test", 553), ("h1.dyn.test", 553), ("7.Broadband.example", 553), ("mx.test", 250)):
        with connect(port, name) as client:
            assert client.mail_from()[0] == code, name
    assert "the name that you greet with" in owlpost.log("smtpd")


def test_a_recipient_is_refused_by_badrcptto_whoever_asks(owlpost):
    owlpost.control("badrcptto", "joe@local.test\n@closed.test")
    owlpost.up(relay=True)
    with connect(owlpost.port) as client:
        assert client.rcpt_of("joe@local.test") == (
            553, "5.7.1 sorry, that recipient is in my list of refused recipients")
        assert client.rcpt_of("x@closed.test")[0] == 553
        assert client.rcpt_of("ann@local.test")[0] == 250


def test_many_domains_are_taken_from_a_database(owlpost):
    owlpost.control("rcpthosts", "local.test")
    compile_list(owlpost, "owl-newmrh", "\n".join(f"d{i}.test" for i in range(20000)) + "\n.sub.test")
    owlpost.up()
    with connect(owlpost.port) as client:
        for domain, code in (("d0.test", 250), ("D19999.Test", 250), ("a.sub.test", 250), ("sub.test", 553),
                             ("d20000.test", 553), ("x.d0.test", 553)):
            assert client.rcpt_of(f"x@{domain}")[0] == code, domain
        # a new file counts at once, and a wrong line changes nothing
        compile_list(owlpost, "owl-newmrh", "new.test\njoe@wrong.test", code=100)
        assert client.rcpt_of("x@d0.test")[0] == 250
        compile_list(owlpost, "owl-newmrh", "new.test")
        assert client.rcpt_of("x@d0.test")[0] == 553
        assert client.rcpt_of("x@new.test")[0] == 250
        with open(f"{owlpost.controls}/morercpthosts.cdb", "w") as f:
            f.write("no cdb")
        assert client.rcpt_of("x@new.test")[0] == 451
        os.unlink(f"{owlpost.controls}/morercpthosts.cdb")
        assert client.rcpt_of("x@new.test")[0] == 553
    assert "unable to read morercpthosts.cdb: " in owlpost.log("smtpd")


def test_without_rcpthosts_nobody_relays_but_who_may(owlpost):
    owlpost.control("rcpthosts", None)
    owlpost.up()
    with connect(owlpost.port) as client:
        for recipient in ("joe@local.test", "x@elsewhere.test"):
            assert client.rcpt_of(recipient)[0] == 553
    with connect(owlpost.listen(relay=True)) as client:
        for recipient in ("joe@local.test", "x@elsewhere.test"):
            assert client.rcpt_of(recipient)[0] == 250


def test_recipients_elsewhere_are_checked_by_a_list(owlpost):
    owlpost.control("rcpthosts", "local.test\nchecked.test\nall.test\nfree.test")
    compile_list(owlpost, "owl-newrecipients", "Joe@checked.test\nann@checked.test\n@all.test\neve@local.test")
    owlpost.up()
    with connect(owlpost.port) as client:
        assert client.rcpt_of("joe@Checked.test")[0] == 250
        assert client.rcpt_of("bob@checked.test") == (550, "5.1.1 sorry, no mailbox there by that name")
        assert client.rcpt_of("bob@all.test")[0] == 250
        assert client.rcpt_of("bob@free.test")[0] == 250
        assert client.rcpt_of("joe@local.test")[0] == 250  # delivery knows, not the list
    with connect(owlpost.listen(relay=True)) as client:
        assert client.rcpt_of("bob@checked.test")[0] == 550


# ---- limits

def last_words(client):
    """What the server says before it hangs up."""
    words = b""
    while got := client.recv(4096):
        words += got
    return words.decode()


def test_a_client_that_does_not_wait_for_the_greeting_is_refused(owlpost):
    owlpost.control("greetdelay", "30")
    owlpost.up(environment={"TARPITCOUNT": "1"})
    with socket.create_connection(("127.0.0.1", owlpost.port), 20) as client:
        client.sendall(b"EHLO client.test\r\n")
        assert last_words(client) == "554 5.5.1 you spoke before the greeting, closing\r\n"
    wait_until(lambda: "client spoke before the greeting" in owlpost.log("smtpd"), 20, owlpost.log)


def test_a_client_that_waits_is_greeted(owlpost):
    owlpost.control("greetdelay", "1")
    owlpost.up()
    begun = time.monotonic()
    with connect(owlpost.port) as client:
        assert time.monotonic() - begun >= 1
        assert client.rcpt_of("joe@local.test")[0] == 250
    with connect(owlpost.listen(environment={"GREETDELAY": "0"})) as client:
        assert client.rcpt_of("joe@local.test")[0] == 250


def test_guesses_are_answered_late(owlpost):
    owlpost.control("tarpitcount", "2")
    owlpost.control("tarpitdelay", "1")
    owlpost.up()
    with connect(owlpost.port) as client:
        client.mail_from()
        for name in ("guess1", "guess2"):
            assert client.rcpt_to(f"{name}@local.test")[0] == 550
        begun = time.monotonic()
        assert client.rcpt_to("joe@local.test")[0] == 250
        assert time.monotonic() - begun >= 1


def test_a_session_has_a_number_of_transactions(owlpost):
    owlpost.control("maxtransactions", "2")
    owlpost.up()
    with connect(owlpost.port) as client:
        assert client.mail_from()[0] == 250
        client.reply("RSET")
        assert client.mail_from()[0] == 250
        client.reply("RSET")
        assert client.mail_from() == (421, "4.7.0 too many transactions in one session, closing")
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.reply("NOOP")


@pytest.mark.parametrize("name,value", [("DATABYTES", "x"), ("GREETDELAY", "4294967296"), ("TARPITDELAY", "-1")])
def test_a_rule_that_is_no_number_takes_no_mail(owlpost, name, value):
    owlpost.up(environment={name: value})
    with pytest.raises(smtplib.SMTPConnectError) as refused:
        connect(owlpost.port)
    assert refused.value.smtp_code == 421
    assert f"unable to read {name}: it is not a number, or too great" in owlpost.log("smtpd")


def test_rules_of_tcpserver_make_limits_others(owlpost):
    owlpost.up(environment={"MAXRECIPIENTS": "1", "DATABYTES": "1000"})
    with connect(owlpost.port) as client:
        assert client.reply("MAIL FROM:<a@elsewhere.test> SIZE=1001")[0] == 552
        assert client.mail_from()[0] == 250
        assert client.rcpt_to("joe@local.test")[0] == 250
        assert client.rcpt_to("ann@local.test")[0] == 452


# ---- the site's own program

def checker(owlpost, body):
    path = f"{owlpost.folder}/rcptcheck"
    with open(path, "w") as f:
        f.write(f"#!/bin/sh\n{body}\n")
    os.chmod(path, 0o755)
    for folder in (owlpost.folder, os.path.dirname(owlpost.folder)):
        os.chmod(folder, os.stat(folder).st_mode | 0o011)
    return {"RCPTCHECK": path}


@pytest.mark.parametrize("body,reply", [
    ("exit 100", (553, "5.7.1 sorry, that recipient is not taken from you")),
    ("echo no ${SENDER}, $RECIPIENT, $HELO, $TCPREMOTEIP; echo more; exit 100",
     (553, "5.7.1 no ann@elsewhere.test, joe@local.test, client.test, 127.0.0.1")),
    ("cat; echo later; exit 111", (451, "4.7.1 later")),
    ("exit 111", (451, "4.7.1 that recipient cannot be taken now")),
    ("exit 120", (451, "4.3.0 unable to check that recipient now, please try later")),
    ("kill -9 $$", (451, "4.3.0 unable to check that recipient now, please try later")),
    ("echo ignored; exit 0", (250, "2.1.5 recipient ok")),
    ("exit 1", (250, "2.1.5 recipient ok"))])
def test_a_program_of_the_site_decides(owlpost, body, reply):
    owlpost.up(environment=checker(owlpost, body))
    with connect(owlpost.port) as client:
        assert client.rcpt_of("joe@local.test") == reply
        assert client.rcpt_of("nobody@local.test")[0] == 550  # not asked about


def has_ended(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_program_that_does_not_end_is_killed(owlpost):
    owlpost.control("timeoutrcpt", "1")
    pids = f"{owlpost.folder}/pids"
    open(pids, "w").close()
    os.chmod(pids, 0o666)
    owlpost.up(environment=checker(owlpost, f"sleep 600 & echo $! $$ >>{pids}; wait"))
    with connect(owlpost.port) as client:
        assert client.rcpt_of("joe@local.test")[0] == 451
    for pid in open(pids).read().split():
        wait_until(lambda: has_ended(pid), 20, pid)


def test_ignored_children_still_have_exit_codes(owlpost):
    """Who starts the receiver may have left SIGCHLD ignored."""
    owlpost.up(environment=checker(owlpost, "exit 100"), guard=("env", "--ignore-signal=CHLD"))
    with connect(owlpost.port) as client:
        assert client.rcpt_of("joe@local.test") == (553, "5.7.1 sorry, that recipient is not taken from you")
    with socket.create_connection(("127.0.0.1", owlpost.port)) as s:
        assert s.recv(1000).startswith(b"220 ")
    wait_until(lambda: ": client left" in owlpost.log("smtpd"), 10, lambda: owlpost.log("smtpd"))
    done = subprocess.run(["env", "--ignore-signal=CHLD", owlpost.program("owl-smtpd"), "--explain", "joe@local.test"],
                          env=owlpost.environment | checker(owlpost, "exit 100"), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE)
    assert b"that recipient is not taken from you" in done.stdout, done.stdout


def test_a_program_that_is_not_there_takes_no_recipient(owlpost):
    owlpost.up(environment={"RCPTCHECK": "/nonexistent"})
    with connect(owlpost.port) as client:
        assert client.rcpt_of("joe@local.test")[0] == 451
    assert "unable to get an answer from /nonexistent" in owlpost.log("smtpd")


# ---- what a filter says

@pytest.mark.parametrize("code,said,reply", [
    (82, "the site says so", 451), (82, "Dthe site says so", 554), (88, "the site says so", 554),
    (88, "Zthe site says so", 451), (31, "the site says so", 554), (71, "the site says so", 451)])
def test_the_words_of_a_filter_reach_the_client(owlpost, code, said, reply):
    path = checker(owlpost, f"cat >/dev/null; cat >/dev/null <&1; printf '{said}' >&4; exit {code}")["RCPTCHECK"]
    owlpost.up(environment={"QMAILQUEUE": path})
    with connect(owlpost.port) as client:
        assert client.rcpt_of("joe@local.test")[0] == 250
        assert client.reply("DATA")[0] == 354
        client.send("Subject: x\r\n\r\nbody\r\n.\r\n")
        got, text = client.getreply()
    assert got // 100 == reply // 100
    assert text.decode().split(maxsplit=1)[1] == "the site says so"
