"""owlq hold, release, retry, expire, bounce and delete, beside the runner and without one."""
import json
import os
import pty
import re
import socket
import time

import pytest

import backlog
from waiting import wait_until


def attempts(owlpost, what="deferral"):
    return len(re.findall(rf"delivery \d+: {what}:", owlpost.log()))


def status(owlpost):
    return {k: int(v.split(" ")[0]) for k, v in re.findall(r"(.*) \w+: (.*)", owlpost.owlq("status"))}


def test_a_held_message_waits_until_it_is_released(owlpost, next_hop):
    owlpost.start()
    ident = backlog.defer(owlpost)
    assert "1 message held" in owlpost.owlq("hold", ident)
    next_hop.accepts = True
    owlpost.owlq("flush")
    assert owlpost.call("owlq", "retry", ident).returncode == 111
    owlpost.stop()
    owlpost.start()
    wait_until(lambda: status(owlpost)["waiting"] == 1, 20, lambda: owlpost.log())
    owlpost.owlq("flush")
    owlpost.inject(backlog.MESSAGE, "other@sink.test")  # after the flush: what was due has been tried by then
    wait_until(lambda: next_hop.received, 20, lambda: owlpost.log())
    assert [r.recipients for r in next_hop.received] == [["other@sink.test"]]
    owlpost.owlq("release", ident)
    wait_until(lambda: len(next_hop.received) == 2, 20, lambda: owlpost.log())
    owlpost.wait_for_empty_queue()
    assert f"order: hold msg {ident[:16]} by uid {os.getuid()}\n" in owlpost.log()


