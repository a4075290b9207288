"""DANE with knot's signed zones and a validating unbound: what domains publish against what their hosts show."""
import concurrent.futures
import contextlib
import os
import signal
import subprocess

import pytest

import certificates
import processes
from agent import DEFERRAL, REMOTE, SUCCESS, Job, Spawner
from certificates import DAY
from dane_table import ROWS
from nameservers import KNOT_PORT, Knot, Validator
from peers import unpacked
from snisink import SniSink, context_of
from waiting import wait_until

pytestmark = pytest.mark.needs_root("port 53, and addresses with port 25 free")
ZONE, HOSTS = "dane.test", "mx.dane.test"


def make_certificates():
    root = certificates.authority("root")
    middle = certificates.authority("middle", root)
    names = [f"*.{HOSTS}"]
    return {
        "root": root, "middle": middle, "stranger": certificates.authority("stranger"),
        "good": certificates.make("good", [*names, f"*.{ZONE}"], issuer=middle),
        "rsa": certificates.make("rsa", names, issuer=middle, key="rsa"),
        "expired": certificates.make("expired", names, issuer=middle, start=-3 * DAY, end=-DAY),
        "wrong": certificates.make("wrong", ["mx.other.test"], issuer=middle),
        "alone": certificates.make("alone"),
        "common": certificates.make(f"*.{HOSTS}", issuer=middle),
        "nexthop": certificates.make("nexthop", [f"*.{ZONE}"], issuer=middle),
    }


def record_of(made, text):
    usage, selector, matching, whose = text.split()
    if whose == "nothing":
        return f"{usage} {selector} {matching} 00"
    if int(usage) > 3 or int(selector) > 1 or int(matching) > 2:
        return f"{usage} {selector} {matching} {made[whose].fingerprint()}"
    return made[whose].tlsa(int(usage), int(selector), int(matching))


def lines_of(made, row):
    """A line for each TLSA record."""
    found = ""
    for line in row.dns.splitlines():
        for record in row.records if "{records}" in line else [None]:
            text = line.format(d=f"{row.name}.{ZONE}", h=f"{row.name}.{HOSTS}", other=made["stranger"].tlsa(3, 1, 1),
                               records=record and record_of(made, record))
            found += f"{text}\n"
    return found if row.starttls else found.replace("127.0.0.2", "127.0.0.3")


def zones_of(made):
    tlsa = made["stranger"].tlsa(3, 1, 1)
    return {
        ZONE: "signed 60 A 127.0.0.2\n" + "".join(lines_of(made, row) for row in ROWS),
        "open.test": f"host-open 60 A 127.0.0.2\n_25._tcp.host-open 60 TLSA {tlsa}\ntlsa 60 TLSA {tlsa}\n"
                     f"to 60 MX 10 mx-open.{HOSTS}.\n",
        "bogus.test": f"host 60 A 127.0.0.2\ntlsa 60 TLSA {tlsa}\n",
    }


def contexts_of(made):
    contexts = {None: context_of(made["good"], 2)}
    for row in ROWS:
        shown = context_of(made[row.leaf], row.chain)
        for name in (f"{row.name}.{HOSTS}", f"to.{row.name}.{HOSTS}", f"{row.name}.{ZONE}"):
            contexts[name] = shown
    return contexts


@pytest.fixture
def world(owlpost, bystanders, folder):
    made = make_certificates()
    zones = zones_of(made)
    knot = Knot(bystanders, folder, zones, signed=(ZONE, "bogus.test"))
    anchor = knot.trust_anchor(ZONE)
    wrong = anchor.replace(ZONE, "bogus.test")  # a key, but not that zone's
    Validator(bystanders, folder, {zone: f"127.0.0.1@{KNOT_PORT}" for zone in zones}, [anchor, wrong])
    owlpost.control("dnssectest", f"signed.{ZONE} host.bogus.test")
    owlpost.control("tlsdaemon", "1")
    with SniSink(contexts_of(made)) as sink, SniSink({None: None}, address="127.0.0.3", starttls=False) as clear:
        owlpost.start()
        wait_until(lambda: os.path.exists(f"{owlpost.run}/tls/socket"), 20, owlpost.log)
        yield owlpost, sink, clear


def test_there_are_enough_rows():
    assert len(ROWS) >= 60 and len({row.name for row in ROWS}) == len(ROWS)


def address_of(row):
    return f"someone@{row.name}.{ZONE}"


def deliver(owlpost, rows, **options):
    """A result for each row, by owl-remote; some at a time."""
    spawner = Spawner([owlpost.program("owl-rspawn")], owlpost.environment, **options)
    results = {}
    for at in range(0, len(rows), 8):
        workers = [(row, spawner.worker(REMOTE, f"{row.name}.{ZONE}", 25, True)) for row in rows[at:at + 8]]
        for row, worker in workers:
            worker.send(Job(1, "sender@sender.test", [address_of(row)], b"Subject: owls\n\nhello\n"))
        for row, worker in workers:
            results[row.name] = worker.receive()[1]
            worker.close()
    assert spawner.close() == 0
    return results


def outcome(row, result, sinks):
    (taken,) = [t for sink in sinks for t in sink.taken if address_of(row) in t.recipients] or [None]
    assert (taken is None) == (result["class"] != SUCCESS)
    if taken is None:
        return "defer" if result["class"] == DEFERRAL else "fail"
    if not taken.version:
        return "clear"
    assert result["tls"].startswith(f"{taken.version} TLS_")
    return "dane" if "verified by dane" in result["tls"] else "tls" if "not verified" in result["tls"] else "?"


