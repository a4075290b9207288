"""A recorded story, or recovery: its events, its states, what became of them."""
import os
import pickle
import shutil
import subprocess

import mutants
import scenario
from ledger import Ledger
from model import FileSystem
from states import digest, enumerate_states
from trace import read_trace


class Story:
    """trees: {digest: tree}; outcomes: {digest: Outcome}; last: {mutant or None:
    {digest: the last moment at which a crash can leave it}}."""

    def __init__(self, name, title, events, tree=None, past=None):
        self.name, self.title, self.events, self.tree = name, title, events, tree or {}
        self.ledger = past or Ledger(scenario.SYNC_S.get(name.partition("-")[0], 0))
        self.start = self.ledger.moment
        self.ledger.feed(events, self.tree)
        self.trees, self.outcomes, self.last = {}, {}, {}

    def states(self, limits, mutant, file_system=FileSystem):
        """{digest: moment} and {digest: tree}."""
        last, trees = {}, {}

        def found(moment, tree):
            d = digest(tree)
            last[d] = moment + self.start
            trees.setdefault(d, tree)
        enumerate_states(mutants.apply(self.events, mutant), file_system(self.tree), limits, found)
        return last, trees

    def ledger_at(self, moment):
        return Ledger(scenario.SYNC_S.get(self.name.partition("-")[0], 0)).feed(self.events[:moment])


class Recorder:
    """staged: where programs, recorder and tests are; work: a folder."""

    def __init__(self, staged, work):
        self.staged, self.programs, self.work = staged, f"{staged}/libexec/owlpost", work

    def _record(self, name, program, title, octets=b""):
        folder = f"{self.work}/{title}"
        os.makedirs(f"{folder}/root")
        story, _, how = name.partition("-")
        options = ["-n"] if how == "named" else ["-k", f"{scenario.KILLED[story]}:{how}"] if how else []
        done = subprocess.run(
            [f"{self.staged}/record", *options, f"{folder}/root", f"{folder}.trace", "/usr/bin/python3", "-B",
             f"{self.staged}/tests/crash/{program}",
             folder, self.programs, name], input=octets, capture_output=True, timeout=120)
        if done.returncode:
            raise RuntimeError(f"{title}: exit {done.returncode}: {done.stderr.decode()}")
        shutil.rmtree(folder)
        return read_trace(f"{folder}.trace")

    def story(self, name):
        return Story(name, name, self._record(name, "scenario.py", name))

    def recovery(self, story, d, number):
        """Of the state d of a story."""
        tree, moment = story.trees[d], story.last[None][d]
        title = f"{story.name}.recovery{number}"
        events = self._record(story.name, "recover.py", title, pickle.dumps(tree))
        return Story(story.name, title, events, tree, story.ledger_at(moment))
