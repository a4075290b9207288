"""verifyrecipients: the next hop is asked about recipients before they are taken."""
import os
import re
import smtplib
import threading

import pytest

from dovecot import Dovecot
from peers import Sink, free_port
from waiting import wait_until

SENDER = "sender@sender.test"
DOMAINS = "owlpost.test\nlocal.test\nfar.test\nstore.test"


class Hop(Sink):
    """A next hop that keeps the commands which it gets, and refuses the user "no"."""

    def __init__(self, answers=None, **options):
        self.commands, self.answers = [], answers or {}
        super().__init__(reply=self._answer, **options)

    def _answer(self, verb, argument):
        self.commands.append(f"{verb} {argument}".strip())
        if found := self.answers.get(self.commands[-1]):
            return found
        return "550 5.1.1 who?" if argument == "TO:<no@far.test>" else None

    def count(self, command):
        return self.commands.count(command)


@pytest.fixture
def hop(owlpost):
    with Hop() as h:
        owlpost.control("rcpthosts", DOMAINS)
        owlpost.control("smtproutes", f"far.test:127.0.0.1:{h.port}")
        owlpost.control("verifyrecipients", "far.test:defer")
        yield h


def reply(session, recipient, sender=SENDER):
    """To one RCPT: (code, text)."""
    session.rset()
    assert session.mail(sender)[0] == 250
    code, text = session.rcpt(recipient)
    return code, text.decode()


def ask(owlpost, *recipients, port=None):
    with owlpost.client(port) as session:
        session.ehlo()
        return [reply(session, each) for each in recipients]


def test_what_the_next_hop_refuses_is_refused(owlpost, hop):
    owlpost.up()
    yes, no = ask(owlpost, "yes@far.test", "no@far.test")
    assert yes[0] == 250
    assert no == (550, "5.1.1 the next host says: who?")
    assert hop.commands[:3] == ["CONNECT", "EHLO owlpost.test", "MAIL FROM:<>"]
    assert not any(c.startswith("DATA") for c in hop.commands)
    wait_until(lambda: "recipient no@far.test at relay 127.0.0.1" in owlpost.log(), 10, "the log")
    owlpost.submit("Subject: owls\n\nhello\n", "yes@far.test")
    wait_until(lambda: hop.received, 20, lambda: owlpost.log())
    assert hop.received[0].recipients == ["yes@far.test"]


def test_answers_are_kept_for_a_while(owlpost, hop):
    owlpost.control("verifycacheno", "1")
    owlpost.up()
    for _ in range(3):
        assert [code for code, _ in ask(owlpost, "yes@far.test", "YES@far.test")] == [250, 250]
    assert hop.count("RCPT TO:<yes@far.test>") == 1 and hop.sessions == 1
    assert ask(owlpost, "no@far.test")[0][0] == 550
    # the address has been made; the no has its time
    hop.answers["RCPT TO:<no@far.test>"] = "250 2.1.5 now there is"
    wait_until(lambda: ask(owlpost, "no@far.test")[0][0] == 250, 20, "the new address")
    assert hop.count("RCPT TO:<no@far.test>") == 2


def test_questions_share_a_session(owlpost, hop):
    owlpost.up()
    answers = ask(owlpost, *(f"r{i}@far.test" for i in range(20)))
    assert [code for code, _ in answers] == [250] * 20
    assert hop.sessions == 1 and hop.count("RSET") == 19


@pytest.mark.parametrize("choice, code", [("defer", 451), ("accept", 250)])
def test_a_next_hop_that_cannot_be_asked(owlpost, choice, code):
    owlpost.control("rcpthosts", DOMAINS)
    owlpost.control("smtproutes", f"far.test:127.0.0.1:{free_port()}")
    owlpost.control("verifyrecipients", f".test:{choice}\nlocal.test:")
    owlpost.up()
    answers = ask(owlpost, "a@far.test", "b@far.test", "joe@local.test")
    assert [c for c, _ in answers] == [code, code, 250]
    if choice == "defer":
        assert "unable to connect" in answers[0][1]
    # the second one was not tried: nobody is there
    assert owlpost.log().count("not known: unable to connect") == 1


