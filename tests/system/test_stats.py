"""owlq stats, top and metrics: the running runner's numbers."""
import json
import os
import pty
import re
import select
import socket
import subprocess
import termios

import pytest
from prometheus_client.parser import text_string_to_metric_families

from peers import Sink, free_port
from test_owlq_read import fill
from waiting import wait_until

MESSAGE = "Subject: about owls\n\nThe body.\n"


def stats(owlpost, *arguments):
    """(totals, {destination: ...}) of owlq stats --json."""
    rows = [json.loads(line) for line in owlpost.owlq("stats", "--json", *arguments).splitlines()]
    return rows[0], {row["destination"]: row for row in rows[1:]}


@pytest.fixture
def post(owlpost):
    """Some mail has been delivered, deferred, refused, and waits."""
    refused, dead = free_port(), free_port()
    answers = {"RCPT TO:<later@slow.test>": "450 4.2.1 come back later", "RCPT TO:<never@slow.test>": "550 5.1.1 who?"}
    with Sink(refused, reply=lambda verb, argument: answers.get(f"{verb} {argument}")):
        owlpost.control("smtproutes", f"slow.test:127.0.0.1:{refused}\ndead.test:127.0.0.1:{dead}")
        owlpost.up(relay=True)
        owlpost.slow, owlpost.dead = f"127.0.0.1:{refused}", f"127.0.0.1:{dead}"
        for to in ("joe@local.test", "good@slow.test", "later@slow.test", "never@slow.test"):
            assert owlpost.inject(MESSAGE, to, sender="ann@owlpost.test").returncode == 0
        for i in range(12):
            assert owlpost.inject(MESSAGE, f"user{i}@dead.test", sender="ann@owlpost.test").returncode == 0
        owlpost.wait_for_mail("ann")  # of never@slow.test
        wait_until(lambda: stats(owlpost)[0]["waiting"] == 13 and stats(owlpost)[1][owlpost.dead]["down"], 30, owlpost.log)
        yield owlpost


def test_stats(post):
    totals, destinations = stats(post)
    print(post.owlq("stats"))
    assert (totals["taken"], totals["finished"], totals["bounces"]) == (17, 4, 1)
    assert (totals["local_delivered"], totals["remote_delivered"], totals["remote_failed"]) == (2, 1, 1)
    assert (totals["active"], totals["held"], totals["local_limit"], totals["remote_limit"]) == (0, 0, 10, 20)
    slow, dead = destinations[post.slow], destinations[post.dead]
    assert (slow["delivered"], slow["deferred"], slow["failed"], slow["waiting"], slow["down"]) == (1, 1, 1, 1, False)
    assert slow["window"] >= 5 and slow["window_most"] == 20 and slow["channel"] == "remote"
    assert re.match("(450|550) ", slow["last_error"])
    assert (dead["waiting"], dead["delivered"], dead["down"]) == (12, 0, True)
    assert 0 < dead["opens_s"] <= 68 and dead["backoff_s"] == 60 and "refused" in dead["last_error"].lower()
    assert 0 <= dead["oldest_s"] < 60
    assert slow["unreached"] == 0 and 0 < dead["unreached"] == dead["deferred"] <= 12


def test_stats_of_one_destination_in_words(post):
    shown = post.owlq("stats", post.dead)
    assert re.search(rf"^{re.escape(post.dead)} +12 +0 +\d+/20 +\d+s +0 +\d+ +0  down, next try in \d+m?\d*s?: ", shown, re.M)
    assert "since" not in shown and post.slow not in shown
    done = post.call("owlq", "stats", "nobody-knows.test")
    assert done.returncode == 111 and b"knows no such destination" in done.stderr
    by_name = [line.split()[0] for line in post.owlq("stats", "--sort", "name").splitlines()[5:]]
    assert by_name == sorted(by_name)
    assert post.owlq("stats", "--limit", "1").splitlines()[-1].startswith(post.dead)