def test_a_message_is_deleted_while_it_is_delivered(owlpost):
    """A next hop that accepts and says nothing has it."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        owlpost.control("smtproutes", f"sink.test:127.0.0.1:{silent.getsockname()[1]}")
        owlpost.start()
        assert owlpost.inject(backlog.MESSAGE, "someone@sink.test", sender="joe@owlpost.test").returncode == 0
        connection, _ = silent.accept()
        ident, = backlog.ids(owlpost)
        assert "1 message deleted" in owlpost.owlq("delete", ident)
        assert owlpost.queued() == []
        connection.sendall(b"554 go away\r\n")
        connection.close()
        wait_until(lambda: attempts(owlpost, "(?:failure|deferral)"), 30, lambda: owlpost.log())
    owlpost.owlq("status")
    assert owlpost.queued() == [] and owlpost.maildir("joe") == []
    assert f"order: delete msg {ident[:16]} by uid {os.getuid()}\n" in owlpost.log()


@pytest.mark.parametrize("command, words", [("bounce", b"returned by the administrator"), ("expire", b"5.4.7")])
def test_the_sender_gets_it_back(owlpost, next_hop, command, words):
    owlpost.start()
    ident = backlog.defer(owlpost, sender="joe@owlpost.test")
    before = attempts(owlpost)
    owlpost.owlq(command, ident)
    dsn, = owlpost.wait_for_mail("joe")
    assert words in dsn and b"<someone@sink.test>" in dsn
    owlpost.wait_for_empty_queue()
    assert len(re.findall("starting delivery .*sink.test", owlpost.log())) == before + (command == "expire")


def test_without_a_runner_owlq_does_it_itself(owlpost, next_hop):
    owlpost.start()
    held, deleted, returned = (backlog.defer(owlpost, sender="joe@owlpost.test") for _ in range(3))
    owlpost.stop()
    assert "1 message held" in owlpost.owlq("hold", held)
    assert "1 message deleted" in owlpost.owlq("delete", deleted)
    assert "1 message returned" in owlpost.owlq("bounce", returned)
    assert {os.stat(p).st_uid for p in owlpost.queued() if p.endswith(".log")} == {os.stat(owlpost.queue).st_uid}
    next_hop.accepts = True
    owlpost.start()
    dsn, = owlpost.wait_for_mail("joe")
    assert b"returned by the administrator" in dsn
    assert f"order: delete msg {deleted[:16]} by uid {os.getuid()}\n" in owlpost.log()
    wait_until(lambda: status(owlpost)["waiting"] >= 1, 20, lambda: owlpost.log())
    owlpost.owlq("flush")
    owlpost.inject(backlog.MESSAGE, "other@sink.test")
    wait_until(lambda: next_hop.received, 20, lambda: owlpost.log())
    assert backlog.ids(owlpost) == [held] or wait_until(lambda: backlog.ids(owlpost) == [held], 10)
    owlpost.owlq("release", held)
    owlpost.wait_for_empty_queue()
    assert len(next_hop.received) == 2


def test_a_queue_that_somebody_else_holds_is_left_alone(owlpost):
    owlpost.start()
    os.unlink(f"{owlpost.run}/control/socket")
    done = owlpost.call("owlq", "delete", "1234567890123456." + "a" * 20)
    assert done.returncode == 111 and b"holds the queue's lock" in done.stderr


def test_what_is_asked_for_by_id_must_be_there(owlpost):
    owlpost.start()
    done = owlpost.call("owlq", "hold", "1234567890123456." + "a" * 20)
    assert done.returncode == 111 and b"no such message" in done.stderr
    assert owlpost.call("owlq", "hold").returncode == 100
    assert owlpost.call("owlq", "hold", "xyz").returncode == 100


def on_a_terminal(owlpost, answer, *arguments):
    """What owlq says there, and its exit code."""
    leader, follower = pty.openpty()
    try:
        os.write(leader, answer)
        done = owlpost.call("owlq", *arguments, capture_output=False, stdin=follower, stdout=follower, stderr=follower)
        return os.read(leader, 65536).decode(), done.returncode
    finally:
        os.close(leader)
        os.close(follower)


def test_many_at_once_are_asked_for(owlpost, next_hop):
    owlpost.start()
    wanted = {backlog.defer(owlpost, sender="joe@owlpost.test") for _ in range(2)}
    other = backlog.defer(owlpost)
    choice = ("--sender", "joe@owlpost.test")
    listed = owlpost.owlq("delete", "--dry-run", *choice)
    assert set(listed.split()) >= wanted and other not in listed
    there = owlpost.owlq("hold", "--dry-run", "--destination", "sink.test")
    assert set(there.split()) >= wanted | {other} and "would hold 3 messages" in there
    assert "would hold 0" in owlpost.owlq("hold", "--dry-run", "--destination", "other.test")
    refused = owlpost.call("owlq", "delete", *choice)
    assert refused.returncode == 100 and b"2 messages" in refused.stderr
    said, code = on_a_terminal(owlpost, b"n\n", "delete", *choice)
    assert "delete 2 messages?" in said and code == 100
    assert len(backlog.ids(owlpost)) == 3
    lines = [json.loads(line) for line in owlpost.owlq("hold", "--yes", "--json", *choice).splitlines()]
    assert {(line["id"], line["outcome"]) for line in lines} == {(ident, "done") for ident in wanted}
    said, code = on_a_terminal(owlpost, b"y\n", "delete", *choice)
    assert "2 messages deleted" in said and code == 0
    assert backlog.ids(owlpost) == [other]


@pytest.mark.parametrize("runs", (True, False), ids=("live", "alone"))
def test_nothing_goes_to_a_held_destination(owlpost, next_hop, runs):
    next_hop.accepts = True
    name = f"127.0.0.1:{next_hop.port}"
    owlpost.setup()
    if runs:
        owlpost.start()
    owlpost.owlq("hold-destination", name)
    owlpost.starter or owlpost.start()
    assert owlpost.inject(backlog.MESSAGE, "someone@sink.test", "ann@owlpost.test").returncode == 0
    owlpost.wait_for_mail("ann")
    owlpost.owlq("flush")
    owlpost.owlq("status")
    assert "sink.test" not in owlpost.log().split("info msg")[1]
    assert owlpost.owlq("hold-destination") == name + "\n"
    if not runs:
        owlpost.stop()
    owlpost.owlq("release-destination", name)
    assert owlpost.owlq("hold-destination") == ""
    owlpost.starter or owlpost.start()
    wait_until(lambda: next_hop.received, 20, lambda: owlpost.log())
    owlpost.wait_for_empty_queue()
    assert owlpost.call("owlq", "check").returncode == 0


@pytest.mark.needs_root("users of their own")
def test_users_change_nothing(owlpost, next_hop):
    owlpost.start()
    ident = backlog.defer(owlpost)
    for _ in range(2):
        assert owlpost.call("owlq", "delete", ident, user="mallory").returncode == 111
        owlpost.stop()
    assert backlog.ids(owlpost) == [ident]


def test_a_mass_of_messages_takes_seconds(owlpost, next_hop, full):
    """And local mail is delivered while it goes on."""
    count = 100_000 if full else 2000
    owlpost.start()
    one = backlog.defer(owlpost, sender="joe@owlpost.test")
    owlpost.stop()
    backlog.multiply(owlpost, one, count - 1)
    owlpost.control("concurrencyremote", "0")
    owlpost.start()
    wait_until(lambda: status(owlpost)["waiting"] == count, 120, lambda: str(status(owlpost)))
    for command in ("hold", "release", "hold", "delete"):
        begun = time.monotonic()
        done = owlpost.call("owlq", command, "--all", "--yes", timeout=300)
        print(f"{command}: {time.monotonic() - begun:.1f} s, {done.stdout.decode().splitlines()}")
        assert done.returncode == 0, done.stderr
        assert done.stdout.decode().startswith(f"{count} messages ")
        owlpost.inject(backlog.MESSAGE, "ann@owlpost.test")
        owlpost.wait_for_mail("ann")
        os.unlink(owlpost.maildir("ann")[0])
    owlpost.wait_for_empty_queue()