def test_a_fault_of_ours_is_not_the_next_hops(owlpost, hop):
    """It can be asked again as soon as the fault is mended."""
    owlpost.up()
    owlpost.control("timeoutdns", "soon")
    ((code, text),) = ask(owlpost, "a@far.test")
    assert code == 451 and "unable to read the configuration" in text
    owlpost.control("timeoutdns", None)
    assert ask(owlpost, "b@far.test")[0][0] == 250


@pytest.mark.parametrize("command, answer", [("RCPT TO:<yes@far.test>", "450 4.2.0 greylisted"),
                                             ("RCPT TO:<yes@far.test>", "421 4.3.2 closing down"),
                                             ("MAIL FROM:<>", "550 5.7.1 no bounces here")])
def test_what_is_no_word_about_the_recipient_is_not_taken_for_one(owlpost, hop, command, answer):
    hop.answers[command] = answer
    owlpost.up()
    ((code, text),) = ask(owlpost, "yes@far.test")
    assert code in (450, 451) and answer[10:] in text
    owlpost.control("verifyrecipients", "far.test:accept")
    assert ask(owlpost, "yes@far.test")[0][0] == 250


def test_the_sender_can_be_chosen(owlpost, hop):
    owlpost.control("verifysender", "postmaster@owlpost.test")
    owlpost.up()
    assert ask(owlpost, "yes@far.test")[0][0] == 250
    assert "MAIL FROM:<postmaster@owlpost.test>" in hop.commands


def test_the_mark_of_double_bounces_is_no_sender(owlpost, hop):
    owlpost.control("verifysender", "#@[]")
    owlpost.up()
    wait_until(lambda: "verifysender: it is no address" in owlpost.log(), 20, lambda: owlpost.log())


def test_who_is_slow_is_asked_once_and_remembered(owlpost):
    """The client gets its answer in time, the question goes on."""
    owlpost.control("rcpthosts", DOMAINS)
    owlpost.control("timeoutverify", "1")
    owlpost.control("verifyrecipients", "far.test:defer")
    hold = threading.Event()

    def answer(verb, argument):
        if verb == "RCPT":
            hold.wait(60)

    with Sink(reply=answer) as sink:
        owlpost.control("smtproutes", f"far.test:127.0.0.1:{sink.port}")
        owlpost.up()
        for _ in range(2):
            ((code, text),) = ask(owlpost, "a@far.test")
            assert code == 451 and "is being asked" in text
        hold.set()
        wait_until(lambda: "recipient a@far.test at" in owlpost.log(), 20, lambda: owlpost.log())
        assert ask(owlpost, "a@far.test")[0][0] == 250
        assert sink.sessions == 1


def test_only_our_domains_are_asked_about(owlpost, hop):
    """Clients' mail to others' domains goes without a question, whatever the map says."""
    owlpost.control("rcpthosts", "owlpost.test")
    owlpost.control("verifyrecipients", ":defer")
    owlpost.up(relay=True)
    assert ask(owlpost, "no@far.test")[0][0] == 250
    assert hop.commands == []


