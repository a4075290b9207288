"""A runner that can have no more memory, or no more descriptors, for a while."""
import os
import signal
import subprocess

import processes
from waiting import wait_until

COUNT = 40


def limit(owlpost, pid, what, soft):
    """Its soft limit, as its own user."""
    subprocess.run(["prlimit", f"--pid={pid}", f"--{what}={soft}:"], check=True, **owlpost.identity("owlsend"))


def inject(owlpost):
    """Each larger than what a runner has left over."""
    for n in range(COUNT):
        text = f"Subject: {n}\n\n" + "A line of a message that is large.\n" * 1500
        assert owlpost.inject(text, "joe@owlpost.test", sender="ann@owlpost.test").returncode == 0


def all_arrive_once(owlpost, runner):
    def arrived():
        os.kill(runner, signal.SIGALRM) # what was deferred need not wait
        return len(owlpost.maildir("joe")) >= COUNT
    wait_until(arrived, 30, owlpost.log, every=0.2)
    owlpost.wait_for_empty_queue()
    subjects = [m.split(b"Subject: ")[1].split(b"\n")[0] for m in owlpost.messages("joe")]
    assert sorted(map(int, subjects)) == list(range(COUNT))
    assert owlpost.named("owl-send") == [runner]


def test_a_runner_without_memory_lives_on(owlpost):
    if owlpost.build == "sanitized":
        return # a sanitizer ends a process that has no memory
    owlpost.control("retryfault", "1")
    owlpost.start()
    runner = owlpost.named("owl-send")[0]
    size = int(processes.status(runner)["VmSize"].split()[0]) * 1024
    limit(owlpost, runner, "as", size + 200000)
    os.kill(runner, signal.SIGSTOP)
    inject(owlpost)
    os.kill(runner, signal.SIGCONT)
    wait_until(lambda: "memory" in owlpost.log(), 20, owlpost.log)
    limit(owlpost, runner, "as", "unlimited")
    all_arrive_once(owlpost, runner)


def test_a_runner_without_descriptors_lives_on(owlpost):
    owlpost.control("retryfault", "1")
    owlpost.start()
    runner = owlpost.named("owl-send")[0]
    limit(owlpost, runner, "nofile", COUNT) # each message on its way has one
    os.kill(runner, signal.SIGSTOP)
    inject(owlpost)
    os.kill(runner, signal.SIGCONT)
    wait_until(lambda: "Too many open files" in owlpost.log(), 20, owlpost.log)
    limit(owlpost, runner, "nofile", 1000)
    all_arrive_once(owlpost, runner)

