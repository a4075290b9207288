"""What RCPT says of an address is what delivery does with it, and what is explained: on set-ups that are made up.

OWLPOST_SETUP=N tries set-up N alone and shows what each side said.
"""
import collections
import os
import re

import pytest

from agent import DEFERRAL, FAILURE, SUCCESS
from agreement_setup import PROGRAM_SAYS, Setup
from agreement_world import World
from instance import ROOT
from waiting import wait_until

pytestmark = pytest.mark.skipif(not ROOT, reason="needs accounts of their own for the users")

ADDRESSES = 12
EXPLAINED = 3  # of each set-up, besides those where RCPT cannot say all
BATCHES, SETUPS, SETUPS_FULL = 4, 75, 800
# what RCPT says in each batch, or the generator has become poor
SAID = {(250, "2.1.5"), (550, "5.1.1"), (552, "5.2.2"), (452, "4.2.2"), (451, "4.2.1"), (451, "4.3.0"), (451, "4.3.5"),
        (451, "4.7.0")}
OUTCOMES = {SUCCESS: "success", DEFERRAL: "deferral", FAILURE: "failure"}


def a_program_has_ended_it(done, instructions):
    """By its exit code, 99 among them; whatever stands behind it has not been tried."""
    kind, _, text = done
    runs = any(i["action"] == "program" for i in instructions)
    return runs and (kind == SUCCESS or PROGRAM_SAYS in text or "exit code 111" in text)


def it_does_not_fit(done, instructions):
    """Into a Maildir that has room for one octet, and not for this message."""
    return done[1] in ("4.2.2", "5.2.2") and any("/nearly/" in i["value"] for i in instructions)


def full_behind_a_program(done, instructions):
    """Which the program could have left out."""
    actions = ["full" if "/full/" in i["value"] else i["action"] for i in instructions]
    return done[1] in ("4.2.2", "5.2.2") and "program" in actions and "full" in actions[actions.index("program"):]


def agrees(said, done, explain):
    """What RCPT has said, code and status, with the delivery."""
    code, status = said
    kind = done[0]
    if code in (550, 552):
        return (kind, done[1]) == (FAILURE, status)
    if code in (451, 452):
        return (kind, done[1]) == (DEFERRAL, status)
    if code != 250:
        return False
    if kind == SUCCESS:
        return True
    outcome, foreseen, instructions = explain()
    # with a broken file, Maildir or mbox mail is taken, and waits
    waits = kind == DEFERRAL and (outcome, foreseen) == ("deferral", done[1])
    return (waits or a_program_has_ended_it(done, instructions) or it_does_not_fit(done, instructions)
            or full_behind_a_program(done, instructions))


def foretold(done, explained):
    outcome, status, instructions = explained
    if OUTCOMES[done[0]] == outcome and (outcome == "success" or status == done[1]):
        return True
    return a_program_has_ended_it(done, instructions) or it_does_not_fit(done, instructions)


class Comparison:
    def __init__(self, world, seen):
        self.world, self.seen, self.wrong = world, seen, []
        self.verbose = "OWLPOST_SETUP" in os.environ

    def complain(self, setup, *what):
        self.wrong.append((f"OWLPOST_SETUP={setup.number}", *what, self.world.said()))

    def deliver(self, routes):
        """Once more where it lacked a Maildir that another of these deliveries has made since."""
        return [self.world.deliver([route])[0]
                if "no such Maildir" in done[2] and self.world.explain(route)[0] == "success" else done
                for route, done in zip(routes, self.world.deliver(routes))]

    def compare(self, setup):
        asked = setup.addresses(ADDRESSES)
        said = self.world.rcpt(asked)
        again = self.world.rcpt(asked[:3])  # what was yes comes from the answers that are kept
        routes = {a: setup.route(a) for a in asked}
        local = [a for a in asked if routes[a]]
        done = dict(zip(local, self.deliver([routes[a] for a in local])))
        for address in asked:
            self.compare_one(setup, address, routes[address], said[address], done.get(address))
        for address in again:
            if again[address] != said[address]:
                self.complain(setup, address, said[address], "and then", again[address])
        for address in asked[:1]:
            if self.world.owlq(address) != (said[address], routes[address]):
                self.complain(setup, address, said[address], routes[address], "owlq explain", self.world.owlq(address))
        for address in local[:EXPLAINED]:
            explained = self.world.explain(routes[address])
            if not foretold(done[address], explained):
                self.complain(setup, address, routes[address], done[address], "foretold", explained)

    def compare_one(self, setup, address, route, said, done):
        self.seen[said] += 1
        if self.verbose:
            print(address, route, said, done, route and self.world.explain(route))
        if not route:
            if said[0] != 250:
                self.complain(setup, address, said, "and mail for it goes elsewhere")
        elif not agrees(said, done, lambda: self.world.explain(route)):
            self.complain(setup, address, route, said, done, self.world.explain(route))


def compare(owlpost, numbers):
    """{(code, status): how often RCPT said that}"""
    seen = collections.Counter()
    with World(owlpost) as world:
        comparison = Comparison(world, seen)
        for number in numbers:
            world.enter(setup := Setup(number, world.folder))
            comparison.compare(setup)
            world.leave()
    shown = "\n".join(map(str, comparison.wrong[:20]))
    assert not comparison.wrong, f"{len(comparison.wrong)} differ:\n{shown}"
    return seen


@pytest.mark.parametrize("batch", range(BATCHES))
def test_rcpt_and_delivery_agree(owlpost, full, batch):
    one, count = os.environ.get("OWLPOST_SETUP"), SETUPS_FULL if full else SETUPS
    said = compare(owlpost, [int(one)] if one else range(batch * count, (batch + 1) * count))
    print(said)
    assert one or SAID <= said.keys()


def deliveries(owlpost, recipients):
    """{routed address: (class, status, text)} of one message to all of them, past the receiver."""
    done = owlpost.inject("Subject: x\n\nbody\n", *recipients.values(), sender="sender@sender.test", user="mallory")
    assert done.returncode == 0, done.stderr

    def ends():
        log = owlpost.log()
        begun = dict(re.findall(r"starting delivery (\d+): msg \d+ to local (\S+)\n", log))
        ended = {n: (kind, text) for n, kind, text in re.findall(r"\ndelivery (\d+): (\w+): (.*)/", log)}
        found = {begun[n]: outcome for n, outcome in ended.items() if n in begun}
        return found if recipients.keys() <= found.keys() else None
    kinds = {outcome: kind for kind, outcome in OUTCOMES.items()}
    return {address: (kinds[kind], (re.findall(r"_\(#([\d.]+)\)$", text) or [""])[0], text.replace("_", " "))
            for address, (kind, text) in wait_until(ends, 60, owlpost.log).items()}


@pytest.mark.parametrize("number", range(4))
def test_real_mail(owlpost, number):
    """The same with an instance's own queue and routes, and more addresses of one set-up."""
    setup = Setup(number, f"{owlpost.folder}/world")
    with World(owlpost) as world:
        world.furnish(setup)
        owlpost.up()
        asked = [a for a in setup.addresses(200) if re.fullmatch(r"[\w.+-]+@[\w.]+", a, re.ASCII) and setup.route(a)]
        recipients = {setup.route(a): a for a in asked}
        said = world.rcpt(recipients.values())
        done = deliveries(owlpost, recipients)
        wrong = [(a, said[a], done[routed]) for routed, a in recipients.items()
                 if not agrees(said[a], done[routed], lambda: world.explain(routed))]
        owlpost.stop()
    assert not wrong
    assert len(asked) > 30 and len(set(said.values())) > 1
