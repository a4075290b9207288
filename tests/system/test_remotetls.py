"""TLS to next hops, by tlspolicy: owl-remote and owl-tlsd against a server that can go wrong."""
import contextlib
import json
import os
import signal
import ssl

import pytest

import agent
import certificates
from agent import DEFERRAL, FAILURE, REMOTE, SUCCESS, Job, Spawner
from peers import Unbound
from tlssink import TlsSink
from waiting import wait_until

pytestmark = pytest.mark.needs_root("owl-tlsd as its own user, and addresses with port 25 free")
SENDER = "sender@sender.test"
BODY = b"Subject: owls\n\nhello\n"
HOST = "127.0.0.2"


@pytest.fixture
def authority(folder):
    return certificates.authority("Test CA")


@pytest.fixture
def tls(owlpost, folder, authority, bystanders):
    """An instance with owl-tlsd and with hosts' names, but without a listener."""
    with open(f"{folder}/ca.pem", "w") as f:
        f.write(authority.pem)
    Unbound(bystanders, folder, [f"mx.test. 60 IN A {HOST}", "pair.test. 60 IN MX 10 first.test.", "pair.test. 60 IN MX 20 second.test.",
                                 f"first.test. 60 IN A {HOST}", "second.test. 60 IN A 127.0.0.3"])
    owlpost.control("tlsdaemon", "1")
    owlpost.control("tlsauthorities", f"{folder}/ca.pem")
    owlpost.control("dnssectest", "off")
    owlpost.control("smtproutes", f":[{HOST}]\nnamed.test:mx.test\nimplicit.test:mx.test:465\nother.test:mx.test:2525")
    owlpost.control("timeoutidle", "0")  # each message has a sender of its own, which reads tlspolicy
    owlpost.start()
    wait_until(lambda: "owl-tlsd: " in owlpost.log() or owlpost.named("owl-tlsd"), 20, owlpost.log)
    return owlpost


def leaf(folder, authority, name="leaf", names=("mx.test",), **how):
    return certificates.make(names[0], names, issuer=authority, **how).write(folder, name)


def send(owlpost, sink, address="user@far.test", message=BODY, count=1):
    owlpost.inject(message, address, sender=SENDER)
    wait_until(lambda: len(sink.messages()) >= count, 30, owlpost.log)
    return sink.messages()[-1]


def outcome(owlpost, address="user@far.test", message=BODY):
    """The text of the first result in the log."""
    at = owlpost.log_size()
    owlpost.inject(message, address, sender=SENDER)
    return wait_until(lambda: next((line for line in owlpost.log()[at:].splitlines()
                                    if "delivery " in line and any(w in line for w in (": success", ": deferral", ": failure"))), None),
                      40, owlpost.log).replace("_", " ")


