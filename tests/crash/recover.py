"""Starts owlpost on a state and sees what becomes of it.

All that other hosts deferred they take now, so in the end the queue is empty:
whatever is left, is delivered, or is said in the log must follow from what was
acknowledged before the crash (judge.py).
"""
import os
import pickle
import re
import sys
import time

from letter import Letter, read_mbox
from place import PATIENCE_S, Runner
from scenario import make_place, recovery_policy

END = re.compile(r"end msg (\d+)$")
BOUNCE = re.compile(r"bounce msg (\d+) qp")
START = re.compile(r"starting delivery (\d+): msg (\d+) to \w+ (.*)")
PROBLEM = re.compile(r"^(?!delivery|status|starting|info|new|end|bounce|order)")


class Outcome:
    """letters: [(Letter, whether it lay there before)]; remote: [Letter];
    bounced: numbers of messages that DSNs were made about; held: ids of those
    that had to be released; pieces: of messages in the mbox; problems: lines of the log; left: files in the queue; stuck, code: of the runner."""
    __slots__ = ("letters", "remote", "bounced", "held", "pieces", "problems", "left", "stuck", "code", "log")


STALE_S = 3600  # a lock file of somebody who died is taken away when it is so old


def build(place, tree):
    for path in sorted(tree):
        if path.endswith("/"):
            os.mkdir(f"{place.root}/{path}", 0o700)
            continue
        fd = os.open(f"{place.root}/{path}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(fd, tree[path].octets)
        os.close(fd)
        if path.endswith(".lock"):
            os.utime(f"{place.root}/{path}", (time.time() - STALE_S,) * 2)


def letters_in(place, before, originals):
    for user in ("joe", "ann", "alias"):
        new = f"{place.home}/{user}/Maildir/new"
        for name in sorted(os.listdir(new)) if os.path.isdir(new) else ():
            with open(f"{new}/{name}", "rb") as f:
                yield Letter(f.read(), originals, user), f"home/{user}/Maildir/new/{name}" in before


def mbox_of(place, before, originals):
    """([(Letter, whether it lay there before)], pieces of others)."""
    path = f"{place.home}/joe/Mailbox"
    if not os.path.exists(path):
        return [], 0
    old = before.get("home/joe/Mailbox")
    lay_there = len(read_mbox(old.octets, originals, "joe")[0]) if old else 0
    with open(path, "rb") as f:
        letters, pieces = read_mbox(f.read(), originals, "joe")
    return [(letter, number < lay_there) for number, letter in enumerate(letters)], pieces


def clear(place):
    """Back to the empty folders, which are cheaper than new ones."""
    for path in place.queue_files():
        os.unlink(f"{place.queue}/{path}")
    for name in os.listdir(f"{place.home}/joe"):
        if name.startswith("Mailbox"):
            os.unlink(f"{place.home}/joe/{name}")
    for user in ("joe", "ann", "alias"):
        maildir = f"{place.home}/{user}/Maildir"
        for part in ("tmp", "new", "cur"):
            if os.path.isdir(f"{maildir}/{part}"):
                for name in os.listdir(f"{maildir}/{part}"):
                    os.unlink(f"{maildir}/{part}/{name}")
                if user == "ann":
                    os.rmdir(f"{maildir}/{part}")
        if user == "ann" and os.path.isdir(maildir):
            os.rmdir(maildir)


def run(place, tree, patience_s=PATIENCE_S):
    build(place, tree)
    runner = Runner(place, recovery_policy())
    runner.held = []
    runner.stuck = not runner.work_off(patience_s)
    if place.has_orders and not runner.stuck and place.waiting():
        runner.held = place.waiting()
        place.owlq("release", "--yes", "--all")
        runner.stuck = not runner.work_off(patience_s)
    runner.stop()
    return runner


def recover(place, tree, originals, patience_s=PATIENCE_S):
    o = Outcome()
    runner = run(place, tree, patience_s)
    o.stuck, o.code = runner.stuck, runner.code
    o.left, o.held = place.queue_files(), runner.held
    in_mbox, o.pieces = mbox_of(place, tree, originals)
    o.letters = [*letters_in(place, tree, originals), *in_mbox]
    o.remote = [(address, Letter(body, originals)) for address, body in runner.remote]
    o.bounced = [m.group(1) for line in runner.log if (m := BOUNCE.search(line))]
    o.problems = [line for line in runner.log if PROBLEM.search(line)]
    o.log = runner.log
    clear(place)
    return o


if __name__ == "__main__":  # under record: to be cut off, too
    folder, programs, name = sys.argv[1:]
    run(make_place(name, folder, programs, recovery=True), pickle.load(sys.stdin.buffer))
