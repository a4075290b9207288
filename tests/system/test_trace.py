"""What one message costs, and in which order it is made durable."""
import re
import shutil

import pytest

import strace
from peers import CountingSink, free_port
from waiting import wait_until

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
MESSAGE = "Subject: traced\r\n\r\nbody\r\n"


@pytest.fixture
def owlpost(instances):
    """Never a sanitizer build, whose leak check does not work under strace."""
    return instances("plain")


def trace_one(owlpost, bystanders, folder, *recipients):
    """The calls while one message comes in and goes out."""
    tracer = strace.attach(bystanders, owlpost.pids(), f"{folder}/trace")
    owlpost.submit(MESSAGE, *recipients)
    owlpost.wait_for_empty_queue()
    strace.detach(tracer)
    return strace.read(f"{folder}/trace")


def pid_of(calls, program):
    pids = [pid for pid, name in strace.executed(calls) if name == program]
    assert len(pids) == 1, f"{program}: {strace.executed(calls)}"
    return pids[0]


def position(calls, condition, what):
    for i, c in enumerate(calls):
        if condition(c):
            return i
    raise AssertionError(f"not in the trace: {what}")


def is_reply(call, code):
    return call.name in ("write", "writev", "sendto", "sendmsg") and "TCP:" in call.target and f'"{code} ' in call.text


def syncs_of(calls, pid):
    return [c for c in calls if c.pid == pid and c.name in strace.SYNCS]


def check_the_way_in(calls, injector, queue):
    """File, then folder, both 0; the position of the second."""
    syncs = syncs_of(calls, injector)
    print(*syncs, sep="\n")
    assert [c.result for c in syncs] == ["0", "0"]
    assert syncs[0].target.startswith(f"{queue}/")
    assert not syncs[0].target.startswith(f"{queue}/todo>") and syncs[0].target != f"{queue}/todo"
    assert syncs[1].target == f"{queue}/todo"
    linked = [i for i, c in enumerate(calls) if c.pid == injector and c.name in ("linkat", "link", "renameat", "renameat2")
              and c.result == "0"]
    assert len(linked) == 1
    assert calls.index(syncs[0]) < linked[0] < calls.index(syncs[1])
    return calls.index(syncs[1])


def check_the_way_out(calls, home):
    """Maildir file, then folder, then the result."""
    deliverer = pid_of(calls, "owl-local")
    # sync_file_range() asks for the writing to begin, and promises nothing
    syncs = [c for c in syncs_of(calls, deliverer) if c.name != "sync_file_range"]
    print(*syncs, sep="\n")
    assert [c.result for c in syncs] == ["0", "0"]
    assert "/Maildir/" in syncs[0].target
    assert syncs[1].target == f"{home}/Maildir/new"
    result = position(calls, lambda c: c.pid == deliverer and c.name in ("sendmsg", "sendto", "write") and
                      "UNIX" in c.target, "the agent's result")
    assert calls.index(syncs[1]) < result
    named = position(calls, lambda c: c.pid == deliverer and c.name in ("linkat", "link", "rename", "renameat", "renameat2")
                     and c.result == "0", "the file's name in new/")
    assert calls.index(syncs[0]) < named < calls.index(syncs[1])


def injector_of(calls, is_ready, queue):
    if not is_ready:
        return pid_of(calls, "owl-queue")
    return calls[position(calls, lambda c: c.name in ("linkat", "renameat2") and f"<{queue}>" in c.text, "a name in the queue")].pid


@pytest.mark.parametrize("is_ready", [False, True])
def test_one_message_by_smtp_to_a_maildir(owlpost, bystanders, folder, is_ready):
    if not is_ready:
        owlpost.control("injectors", "0")
    owlpost.up()
    calls = trace_one(owlpost, bystanders, folder, "joe@local.test")
    programs = [name for _, name in strace.executed(calls)]
    print(len(calls), "calls; started:", programs)
    assert len(programs) <= 3 - is_ready
    told = position(calls, lambda c: is_reply(c, 354), "354")
    answered = position(calls[told:], lambda c: is_reply(c, 250), "250 after the data") + told
    assert check_the_way_in(calls, injector_of(calls, is_ready, owlpost.queue), owlpost.queue) < answered
    check_the_way_out(calls, owlpost.home("joe"))
    scans = [c for c in calls if c.name.startswith("getdents") and owlpost.queue in c.target]
    assert not scans, scans