def test_matrix(world):
    owlpost, *sinks = world
    results = deliver(owlpost, ROWS)
    found = [(row.name, row.outcome, outcome(row, results[row.name], sinks), results[row.name]) for row in ROWS]
    wrong = [each for each in found if each[1] != each[2]]
    assert not wrong, "\n".join(map(str, wrong))


def rows_named(*names):
    return [row for row in ROWS if row.name in names]


def test_what_is_said_of_it(world):
    """The result says what was wrong, and who asked for better."""
    owlpost, sink, _ = world
    said = {"u311-wrong": ("4.7.5", "TLSA"), "expired2": ("4.7.5", "expired"), "wrong2": ("4.7.5", "another name"),
            "stripped": ("4.7.5", "STARTTLS"), "tlsa-bogus": ("4.4.3", "TLSA"), "host-bogus": ("4.4.3", "SERVFAIL")}
    results = deliver(owlpost, rows_named(*said))
    for name, (status, word) in said.items():
        assert results[name]["status"] == status and word in results[name]["text"], results[name]
    assert sink.taken == []


def test_policy_dane_is_not_met_by_records_that_cannot_be_used(world):
    owlpost, sink, _ = world
    rows = rows_named("no-certificate", "no-key", "short")
    owlpost.control("tlspolicy", ":dane")
    for name, result in deliver(owlpost, rows).items():
        assert (result["class"], result["status"]) == (DEFERRAL, "4.7.5") and "can be used" in result["text"], (name, result)
    assert sink.taken == []


def test_a_name_server_that_does_not_validate(world):
    """It resolves the name that has to be broken: nothing that it vouches for counts, and the log says so."""
    owlpost, *sinks = world
    owlpost.control("dnssectest", f"signed.{ZONE} signed.{ZONE}")
    (row,) = rows_named("u311-wrong")
    with open(f"{owlpost.folder}/spawner.log", "w+") as log:
        results = deliver(owlpost, [row], stderr=log)
        log.seek(0)
        assert "DANE is off" in log.read()
    assert outcome(row, results[row.name], sinks) == "tls"


def test_a_hangup_tests_the_name_server_again(world):
    owlpost, *_ = world
    with open(f"{owlpost.folder}/spawner.log", "w+") as log:
        spawner = Spawner([owlpost.program("owl-rspawn")], owlpost.environment, stderr=log)
        (row,) = rows_named("u311-wrong")
        worker = spawner.worker(REMOTE, f"{row.name}.{ZONE}", 25, True)
        (result,) = worker.deliver(Job(1, "sender@sender.test", [address_of(row)], b"Subject: owls\n\nhello\n"))
        assert result["class"] == DEFERRAL
        worker.close()
        owlpost.control("dnssectest", f"signed.{ZONE} signed.{ZONE}")
        spawner.process.send_signal(signal.SIGHUP)
        with open(log.name, encoding="utf-8") as said:
            wait_until(lambda: "DANE is off" in said.read(), 20, "no second test")
        assert spawner.close() == 0


ELSEWHERE = {"DNSCACHEIP": "192.0.2.1"}


def test_that_servers_are_elsewhere_is_said_once(owlpost):
    """The spawner tests each minute as long as they are."""
    for before, says in ("", True), ("yes", True), ("elsewhere", False):
        done = owlpost.call("owl-remote", "--dnssec-test", environment=ELSEWHERE | {"OWLPOST_DNSSEC": before})
        assert done.stdout == b"elsewhere"
        assert (b"DANE is off" in done.stderr) == says, (before, done.stderr)


def test_senders_are_told_the_whole_finding(owlpost):
    """What is cut is none, and would not be tested again."""
    spawner = Spawner([owlpost.program("owl-rspawn")], owlpost.environment | ELSEWHERE, stderr=subprocess.DEVNULL)

    def told():
        worker = spawner.worker(REMOTE, "127.0.0.1", 25)
        found = [variable for pid in processes.descendants(spawner.process.pid) for variable in environment_of(pid)
                 if variable.startswith(b"OWLPOST_DNSSEC=")]
        worker.close()
        return found

    assert set(wait_until(told, 20, "no finding")) == {b"OWLPOST_DNSSEC=elsewhere"}
    assert spawner.close() == 0


def environment_of(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as f:
            return f.read().split(b"\0")
    except OSError:  # it has ended
        return []


def posttls_finger(folder):
    """Postfix's word for a row: whether it would verify the host by DANE."""
    program, environment = unpacked("postfix", "posttls-finger")
    with open(f"{folder}/main.cf", "w") as f:
        f.write(f"compatibility_level = 3.6\nqueue_directory = {folder}\ndata_directory = {folder}\nmail_owner = joe\n"
                "setgid_group = ann\nmyhostname = client.test\nsmtp_dns_support_level = dnssec\ninet_protocols = ipv4\n")

    def ask(row):
        argv = [program, "-c", "-l", "dane", "-L", "summary", "-t", "5", "-T", "5", f"{row.name}.{ZONE}"]
        with contextlib.suppress(subprocess.TimeoutExpired):  # it asks again and again for what has a false signature
            done = subprocess.run(argv, env=environment | {"MAIL_CONFIG": folder}, capture_output=True, text=True, timeout=10)
            return "Verified TLS connection established" in done.stdout + done.stderr
        return False

    return ask


def test_postfix_verifies_the_same(world, folder):
    rows = [row for row in ROWS if row.name != "second"]  # it talks with the first host only
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        verified = list(pool.map(posttls_finger(folder), rows))
    differ = [(row.name, row.outcome, yes) for row, yes in zip(rows, verified, strict=True) if (row.outcome == "dane") != yes]
    assert not differ, "\n".join(map(str, differ))