def test_many_clients_and_few_questions(owlpost, hop):
    """All of them get an answer; the next hop sees few sessions, and one question for each address."""
    owlpost.up()
    codes = []

    def client(number):
        codes.extend(code for code, _ in ask(owlpost, *(f"u{(number + i) % 10}@far.test" for i in range(5))))

    threads = [threading.Thread(target=client, args=(n,)) for n in range(20)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert codes == [250] * 100
    assert hop.sessions <= 4
    assert all(hop.count(f"RCPT TO:<u{n}@far.test>") == 1 for n in range(10))


def test_two_hosts_that_ask_each_other_ask_once(owlpost):
    """The next hop of far.test is this host: its question is the one under way."""
    owlpost.control("rcpthosts", DOMAINS)
    owlpost.control("timeoutverify", "2")
    owlpost.control("verifyrecipients", "far.test:defer")
    owlpost.start()
    port = owlpost.listen()
    owlpost.control("smtproutes", f"far.test:127.0.0.1:{port}")
    owlpost.starter.send_signal(1)
    ((code, _),) = ask(owlpost, "a@far.test", port=port)
    assert code == 451
    wait_until(lambda: "recipient a@far.test at" in owlpost.log(), 30, lambda: owlpost.log())
    assert owlpost.log().count("recipient a@far.test at") == 1
    assert len(owlpost.named("owl-remote")) <= 2


def test_an_owlpost_as_the_next_hop(owlpost):
    """Its own refusals come through."""
    other = f"{owlpost.folder}/other"
    os.mkdir(other)
    for name, value in {"me": "far.test", "locals": "far.test", "rcpthosts": "far.test", "rundir": owlpost.run,
                        "queuedir": owlpost.queue}.items():
        with open(f"{other}/{name}", "w") as f:
            f.write(f"{value}\n")
    if os.path.exists(f"{owlpost.controls}/passwdfile"):
        os.symlink(f"{owlpost.controls}/passwdfile", f"{other}/passwdfile")
    owlpost.start()
    port = owlpost.listen(environment={"OWLPOST_CONTROL": other}, port=free_port())
    owlpost.control("rcpthosts", DOMAINS)
    owlpost.control("smtproutes", f"far.test:127.0.0.1:{port}")
    owlpost.control("verifyrecipients", "far.test:defer")
    owlpost.starter.send_signal(1)
    front = owlpost.listen(port=free_port())
    wait_until(lambda: ask(owlpost, "joe@far.test", port=front)[0][0] == 250, 20, lambda: owlpost.log())
    code, text = ask(owlpost, "nobody@far.test", port=front)[0]
    assert code == 550 and text.startswith("5.1.1 the next host says: ")


def test_the_process_that_asks_is_started_again(owlpost, hop):
    owlpost.up()
    assert ask(owlpost, "yes@far.test")[0][0] == 250
    (old,) = [pid for pid in owlpost.named("owl-rspawn") if parent(pid) in owlpost.named("owl-rspawn")]
    os.kill(old, 9)
    wait_until(lambda: ask(owlpost, "yes@far.test")[0][0] == 250, 20, lambda: owlpost.log())
    assert hop.count("RCPT TO:<yes@far.test>") == 2


def parent(pid):
    with open(f"/proc/{pid}/stat") as f:
        return int(f.read().rsplit(")", 1)[1].split()[1])


def test_a_configuration_that_makes_no_sense(owlpost, hop):
    owlpost.control("verifyrecipients", "far.test:perhaps")
    owlpost.up()
    with pytest.raises((smtplib.SMTPException, ConnectionError)):
        ask(owlpost, "yes@far.test")
    assert re.search("verifyrecipients: a value is neither accept nor defer", owlpost.log("smtpd"))


def test_what_would_happen_is_explained(owlpost, hop):
    owlpost.up()
    said = owlpost.owlq("explain", "no@far.test")
    assert "the next hop is asked about no@far.test" in said
    assert "550" in said and "who?" in said


@pytest.mark.needs_root("Dovecot becomes its users")
def test_users_whom_a_mailbox_server_does_not_know(owlpost, bystanders):
    dovecot = Dovecot(bystanders, {"one": "", "full": "userdb_quota_rule=*:bytes=10"}, owlpost.program("sendmail"))
    owlpost.control("rcpthosts", DOMAINS)
    owlpost.control("lmtproutes", f"store.test:unix:{dovecot.socket}")
    owlpost.control("verifyrecipients", "store.test:defer")
    dovecot.start()
    owlpost.up()
    one, nobody = ask(owlpost, "one@store.test", "nobody@store.test")
    assert one[0] == 250
    assert nobody[0] == 550 and "User doesn't exist" in nobody[1], nobody
    owlpost.submit("Subject: owls\n\nhello\n", "one@store.test")
    assert dovecot.wait_for_mail("one")
