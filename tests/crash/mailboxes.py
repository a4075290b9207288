"""mailboxes.py [--full] [--journal] [STORY...]: states of a Maildir that a crash could leave.

As crash.py, for what owl-mailbox and owl-pop3d write: records the stories of
mailboxstory.py, builds the states, has the next programs look at each (mailboxjudge.py), and
holds what they say against what had been told.  Mutants that sync less, or later, must
be caught.
"""
import argparse
import multiprocessing
import os
import sys
import tempfile
import traceback
from collections import Counter

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import crash  # noqa: E402
import mutants  # noqa: E402
from journal import JournalFileSystem  # noqa: E402
from mailboxjudge import Known, judge, recover  # noqa: E402
from mailboxstory import STORIES, Scene  # noqa: E402
from model import FileSystem  # noqa: E402
from states import Limits, digest, enumerate_states  # noqa: E402

KILLED = ("killed-first-7", "killed-rebuild-7", "killed-quit-3")  # the others only with --full

shared = None


def name_sites(events):
    """Which of the programs' syncs each is."""
    renamed = set()
    for e in events:
        if e.kind == "rename" and e.to.endswith("/owlpost-uids"):
            renamed.add(e.pid)
        if e.kind != "sync":
            continue
        what = e.path.partition("/")[2].partition(".")[0] or "Maildir"
        if what == "Maildir":
            what = "Maildir, for a new log" if e.pid in renamed else "Maildir, otherwise"
            renamed.discard(e.pid)
        e.site = None if e.program == "others" else what


class Story:
    """trees: {digest: tree}; last: {mutant or None: {digest: the last moment at
    which a crash can leave it}}; outcomes: {digest: Outcome}."""

    def __init__(self, name, scene):
        self.name, self.events, self.facts = name, scene.events, scene.facts
        self.trees, self.last, self.outcomes = {}, {}, {}
        name_sites(self.events)

    def enumerate(self, mutant, limits, file_system):
        last = self.last[mutant] = {}

        def found(moment, tree):
            d = digest(tree)
            last[d] = moment
            self.trees.setdefault(d, tree)
        enumerate_states(mutants.apply(self.events, mutant), file_system(), limits, found)

    def faults(self, mutant):
        for d, moment in self.last[mutant].items():
            for fault in judge(Known(self.facts, moment), self.trees[d], self.outcomes[d]):
                yield fault, moment, d


def make(name):
    recorder, limits, file_system, with_mutants = shared
    folder = f"{recorder.work}/{name}"
    scene = Scene(folder, recorder.staged)
    STORIES[name](scene)
    story = Story(name, scene)
    for mutant in [None, *(mutants.of(story.events) if with_mutants else [])]:
        story.enumerate(mutant, limits, file_system)
    for d, tree in story.trees.items():
        story.outcomes[d] = recover(f"{recorder.staged}/bin/owl-mailbox", tree, folder)
    return story


def show_example(story, fault, moment, d):
    print(f"\nFAULT in {story.name}: {fault}, for example after {moment} events, of which the last:")
    for e in story.events[max(0, moment - 5):moment]:
        print(f"    {e.program} {e.kind} {e.path or ''} {e.to or ''}")
    print("the crash leaves:")
    for path, content in sorted(story.trees[d].items()):
        print(f"    {path} {len(content.octets) if content else ''}")
        if content and path.endswith("owlpost-uids"):
            print(f"        {content.octets[:400]!r}")
    print(f"then: {story.outcomes[d].listings} {story.outcomes[d].validity}")


def tell_stories(stories):
    print(f"{'story':20} {'events':>7} {'states':>7} {'faults':>7}")
    faulty = 0
    for s in stories:
        faults = list(s.faults(None))
        print(f"{s.name:20} {len(s.events):7} {len(s.last[None]):7} {len(faults):7}")
        for fault, moment, d in {f[0]: f for f in faults}.values():
            show_example(s, fault, moment, d)
        faulty += bool(faults)
    print(f"{'all':20} {sum(len(s.events) for s in stories):7} {sum(len(s.last[None]) for s in stories):7}\n")
    return faulty


def tell_mutants(stories, journal):
    tried, found, where = Counter(), Counter(), {}
    for s in stories:
        for mutant in filter(None, s.last):
            faults = list(s.faults(mutant))
            tried[mutant] += len(s.last[mutant])
            found[mutant] += len(faults)
            if faults:
                where.setdefault(mutant, f"{s.name}: {faults[0][0]}")
    missed = 0
    for mutant in sorted(tried, key=lambda m: (m[1], m[0])):
        missed += mutant not in where and not journal
        otherwise = "needless with a journal" if journal else "NOT CAUGHT"
        print(f"{mutant[1]:30} {mutant[0]:5} {tried[mutant]:7} {found[mutant]:7}  {where.get(mutant, otherwise)}")
    return missed


class Recorder:
    def __init__(self, staged, work):
        self.staged, self.work = staged, work


def play(options, recorder):
    """The exit code."""
    global shared
    shared = (recorder, Limits(options.full), JournalFileSystem if options.journal else FileSystem, not options.no_mutants)
    chosen = [n for n in STORIES if options.full or "killed" not in n or n in KILLED]
    with multiprocessing.Pool(os.cpu_count()) as pool:
        stories = pool.map(make, options.stories or chosen, 1)
    faulty, missed = tell_stories(stories), tell_mutants(stories, options.journal)
    states = sum(len(s.outcomes) for s in stories)
    print(f"\n{states} states, {faulty} stories with faults, {missed} mutants not caught")
    return 1 if faulty or missed else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", default=bool(os.environ.get("OWLPOST_CHECK_FULL")))
    parser.add_argument("--journal", action="store_true", help="as on ext4 and XFS (journal.py)")
    parser.add_argument("--no-mutants", action="store_true")
    parser.add_argument("stories", nargs="*")
    return crash.with_staged(lambda staged, work: play(parser.parse_args(), Recorder(staged, work)))


if __name__ == "__main__":
    sys.exit(main())
