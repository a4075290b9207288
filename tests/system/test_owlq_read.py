"""owlq list, show, body and why; qmail-qread and qmail-qstat."""
import base64
import json
import os
import pty
import re
import select
import subprocess
import time

import pytest

from instance import ROOT, WORK
from peers import Sink, free_port
from waiting import wait_until

MESSAGE = "From: <ann@owlpost.test>\nTo: <someone@sink.test>\nSubject: about owls\n\nThe body.\n"
MAN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "man", "owlq.8")
HOSTILE = "j\u009b31m\u202eo\u00f6@sink.test"


def fill(owlpost, count, *options):
    """Messages into a queue whose runner does not run."""
    if not os.path.isdir(f"{owlpost.queue}/todo"):
        owlpost.setup()
    subprocess.run([f"{WORK}/fillqueue", *options, owlpost.queue, str(count)], check=True, capture_output=True)


def objects(owlpost, *arguments):
    return [json.loads(line) for line in owlpost.owlq(*arguments).splitlines()]


def on_terminal(owlpost, *arguments, columns=80):
    """What a terminal gets, as octets."""
    ours, theirs = pty.openpty()
    os.system(f"stty cols {columns} -opost <{os.ttyname(theirs)}")
    with subprocess.Popen([owlpost.program("owlq"), *arguments], env=owlpost.environment,
                          stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        while select.select([ours], [], [], 30)[0]:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the last writer has gone
                break
            seen += part
        assert process.wait(30) == 0, seen
    os.close(ours)
    return seen


def defer(owlpost, *recipients, sender="ann@owlpost.test", message=MESSAGE):
    """One message for a next hop that does not answer; what owlq list says of it."""
    assert owlpost.inject(message, *recipients, sender=sender).returncode == 0

    def waiting():
        return [m for m in objects(owlpost, "list", "--json", "--sender", sender)
                if m["state"] == "waiting" and all(r["attempts"] for r in m["recipients"])]
    return wait_until(waiting, 20, lambda: owlpost.log()[-2000:])[0]


def no_next_hop(owlpost):
    port = free_port()
    owlpost.control("smtproutes", f"sink.test:127.0.0.1:{port}")
    owlpost.control("retryskipremote", "3600")
    return port


# ---- list

def expected(every, fits, key, reverse, limit):
    found = [m for m in every if fits(m)]
    found.sort(key=lambda m: m["id"])
    found.sort(key=key, reverse=reverse)
    return [m["id"] for m in found[:limit]]


FILTERS = [
    (["--destination", "dest3.test"], lambda m: any(r["address"].endswith("@dest3.test") for r in m["recipients"])),
    (["--sender", "sender1?@*"], lambda m: re.match(r"sender1.@", m["sender"])),
    (["--recipient", "user77@dest0.test", "--recipient", "USER78*"],
     lambda m: any(re.match(r"user77@dest0\.test|user78", r["address"]) for r in m["recipients"])),
    (["--older-than", "12h"], lambda m: m["age_s"] >= 43200),
    (["--newer-than", "12h", "--state", "waiting"], lambda m: m["age_s"] < 43200 and m["state"] == "waiting"),
    (["--state=new"], lambda m: m["state"] == "new"),
    (["--larger-than", "1k"], lambda m: m["octets"] > 1024),
    (["--smaller-than", "1001"], lambda m: m["octets"] < 1001),
]


def next_try(m):
    return min(r["next"] for r in m["recipients"])


ORDERS = [
    ([], lambda m: m["id"], False, None),
    (["--reverse", "--limit", "7"], lambda m: m["id"], True, 7),
    (["--sort", "age"], lambda m: m["id"], True, None),
    (["--sort=next", "--limit=20"], next_try, False, 20),
    (["--sort", "size", "--reverse"], lambda m: m["octets"], True, None),
    (["--sort", "sender"], lambda m: m["sender"], False, None),
]


def test_filters_and_orders_do_what_they_say(owlpost):
    fill(owlpost, 1500, "-d", "11", "-b", "1000")
    fill(owlpost, 500, "-t", "-R", "3", "-d", "5", "-b", "3000", "-S", "2")
    every = objects(owlpost, "list", "--json")
    assert len(every) == 2000 == int(owlpost.owlq("list", "--count"))
    for options, fits in FILTERS:
        for order, key, reverse, limit in ORDERS:
            ids = [m["id"] for m in objects(owlpost, "list", "--json", *options, *order)]
            assert ids == expected(every, fits, key, reverse, limit), (options, order)
            assert limit or ids, options
        assert owlpost.owlq("list", "--count", *options) == f"{len([m for m in every if fits(m)])}\n"
    last = every[-1]["id"]
    lines = owlpost.owlq("list", last, every[0]["id"][:16]).splitlines()
    assert [line[:16] for line in lines[1:3]] == [last[:16], every[0]["id"][:16]]
    assert owlpost.owlq("list").splitlines()[-1] == "2000 messages in the queue"


@pytest.mark.parametrize("arguments, words", [
    (["list", "--older-than", "soon"], b"--older-than soon: this is no time"),
    (["list", "--larger-than"], b"--larger-than : a value is missing"),
    (["list", "--state", "odd"], b"states are new, waiting, held, failed and bad"),
    (["list", "--sort", "colour"], b"--sort is by arrival"),
    (["list", "--limit", "0"], b"--limit NUMBER"),
    (["list", "--colour"], b"usage: owlq list"),
    (["show"], b"usage: owlq show"),
    (["show", "../x"], b"../x: this is no queue id"),
    (["body", "1", "2"], b"usage: owlq body"),
    (["why", "--sender"], b"a value is missing"),
])
def test_mistakes_end_with_100(owlpost, arguments, words):
    owlpost.setup()
    done = owlpost.call("owlq", *arguments)
    assert done.returncode == 100 and words in done.stderr and done.stdout == b""


def test_the_beginning_of_an_id_must_be_of_one_message(owlpost):
    fill(owlpost, 20, "-t")
    first = objects(owlpost, "list", "--json", "--limit", "1")[0]["id"]
    assert f"id: {first}\n" in owlpost.owlq("show", first[:16])
    several = owlpost.call("owlq", "show", first[:3])
    assert several.returncode == 100 and b"several messages" in several.stderr
    none = owlpost.call("owlq", "show", "999")
    assert none.returncode == 111 and b"no message in the queue" in none.stderr


def test_lines_fit_the_terminal(owlpost):
    fill(owlpost, 50, "-T", "word " * 100)
    lines = on_terminal(owlpost, "list", columns=90).decode().splitlines()
    assert "LAST ERROR" in lines[0]
    assert [len(line) for line in lines[1:51]] == [90] * 50 and " waiting " in lines[1]


# ---- what strangers wrote

def test_nothing_that_moves_a_terminal_reaches_it(owlpost):
    no_next_hop(owlpost)
    owlpost.start()
    body = "Subject: \033[2Jx \u009b31m\u202e \udc9b\n\n\033]0;title\007 J\u00f6rg\n\tend\n"
    found = defer(owlpost, HOSTILE, message=body.encode("utf-8", "surrogateescape"))
    ident = found["id"]
    for arguments in (["list"], ["list", "--long"], ["show", ident], ["why", ident], ["body", ident]):
        seen = on_terminal(owlpost, *arguments)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", seen.decode("utf-8")), arguments
    assert "J\u00f6rg\n\tend\n" in on_terminal(owlpost, "body", ident).decode()
    raw = owlpost.call("owlq", "body", ident)
    assert raw.returncode == 0 and raw.stdout.endswith(body.encode("utf-8", "surrogateescape"))
    told = objects(owlpost, "body", "--json", ident)[0]
    assert (told["id"], told["octets"], told["intact"]) == (ident, len(raw.stdout), True)
    assert base64.b64decode(told["body_base64"], validate=True) == raw.stdout and "body" not in told
    for arguments in (["list", "--json"], ["show", "--json", ident], ["why", "--json", ident]):
        line = owlpost.call("owlq", *arguments).stdout
        assert line.isascii() and not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", line)
        assert json.loads(line)["recipients"][0]["address"] == HOSTILE
    shown = objects(owlpost, "show", "--json", ident)[0]
    assert "Subject: \033[2Jx \u009b31m\u202e \ufffd" in shown["header"] and shown["intact"]


# ---- why

def test_why_tells_every_attempt_and_what_comes_next(owlpost):
    replies = iter(["451 4.3.2 come back later", "452 4.2.2 not now either"])
    with Sink(reply=lambda verb, argument: next(replies) if "someone" in argument and verb == "RCPT" else None) as sink:
        owlpost.control("smtproutes", f"sink.test:127.0.0.1:{sink.port}")
        owlpost.control("retryskipremote", "3600")
        owlpost.start()
        ident = defer(owlpost, "someone@sink.test", "other@sink.test")["id"]
        first = owlpost.owlq("why", ident)
        assert "to <other@sink.test>: delivered, tried 1 time\n" in first
        assert re.search(r"to <someone@sink\.test>: waiting, tried 1 time\n"
                         r"  \d.* -0000: deferral 4\.3\.2 from .*\[?127\.0\.0\.1\]?.*: 451 4?\.?3?\.?2? ?come back later\n", first)
        assert re.search(r"  next: .*\(in (\d+[dhms])+\)\n", first)
        owlpost.owlq("retry", ident)
        two = wait_until(lambda: (o := objects(owlpost, "why", "--json", ident)[0])
                         and len(o["recipients"][0]["tries"]) == 2 and o, 20, lambda: owlpost.log()[-2000:])
    someone, other = two["recipients"]
    assert [t["code"] for t in someone["tries"]] == [451, 452]
    assert "not now either" in someone["tries"][1]["text"] and someone["tries"][1]["address"] == "127.0.0.1"
    assert someone["state"] == "waiting" and someone["attempts"] == 2 and someone["next"] > someone["tries"][1]["at"]
    assert other["state"] == "delivered" and other["tries"][0]["result"] == "success" and "next" not in other


# ---- beside a live runner

def test_reading_beside_a_live_runner_never_fails(owlpost):
    owlpost.start()
    senders = [subprocess.Popen(
        ["sh", "-c", 'for i in $(seq 40); do "$0" -f ann@owlpost.test joe@owlpost.test <"$1" || exit 1; done',
         owlpost.program("sendmail"), "/dev/stdin"], env=owlpost.environment, **owlpost.identity("ann"),
        stdin=subprocess.DEVNULL) for _ in range(2)]
    ran = 0
    while any(s.poll() is None for s in senders) or ran < 10:
        for arguments in (["list"], ["list", "--sort", "sender", "--json"], ["list", "--count", "--state", "new"]):
            done = owlpost.call("owlq", *arguments)
            assert (done.returncode, done.stderr) == (0, b""), (arguments, done.stderr)
        ran += 1
    assert [s.wait() for s in senders] == [0, 0]
    owlpost.wait_for_mail("joe", 80)
    owlpost.wait_for_empty_queue()
    assert owlpost.owlq("list") == "0 messages in the queue\n"


def test_follow_shows_what_comes_changes_and_leaves(owlpost):
    port = no_next_hop(owlpost)
    owlpost.start()
    there = defer(owlpost, "first@sink.test", sender="joe@owlpost.test")["id"]
    with subprocess.Popen([owlpost.program("owlq"), "list", "--follow", "--json"], env=owlpost.environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0) as follower:
        def read():
            assert select.select([follower.stdout], [], [], 30)[0], "nothing happens"
            return json.loads(follower.stdout.readline())
        assert read()["id"] == there
        owlpost.inject(MESSAGE, "second@sink.test", sender="ann@owlpost.test")
        came = read()
        assert came["event"] == "came" and came["sender"] == "ann@owlpost.test"
        seen = came
        while not seen["recipients"][0]["attempts"]:
            seen = read()
        assert (seen["id"], seen["state"]) == (came["id"], "waiting")
        with Sink(port):
            owlpost.owlq("flush")
            left = set()
            while left != {there, came["id"]}:
                event = read()
                if event["event"] == "left":
                    left.add(event["id"])
        follower.terminate()


# ---- bad/

def test_what_lies_in_bad_is_seen(owlpost):
    owlpost.control("rescaninterval", "1")
    owlpost.setup()
    rubbish = "1700000000000000.0123456789abcdef0123"
    path = f"{owlpost.queue}/todo/{rubbish}"
    with open(path, "w") as f:
        f.write("no message")
    if ROOT:
        status = os.stat(f"{owlpost.queue}/wait")
        os.chown(path, status.st_uid, status.st_gid)
    assert "bad     -" in owlpost.owlq("list"), "in todo/, too"
    owlpost.start()
    wait_until(lambda: os.path.exists(f"{owlpost.queue}/bad/{rubbish}"), 20, lambda: owlpost.log()[-2000:])
    assert owlpost.owlq("list") == "0 messages in the queue; 1 that did not check: owlq list --state bad\n"
    found, = objects(owlpost, "list", "--json", "--state", "bad")
    assert (found["id"], found["place"], found["octets"]) == (rubbish, "bad", 10)
    assert found["reason"] == "no valid trailer: the file is not a whole message"
    assert "state: bad\nplace: bad\nreason: no valid trailer" in owlpost.owlq("show", rubbish[:16])
    assert "it has been put into bad/" in owlpost.owlq("why", rubbish)
    body = owlpost.call("owlq", "body", rubbish)
    assert (body.returncode, body.stdout) == (111, b"no message")
    body = owlpost.call("owlq", "body", "--json", rubbish)
    assert body.returncode == 111 and json.loads(body.stdout) == {
        "id": rubbish, "octets": 10, "intact": False, "reason": found["reason"], "body": "no message"}


# ---- qmail's names

def test_qmail_names_print_qmail_formats(owlpost):
    no_next_hop(owlpost)
    owlpost.start()
    ident = defer(owlpost, "someone@sink.test", "joe@owlpost.test")["id"]
    body = owlpost.owlq("body", ident)
    octets = len(body)
    assert objects(owlpost, "body", "--json", ident) == [{"id": ident, "octets": octets, "intact": True, "body": body}]
    read = owlpost.call("qmail-qread", check=True).stdout.decode()
    assert re.fullmatch(rf"\d+ [A-Z][a-z]{{2}} \d{{4}} \d\d:\d\d:\d\d GMT  #{ident[:16]}  {octets}  <ann@owlpost\.test> \n"
                        r"  done\tlocal\tjoe@owlpost\.test\n\tremote\tsomeone@sink\.test\n", read)
    owlpost.stop()
    fill(owlpost, 3, "-t")
    assert owlpost.call("qmail-qstat", check=True).stdout == (
        b"messages in queue: 4\nmessages in queue but not yet preprocessed: 3\n")


# ---- JSON

def keys(value):
    if isinstance(value, dict):
        return set(value) | set().union(*(keys(v) for v in value.values()))
    return set().union(*(keys(v) for v in value)) if isinstance(value, list) else set()


def test_every_member_of_the_json_is_documented(owlpost):
    no_next_hop(owlpost)
    owlpost.start()
    ident = defer(owlpost, "someone@sink.test", "joe@owlpost.test")["id"]
    with open(MAN) as f:
        documented = {name for line in f if line.startswith((".It Va", ".Va")) for name in re.findall(r"Va (\w+)", line)}
    owlpost.owlq("hold", ident)
    for arguments in (["list", "--json"], ["show", "--json", ident], ["why", "--json", ident], ["list", "--count", "--json"]):
        found = keys(objects(owlpost, *arguments))
        assert found and found <= documented, arguments


# ---- a great queue

def test_each_command_works_on_a_great_queue(owlpost, full):
    """100,000 messages with --full; the table of times is made by tests/bench/owlq."""
    count = 100000 if full else 2000
    fill(owlpost, count, "-d", "100")
    some = objects(owlpost, "list", "--json", "--limit", "1", "--sort", "next")[0]["id"]
    assert owlpost.owlq("list", "--count") == f"{count}\n"
    for arguments in (["list"], ["list", "--long"], ["list", "--json"], ["list", "--sort", "next"]):
        assert owlpost.owlq(*arguments).count("\n") >= count
    assert owlpost.call("qmail-qread", check=True).stdout.count(b"\n") == 2 * count
    for command in ("show", "why", "body"):
        assert owlpost.owlq(command, some[:30])
    began = time.monotonic()
    counted = on_terminal(owlpost, "list", "--count", "--sender", "*7@*")
    took_s = time.monotonic() - began
    assert counted.endswith(f"{count // 10}\n".encode())
    if took_s > 2:  # a bar appears after a second; a quick machine needs none
        assert b"reading the queue [" in counted and b"\r\033[K10000" in counted
