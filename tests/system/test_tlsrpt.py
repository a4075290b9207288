"""TLS reports (RFC 8460): from the notes of sessions to a message in a mailbox."""
import calendar
import email
import email.policy
import gzip
import json
import os
import subprocess
import time

import pytest

from instance import WORK
from stsworld import Names

pytestmark = pytest.mark.needs_root("port 53")
STS = "version: STSv1\r\nmode: testing\r\nmx: *.a.test\r\nmax_age: 86400\r\n"
DAY = 86400


class Notes:
    """Notes of an instance, and the name server that tells where reports are wanted."""

    def __init__(self, owlpost):
        self.owlpost, self.names = owlpost, Names()
        self.remotedir = f"{owlpost.folder}/remote"
        owlpost.setup()
        self.yesterday = int(time.time()) // DAY * DAY - 1

    def command(self, at, count, domain, policy, lines, result, mx):
        return [f"{WORK}/stsask", self.remotedir, "note", str(at), str(count), domain, policy, lines, result, mx]

    def note(self, count=1, domain="a.test", policy="sts", lines=STS, result="", mx="mx.a.test", at=None):
        subprocess.run(self.command(at or self.yesterday, count, domain, policy, lines, result, mx), check=True,
                       **self.owlpost.identity("owlremote"))

    def want(self, uris="mailto:ann@local.test", domain="a.test"):
        self.names.records[f"_smtp._tls.{domain}", "TXT"] = [f'"v=TLSRPTv1; rua={uris}"']

    def report(self, *arguments):
        return self.owlpost.call("owl-tlsrpt", *arguments, user="owlremote")

    def left(self):
        return sorted(os.path.join(folder, name)[len(self.remotedir) + 8:]
                      for folder, _, names in os.walk(f"{self.remotedir}/tlsrpt") for name in names)

    def day(self, at=None):
        return time.strftime("%Y%m%d", time.gmtime(at or self.yesterday))


@pytest.fixture
def notes(owlpost):
    n = Notes(owlpost)
    yield n
    n.names.close()


def opened(octets):
    message = email.message_from_bytes(octets, policy=email.policy.default)
    words, attached = message.iter_parts()
    assert words.get_content_type() == "text/plain"
    assert attached.get_content_type() == "application/tlsrpt+gzip"
    return message, attached, json.loads(gzip.decompress(attached.get_content()))


def test_a_report_arrives(notes):
    notes.note(5)
    notes.note(2, result="certificate-expired")
    notes.note(1, result="starttls-not-supported", mx="mx2.a.test")
    notes.note(1, policy="none", lines="")
    notes.want()
    notes.owlpost.control("tlsreportname", "Owl & Sons")
    notes.owlpost.up()
    done = notes.report()
    assert (done.returncode, done.stderr) == (0, b"")
    (octets,) = notes.owlpost.wait_for_mail("ann")
    message, attached, report = opened(octets)
    day, me = notes.day(), message["TLS-Report-Submitter"]
    assert message.get_content_type() == "multipart/report" and message.get_param("report-type") == "tlsrpt"
    assert message["TLS-Report-Domain"] == "a.test" and message["TLS-Required"] == "No"
    assert message["Subject"] == f"Report Domain: a.test Submitter: {me} Report-ID: <tlsrpt.{day}.a.test@{me}>"
    assert message["From"] == f"postmaster@{me}" and message["To"] == "ann@local.test"
    begin = calendar.timegm(time.strptime(day, "%Y%m%d"))
    assert attached.get_filename() == f"{me}!a.test!{begin}!{begin + DAY - 1}.json.gz"
    assert report["organization-name"] == "Owl & Sons" and report["contact-info"] == f"postmaster@{me}"
    assert report["date-range"]["end-datetime"] == f"{day[:4]}-{day[4:6]}-{day[6:]}T23:59:59Z"
    sts, none = report["policies"]
    assert sts["policy"] == {"policy-type": "sts", "policy-domain": "a.test", "mx-host": ["*.a.test"],
                             "policy-string": ["version: STSv1", "mode: testing", "mx: *.a.test", "max_age: 86400"]}
    assert sts["summary"] == {"total-successful-session-count": 5, "total-failure-session-count": 3}
    failed = {f["result-type"]: f for f in sts["failure-details"]}
    assert failed["certificate-expired"] == {
        "result-type": "certificate-expired", "sending-mta-ip": "192.0.2.1", "receiving-mx-hostname": "mx.a.test",
        "receiving-ip": "192.0.2.2", "failed-session-count": 2}
    assert failed["starttls-not-supported"]["receiving-mx-hostname"] == "mx2.a.test"
    assert none == {"policy": {"policy-type": "no-policy-found", "policy-domain": "a.test"},
                    "summary": {"total-successful-session-count": 1, "total-failure-session-count": 0}}
    assert not notes.left() and not os.listdir(f"{notes.remotedir}/tlsrpt")
    assert notes.report().returncode == 0
    assert len(notes.owlpost.messages("ann")) == 1


