"""faults.py [--few] [--table] [PART...]

Plays a part without a fault, notes its calls, and plays it again for each call
and error.  Each time: the client has a clear answer, nothing is lost, nothing
half-written is left, and what lives on finishes the work when the fault is over.

    fault.c, calls.c   follows the programs, puts faults into their calls
    sites.py           which error at which call
    stage.py           an instance under fault
    alone.py, living.py, session.py   the parts
    needs.py           what they all ask of an outcome
"""
import argparse
import multiprocessing
import os
import shutil
import sys
from collections import Counter, defaultdict

import processes
from alone import Deliverer, Injector, NamedInjector
from living import Runner, Start
from needs import Wrong
from session import Session
from sites import Fault, faults_of
from waiting import TimedOut

WORK = os.environ["OWLPOST_WORK"]
WORKERS = 2
PARTS = {part.name: part for part in (Injector, NamedInjector, Deliverer, Runner, Start, Session)}


def play(task):
    """A share of a part's faults, in a process of its own."""
    name, number, few = task
    processes.adopt_orphans()
    part = PARTS[name](f"{WORK}/{name}{number}")
    part.few = few
    rows = []
    try:
        cases = [[f] for f in faults_of(part.calls(), few)] + part.extra
        for faults in cases[number::WORKERS]:
            label = [(f.program, f.call, f.target, f.nth, f.error, f.times) for f in faults]
            try:
                rows.append((name, label, part.check(*faults), True))
            except (Wrong, TimedOut) as e:
                rows.append((name, label, str(e), False))
    except (Wrong, TimedOut) as e:
        rows.append((name, [], f"without a fault: {e}", False))
    finally:
        part.end()
        shutil.rmtree(part.stage.folder)
    return rows


HEAD = """# What becomes of faults

Each call of the programs on the way of a message was made to fail, one at a time, with each error that it can
have; "short" is a write or read that does a part. What is acted on stands behind the call: `ID` is a queue id,
`XX` one of the folders of `wait/`, `UNIQUE` a name in a Maildir, `unnamed` a file before its name, `-` nothing that has
a name. Calls of one kind on one object are one row where they end alike.

Made by `tests/faults/run --table doc/faults.md`, which fails where a client has no clear answer, a message is
lost, changed or delivered again without cause, something half-written stays, or the runner ends.
"""
MEANING = {
    "injector": "`owl-queue` alone; 5x, 6x and 81 are temporary errors.",
    "injector-named": "The same on a file system without unnamed files.",
    "deliverer": "`owl-local` by hand; 111 is a deferral.",
    "runner": "`owl-send` and its `owl-local` with a copy to deliver, a deferral, and a failure to tell of. "
              "*Done*: each once, the queue empty, the same runner.",
    "start": "`owl-send` when it starts, with a new message and one that waits.",
    "session": "What an SMTP client is told.",
}


def table(rows):
    """Markdown: a row for each program, call and outcome."""
    yield HEAD
    cells = defaultdict(lambda: defaultdict(list))
    for part, label, outcome, _ in rows:
        if outcome == "not reached" or not label:
            continue
        what = " and ".join(f"`{c}` {t}" + (f", {n} times" if n > 1 else "") for _, c, t, _, _, n in label)
        errors = cells[part][label[0][0], what, outcome]
        errors += [label[0][4]] if label[0][4] not in errors else []
    for part, found in cells.items():
        yield f"\n## {part}\n\n{MEANING[part]}\n\n| program | call | error | outcome |\n| --- | --- | --- | --- |\n"
        for (program, what, outcome), errors in sorted(found.items()):
            what = what.replace(f"{WORK}/srv/plain/", "").replace("|", "/")
            yield f"| {program} | {what} | {', '.join(errors)} | {outcome} |\n"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--few", action="store_true")
    p.add_argument("--table", action="store_true")
    p.add_argument("parts", nargs="*", metavar="PART")
    options = p.parse_args()
    processes.adopt_orphans()
    tasks = [(name, n, options.few) for name in options.parts or PARTS for n in range(WORKERS)]
    rows = []
    with multiprocessing.Pool(WORKERS, maxtasksperchild=1) as pool:
        for found in pool.imap(play, tasks, chunksize=1):
            rows += found
    for name in dict.fromkeys(r[0] for r in rows):
        outcomes = Counter(r[2] for r in rows if r[0] == name and r[3])
        print(f"{name}: {sum(outcomes.values())} faults")
        for outcome, n in outcomes.most_common():
            print(f"  {n:4} {outcome}")
    bad = [r for r in rows if not r[3]]
    for name, label, outcome, _ in bad:
        print(f"FAIL {name}: " + "; ".join(str(Fault(*f)) for f in label) + f": {outcome}")
    if os.environ.get("OWLPOST_VERBOSE"):
        for name, label, outcome, _ in rows:
            print(f"  {name}: " + "; ".join(str(Fault(*f)) for f in label) + f": {outcome}")
    if options.table:
        with open(f"{WORK}/table.md", "w") as f:
            f.writelines(table(rows))
    print(f"{len(rows) - len(bad)} faults borne, {len(bad)} not")
    return 1 if bad or not rows else 0


sys.exit(main())