@pytest.mark.parametrize("key", ["ec", "rsa"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_by_default_tls_is_used_where_it_is_offered(tls, folder, authority, key, version):
    with TlsSink(HOST, leaf(folder, authority, key=key)) as sink:
        sink.use(leaf(folder, authority, key=key), version)
        message = send(tls, sink)
        assert message["version"] == {771: "TLSv1.2", 772: "TLSv1.3"}[version]
        (session,) = sink.sessions
        said = [line for line in session["lines"]]
        assert [v for c, v in said if c.startswith("EHLO")] == [None, message["version"]]
        assert said[1] == ("STARTTLS", None)


def test_nothing_of_what_was_said_before_tls_counts(tls, folder, authority):
    """DSN is offered before TLS only: it is not used behind it."""
    with TlsSink(HOST, leaf(folder, authority)) as sink:
        sink.offers_in_plaintext = ["DSN"]
        message = send(tls, sink)
        assert not any(" RET=" in line or " NOTIFY=" in line for line in message["lines"])


def test_messages_share_a_session(tls, folder, authority):
    """One connection, one handshake."""
    tls.stop()
    tls.control("timeoutidle", "10")
    tls.start()
    with TlsSink(HOST, leaf(folder, authority)) as sink:
        for n in range(1, 6):
            send(tls, sink, count=n)
        assert len(sink.sessions) == 1


@pytest.mark.parametrize("junk", [b"220 go ahead\r\n250 mx.test\r\n", b"220-go\r\n220 ahead\r\n250-evil\r\n250 SIZE 1\r\n"])
def test_what_is_injected_behind_the_answer_ends_the_connection(tls, folder, authority, junk):
    with TlsSink(HOST, leaf(folder, authority)) as sink:
        sink.answer = junk
        line = outcome(tls)
        assert "deferral" in line and "more than its answer" in line, line
        assert not sink.messages() and all(v is None for s in sink.sessions for _, v in s["lines"])


def test_a_failed_handshake_is_tried_again_without_tls(tls, folder, authority):
    with TlsSink(HOST, leaf(folder, authority)) as sink:
        sink.inside = "500 what?\r\n"
        message = send(tls, sink)
        assert message["version"] is None and len(sink.sessions) == 2
        assert "it is tried without TLS" in tls.log()


def test_starttls_that_is_refused_goes_without(tls, folder, authority):
    with TlsSink(HOST, leaf(folder, authority)) as sink:
        sink.answer = b"454 4.7.0 not now\r\n"
        assert send(tls, sink)["version"] is None
        assert len(sink.sessions) == 1
        assert "offers STARTTLS and refuses it" in tls.log()


def test_a_server_without_tls_hears_the_same_as_ever(tls):
    with TlsSink(HOST, None) as sink:
        message = send(tls, sink)
        assert message["version"] is None
        assert [c.split(" ")[0] for c in message["lines"]] == ["EHLO", "MAIL", "RCPT", "DATA"]


@pytest.mark.parametrize("level", ["encrypt", "verify", "dane", "sts", "fingerprint fingerprints=" + "00" * 32])
def test_stripping_stops_what_must_have_tls(tls, level):
    tls.control("tlspolicy", f":{level}")
    with TlsSink(HOST, None) as sink:
        line = outcome(tls)
        assert "deferral" in line and not sink.messages(), line


@pytest.mark.parametrize("wrong", ["name", "expired", "self-signed", "other authority"])
def test_a_wrong_certificate_is_for_levels_that_ask_nothing(tls, folder, authority, wrong):
    certificate = {
        "name": lambda: leaf(folder, authority, names=("other.test",)),
        "expired": lambda: leaf(folder, authority, start=-20 * certificates.DAY, end=-certificates.DAY),
        "self-signed": lambda: certificates.make("mx.test", ["mx.test"]).write(folder, "self"),
        "other authority": lambda: leaf(folder, certificates.authority("Other CA")),
    }[wrong]()
    tls.control("tlspolicy", "mx.test:verify")
    with TlsSink(HOST, certificate) as sink:
        assert send(tls, sink)["version"] == "TLSv1.3"
        line = outcome(tls, "user@named.test")
        assert "deferral" in line and len(sink.messages()) == 1, line
        tls.control("tlspolicy", "mx.test:encrypt")
        assert send(tls, sink, "other@named.test", count=2)["version"] == "TLSv1.3"


def test_a_right_certificate_is_verified(tls, folder, authority):
    tls.control("tlspolicy", "mx.test:verify")
    with TlsSink(HOST, leaf(folder, authority)) as sink:
        assert send(tls, sink, "user@named.test")["version"] == "TLSv1.3"
        assert sink.sessions[-1]["sni"] == "mx.test"


def test_fingerprints_of_certificate_and_key(tls, folder):
    mine = certificates.make("whoever", ["who.test"])
    with TlsSink(HOST, mine.write(folder, "mine")) as sink:
        for n, (selector, good) in enumerate([(0, True), (1, True)], 1):
            tls.control("tlspolicy", f":fingerprint fingerprints={'11' * 32},{mine.fingerprint(selector).upper()}")
            assert send(tls, sink, f"user{n}@far.test", count=n)["version"] == "TLSv1.3"
        tls.control("tlspolicy", f":fingerprint fingerprints={'11' * 32}")
        assert "deferral" in outcome(tls, "last@far.test")


def test_versions_and_ciphers_by_destination(tls, folder, authority):
    tls.control("tlspolicy", ":encrypt minversion=1.3")
    with TlsSink(HOST, leaf(folder, authority)) as sink:
        sink.use(leaf(folder, authority), ssl.TLSVersion.TLSv1_2)
        assert "deferral" in outcome(tls)
        tls.control("tlspolicy", ":encrypt ciphers=ECDHE-ECDSA-CHACHA20-POLY1305")
        assert send(tls, sink, "other@far.test")["version"] == "TLSv1.2"


def test_none_is_none(tls, folder, authority):
    tls.control("tlspolicy", ":none")
    with TlsSink(HOST, leaf(folder, authority)) as sink:
        assert send(tls, sink)["version"] is None
        assert "STARTTLS" not in [c for c, _ in sink.sessions[0]["lines"]]


def test_implicit_tls_at_465_and_by_option(tls, folder, authority):
    tls.control("tlspolicy", "mx.test:verify implicit")
    with TlsSink(HOST, leaf(folder, authority), port=465, implicit=True) as sink, \
            TlsSink(HOST, leaf(folder, authority), port=2525, implicit=True) as other:
        assert send(tls, other, "user@other.test")["version"] == "TLSv1.3"
        tls.control("tlspolicy", None)
        assert send(tls, sink, "user@implicit.test")["version"] == "TLSv1.3"
        assert "STARTTLS" not in [c for c, _ in sink.sessions[0]["lines"]]


def test_without_owl_tlsd_what_may_goes_and_what_must_waits(tls, folder, authority):
    tls.control("tlspolicy", "mx.test:verify")
    with TlsSink(HOST, leaf(folder, authority)) as sink:
        tls.stop()
        tls.control("tlsdaemon", "0")
        tls.start()
        assert send(tls, sink)["version"] is None
        line = outcome(tls, "user@named.test")
        assert "deferral" in line and "owl-tlsd" in line, line


def test_the_log_and_why_tell_of_tls(tls, folder, authority):
    """What a deferred delivery had of TLS is in the message's log."""
    tls.control("tlspolicy", "mx.test:verify")
    with TlsSink(HOST, leaf(folder, authority)) as sink:
        sink.replies["RCPT"] = b"450 4.2.0 later\r\n"
        line = outcome(tls, "user@named.test")
        assert "(TLSv1.3 TLS AES 256 GCM SHA384, verified by names as mx.test)" in line, line
        (queue_id,) = [name.rsplit("/", 1)[1].removesuffix(".log") for name in tls.queued() if name.endswith(".log")]
        assert "by TLS: TLSv1.3 TLS_AES_256_GCM_SHA384, verified by names as mx.test" in tls.owlq("why", queue_id)


@pytest.mark.parametrize("name, lines, wrong", [
    ("tlspolicy", "a.test:verify\nb.test:must", 'tlspolicy: line "b.test": the level is not'),
    ("tlspolicy", "a.test verify", 'tlspolicy: line "a.test verify": it has no colon'),
    ("smtpauth", "a.test:relay.test|joe", 'smtpauth: line "a.test": it has no domain:relay'),
    ("smtpauth", "relay.test|joe|secret", "smtpauth: a line has no colon"),
])
def test_a_hangup_tells_what_is_malformed(tls, name, lines, wrong):
    tls.control(name, lines)
    os.chmod(f"{tls.controls}/{name}", 0o640)
    tls.give("owlremote", f"{tls.controls}/{name}")
    os.kill(tls.starter.pid, signal.SIGHUP)
    wait_until(lambda: wrong in tls.log(), 20, tls.log)
    assert "secret" not in tls.log()


def test_requiretls_needs_the_next_hop_s_promise(tls, folder, authority):
    """A session of other mail is not used for it, but its own is for others."""
    spawner = Spawner([tls.program("owl-rspawn")], tls.environment)
    required = agent.item(agent.REQUIRETLS, b"")
    with TlsSink(HOST, leaf(folder, authority)) as sink:
        worker = spawner.worker(REMOTE, host="mx.test", port=25)
        for n, (extra, offered) in enumerate([(b"", True), (required, True), (b"", True), (required, False)]):
            sink.offers = ["PIPELINING"] + ["REQUIRETLS"] * offered
            if not offered:  # a new session, to see it
                worker.close()
                worker = spawner.worker(REMOTE, host="mx.test", port=25)
            (result,) = worker.deliver(Job(n, SENDER, ["user@named.test"], BODY, extra=extra))
            assert (result["class"], result["status"]) == ((SUCCESS, "2.0.0") if offered else (FAILURE, "5.7.30")), result
        worker.close()
        said = [[line for line in m["lines"] if line.startswith("MAIL")][-1].endswith(" REQUIRETLS") for m in sink.messages()]
        assert said == [False, True, False] and len(sink.sessions) == 3
        assert "verified by names as mx.test" in result["tls"]
    assert spawner.close() == 0


@pytest.mark.parametrize("first", ["is away", "lacks it, too", "hangs up", "loses the session", "cannot be verified"])
def test_requiretls_fails_when_all_hosts_were_asked(tls, folder, authority, first):
    """A host that cannot be asked now may promise it later: the message waits."""
    certificate = certificates.make("mx.test", ["mx.test"])
    mine = certificate.write(folder, "mine")
    tls.control("tlspolicy", f":fingerprint fingerprints={certificate.fingerprint()}")
    spawner = Spawner([tls.program("owl-rspawn")], tls.environment)
    with contextlib.ExitStack() as sinks:
        other = mine if first != "cannot be verified" else leaf(folder, authority, "other")
        best = None if first == "is away" else sinks.enter_context(TlsSink(HOST, other))
        if first == "hangs up":
            best.answer = b"421 4.3.2 going down\r\n"
        elif first == "loses the session":
            best.offers = ["REQUIRETLS"]
            best.replies["MAIL"] = b"421 4.3.2 going down\r\n"
        worst = sinks.enter_context(TlsSink("127.0.0.3", mine))
        worker = spawner.worker(REMOTE, host="pair.test", use_mx=True)
        (result,) = worker.deliver(Job(1, SENDER, ["user@pair.test"], BODY, extra=agent.item(agent.REQUIRETLS, b"")))
        worker.close()
        expected = (FAILURE, "5.7.30") if first == "lacks it, too" else (DEFERRAL, "4.7.10")
        assert (result["class"], result["status"]) == expected, result
        assert worst.sessions and not worst.messages()
    assert spawner.close() == 0


@pytest.mark.parametrize("best_is_there", [True, False])
def test_a_host_that_nobody_vouches_for_does_not_decide_for_another(tls, folder, authority, best_is_there):
    mine = leaf(folder, authority)
    spawner = Spawner([tls.program("owl-rspawn")], tls.environment)
    with contextlib.ExitStack() as sinks:
        if best_is_there:
            sinks.enter_context(TlsSink(HOST, mine))
        sinks.enter_context(TlsSink("127.0.0.3", mine))
        worker = spawner.worker(REMOTE, host="pair.test", use_mx=True)
        (result,) = worker.deliver(Job(1, SENDER, ["user@pair.test"], BODY, extra=agent.item(agent.REQUIRETLS, b"")))
        worker.close()
        assert (result["class"], result["status"]) == ((FAILURE, "5.7.10") if best_is_there else (DEFERRAL, "4.7.10")), result
    assert spawner.close() == 0


def test_tls_required_no_goes_where_the_certificate_is_wrong(tls, folder, authority):
    """The operator's own line stays: the field takes back what domains publish only."""
    tls.control("tlspolicy", "mx.test:verify")
    with TlsSink(HOST, leaf(folder, authority, names=("other.test",))) as sink:
        line = outcome(tls, "user@named.test", b"TLS-Required: No\n\n")
        assert "deferral" in line and not sink.messages(), line


def test_a_stall_in_the_handshake_stops_no_other_mail(tls, folder, authority):
    tls.control("timeoutremotehello", "3")
    with TlsSink(HOST, leaf(folder, authority)) as sink:
        sink.inside = ""
        tls.inject(BODY, "user@named.test", sender=SENDER)
        wait_until(lambda: sink.sessions and any(c == "STARTTLS" for c, _ in sink.sessions[0]["lines"]), 20, tls.log)
        tls.inject(BODY, "ann@local.test", sender=SENDER)
        tls.wait_for_mail("ann")
        assert len(sink.sessions) == 1
        wait_until(lambda: "it is tried without TLS" in tls.log(), 30, tls.log)
        wait_until(lambda: sink.messages(), 30, tls.log)
        assert sink.messages()[0]["version"] is None


def test_tls_check_says_what_would_be_asked(tls):
    tls.control("tlspolicy", "mx.test:verify minversion=1.3")
    text = tls.owlq("tls-check", "named.test")
    assert "TLS or nothing, with a certificate for its name" in text and "tlspolicy says verify" in text
    assert "DANE is off" in text
    facts = json.loads(tls.owlq("tls-check", "--json", "far.test"))["tls"]
    (verdict,) = [f for f in facts if f["fact"] == "verdict"]
    assert verdict["action"] == "may" and verdict["check"] == "nothing"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_second_connection_resumes_the_session(tls, folder, authority, version):
    tls.control("tlspolicy", "mx.test:verify")
    with TlsSink(HOST, leaf(folder, authority)) as sink:
        sink.use(leaf(folder, authority), version)
        for n in (1, 2):
            send(tls, sink, f"user{n}@named.test", count=n)
        assert [s["resumed"] for s in sink.sessions] == [False, True]