def test_print_sends_and_removes_nothing(notes):
    notes.note(3, at=int(time.time()))
    notes.note(2, domain="b.test", policy="tlsa", lines="3 1 1 abcd\n2 0 1 ef")
    before = notes.left()
    done = notes.report("--print")
    report = json.loads(done.stdout)
    assert report["policies"][0]["policy"] == {"policy-type": "tlsa", "policy-string": ["3 1 1 abcd", "2 0 1 ef"],
                                               "policy-domain": "b.test"}
    today = json.loads(notes.report("--print", "--day", notes.day(int(time.time()))).stdout)
    assert today["policies"][0]["summary"]["total-successful-session-count"] == 3
    assert notes.left() == before and len(before) == 2 and not notes.names.asked and not notes.owlpost.queued()


@pytest.mark.parametrize("uris", [None, "https://a.test/v1", "mailto:", "mailto:x%0a@a.test"])
def test_nobody_to_send_it_to(notes, uris):
    notes.note()
    if uris:
        notes.want(uris)
    done = notes.report()
    assert done.returncode == 0 and not notes.left() and not notes.owlpost.queued()
    assert (b"HTTPS only" in done.stderr) == (uris == "https://a.test/v1")


def test_several_addresses_get_one_message(notes):
    notes.note()
    notes.want("mailto:ann@local.test, https://a.test/, mailto:joe@local.test")
    notes.owlpost.up()
    assert notes.report().returncode == 0
    for user in ("ann", "joe"):
        (octets,) = notes.owlpost.wait_for_mail(user)
        assert opened(octets)[0]["To"] == "ann@local.test, joe@local.test"


def test_no_answer_leaves_it_for_the_next_run_and_three_days(notes):
    notes.owlpost.control("timeoutdns", "1")
    notes.note()
    notes.note(at=notes.yesterday - 4 * DAY)
    notes.names.silent.add("_smtp._tls.a.test")
    done = notes.report()
    assert done.returncode == 111 and b"no name server answers in time" in done.stderr
    assert notes.left() == [f"{notes.day()}/a.test"]


def test_a_queue_that_takes_nothing_leaves_it(notes):
    notes.note()
    notes.want()
    done = subprocess.run([notes.owlpost.program("owl-tlsrpt")], env=notes.owlpost.environment | {"QMAILQUEUE": "/bin/false"},
                          capture_output=True, **notes.owlpost.identity("owlremote"))
    assert done.returncode == 111 and b"unable to send the report" in done.stderr and notes.left()
    assert notes.report().returncode == 0 and not notes.left()


def test_many_processes_note_at_one_time(notes):
    at = notes.yesterday
    many = [subprocess.Popen(notes.command(at, 300, "a.test", "sts", STS + f"x: {n % 2}\r\n", "certificate-expired" if n % 4 else "",
                                           f"mx{n}.a.test"), **notes.owlpost.identity("owlremote")) for n in range(8)]
    assert [one.wait(60) for one in many] == [0] * 8
    report = json.loads(notes.report("--print").stdout)
    counted = [p["summary"] for p in report["policies"]]
    assert sum(c["total-successful-session-count"] for c in counted) == 600
    assert sum(c["total-failure-session-count"] for c in counted) == 1800
    assert len(counted) == 2


def test_today_waits(notes):
    notes.note(at=int(time.time()))
    notes.want()
    assert notes.report().returncode == 0 and len(notes.left()) == 1


def test_nothing_was_noted(notes):
    done = notes.report()
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_wrong_arguments(notes):
    for arguments in (("--day",), ("--day", "yesterday"), ("a.test",)):
        assert notes.report(*arguments).returncode == 100