def test_metrics_are_prometheus_text(post):
    text = post.owlq("metrics")
    print(text)
    families = {f.name: f for f in text_string_to_metric_families(text)}
    assert all(f.documentation and f.type in ("gauge", "counter") for f in families.values())
    # what the parser does not mind, but a server does: each has its TYPE, once
    assert sorted(re.findall(r"^# TYPE (\S+)", text, re.M)) == sorted(set(re.findall(r"^(owlpost_\w+)", text, re.M)))

    def value(name, **labels):
        return next(s.value for f in families.values() for s in f.samples if s.name == name and s.labels == labels)
    assert value("owlpost_up") == 1
    assert value("owlpost_messages_taken_total") == 17
    assert value("owlpost_recipients_total", channel="remote", result="delivered") == 1
    assert value("owlpost_messages", state="waiting") == 13
    assert value("owlpost_destination_waiting_messages", channel="remote", destination=post.dead) == 12
    assert value("owlpost_destination_down", channel="remote", destination=post.dead) == 1
    few = post.owlq("metrics", "--destinations", "1")
    assert post.dead in few and post.slow not in few
    assert 'destination="' not in post.owlq("metrics", "--destinations", "0")


def test_metrics_are_the_same_in_json(post):
    text = {f.name: f for f in text_string_to_metric_families(post.owlq("metrics"))}
    rows = [json.loads(line) for line in post.owlq("metrics", "--json").splitlines()]
    # the parser takes "_total" off the names of counters, a server does not
    assert {r["name"].removesuffix("_total") for r in rows} == set(text)
    for r in rows:
        family = text[r["name"].removesuffix("_total")]
        assert (r["type"], r["help"]) == (family.type, family.documentation)
        ours = {tuple(sorted(s["labels"].items())): s["value"] for s in r["samples"]}
        theirs = {tuple(sorted(s.labels.items())): s.value for s in family.samples}
        assert ours.keys() == theirs.keys()
        assert "destination" in r["name"] or ours == theirs  # those may move meanwhile


def all_that_wait(owlpost, messages):
    """The destinations, when so many messages are in the queue."""
    totals, destinations = stats(owlpost)
    return totals["waiting"] + totals["active"] == messages and destinations


def test_many_destinations_are_told_while_mail_goes_on(owlpost, full):
    count = 10000 if full else 400
    routes = (f"d{n}.test:127.{1 + n // 250}.{n % 250}.1:9" for n in range(count))
    owlpost.control("smtproutes", "\n".join(routes))
    fill(owlpost, 2 * count, "-t", "-d", str(count), "-r", "u@d%d.test")
    owlpost.start()
    wait_until(lambda: stats(owlpost, "--limit", "0")[0]["destinations"] >= count, 240, "all destinations")
    with socket.socket(socket.AF_UNIX) as staller:
        staller.connect(f"{owlpost.run}/control/socket")
        staller.sendall(b"\0\0\0\0C\1\0\x14")
        assert owlpost.inject(MESSAGE, "joe@local.test").returncode == 0
        owlpost.wait_for_mail("joe")  # although nobody reads the answer
        # it lies there before the runner has heard of it
        destinations = wait_until(lambda: all_that_wait(owlpost, 2 * count), 30, "the end of joe's message")
    assert len({name for name in destinations if name.endswith(".1:9")}) == count
    assert len(owlpost.owlq("metrics").splitlines()) < 500


def test_a_runner_that_is_away_is_down(owlpost):
    owlpost.setup()
    done = owlpost.call("owlq", "metrics")
    assert done.returncode == 111 and b"owlpost_up 0\n" in done.stdout
    done = owlpost.call("owlq", "metrics", "--json")
    assert done.returncode == 111 and json.loads(done.stdout)["samples"] == [{"labels": {}, "value": 0}]
    for command in (["stats"], ["top", "--once"], ["top"]):
        assert owlpost.call("owlq", *command).returncode == 111


def test_wrong_arguments(owlpost):
    for command in (["stats", "--sort", "size"], ["stats", "a", "b"], ["top", "--interval", "0"], ["top", "x"],
                    ["metrics", "--destinations", "-1"], ["metrics", "x"], ["stats", "--limit"]):
        assert owlpost.call("owlq", *command).returncode == 100, command


def test_top_once_is_plain_text(post):
    shown = post.owlq("top", "--once")
    assert "\033" not in shown and post.dead in shown and shown.startswith("since ")
    assert post.call("owlq", "top").returncode == 111  # no terminal