def test_one_message_by_sendmail(owlpost, bystanders, folder):
    owlpost.up()
    done = bystanders.start(
        ["strace", *strace.OPTIONS, "-o", f"{folder}/trace", owlpost.program("sendmail"), "-f", "ann@local.test",
         "joe@local.test"], stdin=open("/dev/null"), env=owlpost.environment)
    assert done.wait(20) == 0
    calls = strace.read(f"{folder}/trace")
    injector = pid_of(calls, "owl-queue")
    durable = check_the_way_in(calls, injector, owlpost.queue)
    left = position(calls, lambda c: c.pid == injector and c.name == "exit_group", "the injector's exit")
    assert "(0)" in calls[left].text
    assert durable < left


def test_a_relayed_message_needs_no_sync_on_its_way_out(owlpost, bystanders, folder):
    port = free_port()
    sink = CountingSink(bystanders, port)
    owlpost.control("smtproutes", f"sink.test:127.0.0.1:{port}")
    owlpost.up(relay=True)
    calls = trace_one(owlpost, bystanders, folder, "someone@sink.test")
    wait_until(lambda: sink.poll().messages == 1, 10, "the message")
    sender = pid_of(calls, "owl-remote")
    assert not syncs_of(calls, sender)
    assert len(strace.executed(calls)) <= 3


def test_the_doorkeeper_never_reads_the_client(owlpost, bystanders, folder):
    owlpost.up()
    calls = trace_one(owlpost, bystanders, folder, "joe@local.test")
    doorkeeper = pid_of(calls, "owl-smtpd")
    reads = [c for c in calls if c.pid == doorkeeper and re.match("p?read|recv", c.name) and "TCP:" in c.target]
    assert not reads, reads
    others = [c for c in calls if c.pid != doorkeeper and re.match("p?read|recv", c.name) and "TCP:" in c.target]
    assert others, "somebody must have read the client's commands"


def test_cost_does_not_grow_with_the_queue(owlpost, bystanders, folder):
    """Hundreds of waiting messages add no system call to the next one."""
    owlpost.control("smtproutes", f"sink.test:127.0.0.1:{free_port()}")
    owlpost.control("retryskipremote", "86400")
    owlpost.up(relay=True)
    few = calls_for_one(owlpost, bystanders, f"{folder}/few")
    recipients = [f"someone{i}@sink.test" for i in range(1)]
    with owlpost.client() as session:
        for _ in range(300):
            session.sendmail("sender@sender.test", recipients, MESSAGE)
    wait_until(lambda: owlpost.log().count("new msg ") >= 301, 60, lambda: owlpost.log()[-500:])
    wait_until(lambda: not owlpost.deliveries_under_way(), 20, "the runner to be idle")
    many = calls_for_one(owlpost, bystanders, f"{folder}/many")
    print(few, "calls with an empty queue,", many, "with 300 messages")
    assert many < few * 1.3 + 30


def calls_for_one(owlpost, bystanders, path):
    count = len(owlpost.maildir("joe"))
    tracer = strace.attach(bystanders, owlpost.pids(), path)
    owlpost.submit(MESSAGE, "joe@local.test")
    owlpost.wait_for_mail("joe", count + 1)
    number = re.findall(r"new msg (\d+)", owlpost.log())[-1]
    wait_until(lambda: f"end msg {number}" in owlpost.log(), 10, "the end of the message")
    strace.detach(tracer)
    calls = strace.read(path)
    assert not [c for c in calls if c.name.startswith("getdents") and owlpost.queue in c.target]
    return len(calls)
