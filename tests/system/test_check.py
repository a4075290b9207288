"""owlq check: what it finds, what it mends, beside the runner and without one."""
import json
import os
import re
import shutil
import subprocess
import threading

import pytest

import backlog
from instance import ROOT
from waiting import wait_until


def check(owlpost, *arguments):
    """(exit code, lines)"""
    done = owlpost.call("owlq", "check", *arguments)
    return done.returncode, (done.stdout + done.stderr).decode().splitlines()


def clean(owlpost):
    code, lines = check(owlpost)
    assert code == 0, lines
    return lines[-1]


def overwrite(path, octets, at=0):
    mode = os.stat(path).st_mode
    os.chmod(path, 0o600)
    with open(path, "r+b") as f:
        f.seek(at, os.SEEK_END if at < 0 else os.SEEK_SET)
        f.write(octets)
    os.chmod(path, mode)


def move_to(owlpost, path, folder):
    os.rename(path, f"{owlpost.queue}/{folder}/{os.path.basename(path)}")


def other_folder(ident):
    return f"wait/{(int(ident[-2:], 16) + 1) % 256:02x}"


def lone_log(owlpost, path):
    backlog.copy(path + ".log", f"{path[:-6]}0000{path[-2:]}.log")


def alien(owlpost, path):
    with open(f"{owlpost.queue}/todo/core", "w") as f:
        f.write("core")


def wrong_folder(owlpost, path):
    for each in (path, path + ".log"):
        move_to(owlpost, each, other_folder(path))


def truncate(path):
    os.chmod(path, 0o600)
    os.truncate(path, os.path.getsize(path) - 1)
    os.chmod(path, 0o440)


def double(owlpost, path):
    backlog.copy(path, f"{owlpost.queue}/todo/{os.path.basename(path)}")


def append(path, octets):
    with open(path, "ab") as f:
        f.write(octets)


# what is done, what is said about it, whether the message is still in the queue when it is mended
FAULTS = {
    "mode": (lambda o, p: os.chmod(p, 0o666), "its mode is 0666", True),
    "log's mode": (lambda o, p: os.chmod(p + ".log", 0o644), "its mode is 0644", True),
    "folder's mode": (lambda o, p: os.chmod(f"{o.queue}/wait", 0o755), "its mode is 0755", True),
    "no poke": (lambda o, p: os.unlink(f"{o.queue}/poke"), "No such file", True),
    "lone log": (lone_log, "no message that it is of", True),
    "torn log": (lambda o, p: append(p + ".log", b"\0\0\0\7torn"), "its end does not check", True),
    "torn magic": (lambda o, p: os.truncate(p + ".log", 3), "its end does not check", True),
    "no log": (lambda o, p: overwrite(p + ".log", b"XX"), "it is no log", False),
    "wrong folder": (wrong_folder, "wrong folder", True),
    "alien": (alien, "does not belong here", True),
    "both places": (double, "it is in wait/, too", True),
    "body": (lambda o, p: overwrite(p, b"X"), "does not fit its checksum", False),
    "envelope": (lambda o, p: overwrite(p, b"X", -60), "checksum", False),
    "cut": (lambda o, p: truncate(p), "trailer", False),
}


@pytest.mark.parametrize("runs", (True, False), ids=("live", "alone"))
def test_faults_are_found_and_mended(owlpost, next_hop, runs):
    owlpost.start()
    kept = []
    for name, (do, words, stays) in FAULTS.items():
        if not runs or owlpost.starter is None:
            owlpost.starter or owlpost.start()
        ident = backlog.defer(owlpost)
        if not runs:
            owlpost.stop()
        clean(owlpost)
        do(owlpost, backlog.path_of(owlpost, ident))
        code, lines = check(owlpost)
        assert code == 111 and any(words in line for line in lines), (name, lines)
        code, lines = check(owlpost, "--repair")
        assert code == 0 and any(words in line for line in lines), (name, lines)
        clean(owlpost)
        assert (ident in backlog.ids(owlpost)) == stays, name
        assert os.path.exists(f"{owlpost.queue}/bad/{ident}") != stays, name
        kept += [ident] if stays else []
    owlpost.starter or owlpost.start()
    assert sorted(backlog.ids(owlpost)) == sorted(kept)
    next_hop.accepts = True
    wait_until(lambda: owlpost.owlq("flush") == "" and len(next_hop.received) >= len(kept), 30, lambda: owlpost.log()[-2000:])
    wait_until(lambda: not backlog.ids(owlpost), 20, lambda: str(backlog.ids(owlpost)))
    assert len(next_hop.received) == len(kept)


