"""All stories, their states, their mutants, on all processors."""
import multiprocessing
import os
import random
import time
from collections import Counter

import mutants
import scenario
from judge import Case
from model import FileSystem
from recover import recover

RECOVERIES = {False: 2, True: 6}  # of each story that are cut off in their turn
MUTANT_STATES = {False: (30, 300, 3000), True: (300, 5000)}  # tried of each mutant, until it is caught

# What the workers of a pool work on: set before they fork.
shared = None
places = {}


def _states(job):
    number, mutant = job
    return job, shared.stories[number].states(shared.limits, mutant, shared.file_system)


def _story(name):
    return shared.recorder.story(name)


def _recovery(job):
    number, d, count = job
    return shared.recorder.recovery(shared.stories[number], d, count)


def _outcome(job):
    number, d = job
    story = shared.stories[number]
    if story.name not in places:
        r = shared.recorder
        places[story.name] = scenario.make_place(story.name, f"{r.work}/{story.name}.{os.getpid()}", r.programs, True)
    what = (places[story.name], story.trees[d], story.ledger.originals)
    outcome = recover(*what)
    if outcome.stuck and d in story.last[None]:  # or the machine is slow
        outcome = recover(*what, patience_s=20)
    return job, outcome


class Campaign:
    """faults: {(title, mutant): Counter of what was broken}; examples: {(title,
    mutant, fault): (story, moment, digest)}; tried: {mutant: states}."""

    def __init__(self, recorder, limits, full, file_system):
        self.recorder, self.limits, self.full, self.file_system = recorder, limits, full, file_system
        self.journal = file_system is not FileSystem
        self.stories, self.faults, self.examples, self.tried = [], {}, {}, Counter()
        self.start, self.dice = time.monotonic(), random.Random(1)

    def _map(self, function, jobs, chunk=1):
        global shared
        shared = self
        with multiprocessing.Pool(2 * os.cpu_count()) as pool:
            yield from pool.imap_unordered(function, jobs, chunk)

    def _say(self, text):
        print(f"{time.monotonic() - self.start:6.1f} s  {text}", flush=True)

    def record(self, names):
        self.stories = sorted(self._map(_story, names), key=lambda s: names.index(s.name))
        self._say(f"{len(self.stories)} stories recorded, {sum(len(s.events) for s in self.stories)} events")

    # ---- states

    def _enumerate(self, jobs):
        for (number, mutant), (last, trees) in self._map(_states, jobs):
            story = self.stories[number]
            story.last[mutant] = last
            for d, tree in trees.items():
                story.trees.setdefault(d, tree)

    def _recover(self, jobs):
        jobs = [(n, d) for n, d in dict.fromkeys(jobs) if d not in self.stories[n].outcomes]
        self.dice.shuffle(jobs)
        for (number, d), outcome in self._map(_outcome, jobs, 4):
            self.stories[number].outcomes[d] = outcome
        return len(jobs)

    def _judge(self, number, mutant):
        story = self.stories[number]
        counter = self.faults[story.title, mutant] = Counter()
        ledger = mutants.promises(story.ledger, mutant)
        for d, moment in story.last[mutant].items():
            if d not in story.outcomes:
                continue
            for fault in dict.fromkeys(Case(ledger, moment, story.outcomes[d]).judge()):
                counter[fault] += 1
                self.examples.setdefault((story.title, mutant, fault), (story, moment, d))
        return counter

    def run_states(self, first=0):
        numbers = range(first, len(self.stories))
        self._enumerate([(n, None) for n in numbers])
        count = self._recover([(n, d) for n in numbers for d in self.stories[n].last[None]])
        for n in numbers:
            self._judge(n, None)
        self._say(f"{count} states recovered from")

    def run_recoveries(self):
        """Only of states that leave something to do."""
        jobs, first = [], len(self.stories)
        for n, story in enumerate(self.stories):
            busy = [d for d, o in story.outcomes.items() if any("end msg" in line for line in o.log)]
            self.dice.shuffle(busy)
            count = RECOVERIES[self.full] if "killed" not in story.name else 1
            jobs += [(n, d, i) for i, d in enumerate(busy[:count])]
        self.stories += sorted(self._map(_recovery, jobs), key=lambda s: s.title)
        self._say(f"{len(jobs)} recoveries recorded")
        self.run_states(first)

    # ---- mutants

    def run_mutants(self):
        for limit in MUTANT_STATES[self.full]:
            missed = self._mutants_left()
            self._enumerate([j for js in missed.values() for j in js if j[1] not in self.stories[j[0]].last])
            count = self._recover([job for js in missed.values() for job in self._choose(js, limit)])
            for number, mutant in (j for js in missed.values() for j in js):
                self._judge(number, mutant)
                self.tried[mutant] += sum(d in self.stories[number].outcomes for d in self.stories[number].last[mutant])
            self._say(f"{len(missed)} mutants, {count} more states recovered from")

    def _mutants_left(self):
        """{mutant: [(story, mutant)]} of those that were not caught yet."""
        caught = {m for (_, m), faults in self.faults.items() if m and faults}
        left = {}
        for n, story in enumerate(self.stories):
            for m in mutants.of(story.events) if story.title == story.name else ():
                if m not in caught:
                    left.setdefault(m, []).append((n, m))
        return left

    def _choose(self, jobs, limit):
        """States that only this mutant has, of all its stories alike."""
        for number, mutant in jobs:
            story = self.stories[number]
            new = [d for d in story.last[mutant] if d not in story.outcomes]
            self.dice.shuffle(new)
            yield from ((number, d) for d in new[:max(1, limit // len(jobs))])