class Terminal:
    """owlq top, on a terminal of so many rows and columns."""

    def __init__(self, owlpost, *arguments, rows=24, columns=100):
        self.ours, self.theirs = pty.openpty()
        termios.tcsetwinsize(self.ours, (rows, columns)) if hasattr(termios, "tcsetwinsize") else \
            os.system(f"stty rows {rows} cols {columns} <{os.ttyname(self.theirs)}")
        self.before = termios.tcgetattr(self.theirs)
        self.process = subprocess.Popen([owlpost.program("owlq"), "top", *arguments], env=owlpost.environment,
                                        stdin=self.theirs, stdout=self.theirs, stderr=self.theirs)
        self.seen = b""

    def read_until(self, *words):
        """Everything since the last call, until all of these have come."""
        start = len(self.seen)
        while not all(w in self.seen[start:] for w in words):
            assert select.select([self.ours], [], [], 20)[0], self.seen[start:]
            self.seen += os.read(self.ours, 65536)
        return self.seen[start:]

    def press(self, key):
        os.write(self.ours, key.encode())

    def screens(self):
        """Each screen that was drawn, as lines without control sequences."""
        drawn = self.seen.decode().split("\033[H")[1:]
        return [[line.rstrip("\r") for line in re.sub(r"\033\[[?0-9]*[A-Za-z]", "", s).split("\n")] for s in drawn]

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)


def test_top_lives_on_a_terminal(post):
    terminal = Terminal(post, "--interval", "3600", rows=10, columns=72)
    try:
        terminal.read_until(b"\033[?1049h", post.dead.encode(), b"\033[J")
        terminal.press("n")
        terminal.read_until(b"a second: ", b"\033[J")
        terminal.press("w")
        terminal.read_until(b"\033[J")
        terminal.press("q")
        assert terminal.process.wait(10) == 0
        terminal.read_until(b"\033[?1049l")
        assert termios.tcgetattr(terminal.theirs) == terminal.before
        screens = terminal.screens()
        assert len(screens) == 3
        for screen in screens:
            assert len(screen) <= 10 and all(len(line) <= 71 for line in screen), screen
            assert screen[-1].startswith("q quits")
        assert screens[0][6].startswith(post.dead)  # the most waiting comes first
        assert screens[2][7].startswith(post.dead)
    finally:
        terminal.close()


def test_top_gives_the_terminal_back_when_it_is_ended(post):
    terminal = Terminal(post)
    try:
        terminal.read_until(b"\033[J")
        terminal.process.terminate()
        assert terminal.process.wait(10) == 0
        terminal.read_until(b"\033[?1049l")
        assert termios.tcgetattr(terminal.theirs) == terminal.before
    finally:
        terminal.close()


def test_hostile_names_spoil_no_metrics(owlpost):
    """Names are what senders make them; two must never come out as one."""
    names = [b"\xfe.test", b"\xff.test", "csi\u009b2J.test".encode(), "turned\u202e.test".encode(), b'"\\x9b.test']
    owlpost.start()
    for name in names:
        assert owlpost.call("owlq", "hold-destination", name).returncode == 0
    text = owlpost.call("owlq", "metrics").stdout.decode()
    assert "\u009b" not in text and "\u202e" not in text
    held = [s.labels["destination"] for f in text_string_to_metric_families(text) for s in f.samples
            if s.name == "owlpost_destination_held"]
    assert len(held) == len(set(held)) == len(names)
    rows = [json.loads(line) for line in owlpost.owlq("metrics", "--json").splitlines()]
    assert held == [s["labels"]["destination"] for r in rows if r["name"] == "owlpost_destination_held" for s in r["samples"]]


def test_a_host_that_keeps_us_waiting_is_seen(owlpost):
    """One that takes connections and says nothing is slow, and no longer when it has spoken."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        owlpost.control("smtproutes", f"slow.test:127.0.0.1:{silent.getsockname()[1]}")
        owlpost.start()
        assert owlpost.inject("Subject: owls\n\nhello\n", "x@slow.test", sender="joe@owlpost.test").returncode == 0
        connection, _ = silent.accept()
        with connection:
            def row():
                return stats(owlpost)[1].get(f"127.0.0.1:{silent.getsockname()[1]}", {})
            wait_until(lambda: row().get("silent") == 1, 20, row)
            assert "slow, 1 job waits for it" in owlpost.owlq("stats")
            connection.sendall(b"220 at last\r\n")
            assert connection.recv(100).startswith(b"EHLO")
            wait_until(lambda: row().get("silent") == 0 or row() == {}, 20, row)