def test_json_names_each_fault(owlpost, next_hop):
    owlpost.start()
    ident = backlog.defer(owlpost)
    os.chmod(backlog.path_of(owlpost, ident), 0o444)
    line, = [json.loads(each) for each in check(owlpost, "--json")[1]]
    assert line["path"].endswith(ident) and line["fault"] == "its mode is 0444, not 0440" and not line["repaired"]
    line, = [json.loads(each) for each in check(owlpost, "--json", "--repair")[1]]
    assert line["repaired"]
    assert check(owlpost, "--json") == (0, [])


def test_what_comes_and_goes_is_no_fault(owlpost, next_hop, full):
    """Deliveries, deferrals, orders and checks at the same time."""
    owlpost.start()
    done = threading.Event()
    sent = []

    def send():
        while not done.is_set():
            owlpost.inject(backlog.MESSAGE, "ann@owlpost.test", sender="")
            owlpost.inject(backlog.MESSAGE, "someone@sink.test", "joe@owlpost.test", sender="")
            sent.append(1)

    def delete():
        while not done.is_set():
            owlpost.call("owlq", "delete", "--yes", "--recipient", "someone@sink.test")

    threads = [threading.Thread(target=f) for f in (send, send, delete)]
    for t in threads:
        t.start()
    try:
        checks = 0
        while len(sent) < (1000 if full else 60) or checks < 20:
            clean(owlpost)
            checks += 1
    finally:
        done.set()
        for t in threads:
            t.join()
    print(checks, "checks while", 2 * len(sent), "messages came")
    clean(owlpost)


@pytest.mark.parametrize("how", ("cp -a", "cp -r"))
def test_a_copied_queue_works(owlpost, next_hop, how):
    """A copy that kept owners and modes as it is, another one after a repair."""
    owlpost.start()
    held, ident = backlog.defer(owlpost), backlog.defer(owlpost)
    owlpost.owlq("hold", held)
    owlpost.stop()
    new = backlog.MESSAGE.replace("about owls", "new")
    assert owlpost.inject(new, "other@sink.test").returncode == 0
    before = set(backlog.ids(owlpost))
    copied = f"{owlpost.folder}/copy"
    subprocess.run([*how.split(), owlpost.queue, copied], check=True)
    shutil.rmtree(owlpost.queue)
    owlpost.control("queuedir", copied)
    owlpost.queue = copied
    assert set(backlog.ids(owlpost)) == before
    if how == "cp -a":
        clean(owlpost)
    else:
        assert (check(owlpost)[0] == 111) or not ROOT
        code, lines = check(owlpost, "--repair")
        assert code == 0, lines
        clean(owlpost)
    next_hop.accepts = True
    owlpost.start()
    wait_until(lambda: re.search(r"waiting messages: [12]\b", owlpost.owlq("status")), 20, lambda: owlpost.owlq("status"))
    wait_until(lambda: owlpost.owlq("flush") == "" and len(next_hop.received) == 2, 20, lambda: owlpost.log()[-2000:])
    wait_until(lambda: backlog.ids(owlpost) == [held], 20, lambda: owlpost.log()[-2000:])
    owlpost.owlq("release", held)
    owlpost.wait_for_empty_queue()
    assert len(next_hop.received) == 3


def test_check_looks_and_changes_nothing(owlpost, next_hop):
    owlpost.start()
    ident = backlog.defer(owlpost)
    path = backlog.path_of(owlpost, ident)
    os.chmod(path, 0o444)
    append(path + ".log", b"x")
    before = os.stat(path + ".log")
    for _ in range(2):
        assert check(owlpost)[0] == 111
        assert os.stat(path).st_mode & 0o777 == 0o444
        assert os.stat(path + ".log").st_size == before.st_size
        owlpost.stop() if owlpost.starter else None


def test_names_in_todo_reach_no_terminal(owlpost):
    """The injectors' group chooses them."""
    owlpost.start()
    for name in ("csi\u009b2J", "turned\u202eround", "esc\x1b[2J"):
        open(f"{owlpost.queue}/todo/{name}", "w").close()
    code, lines = check(owlpost, "--repair")
    shown = "\n".join(lines)
    assert code == 0 and shown.count("moved to bad/") == 3
    assert not any(each in shown for each in ("\u009b", "\u202e", "\x1b"))
