"""Which promises an outcome breaks, given what had been acknowledged."""
from collections import Counter

import scenario
from ledger import DELETE, EXPIRE, HOLD, RELEASE, RETURN
from place import agent


class Case:
    """One outcome, held against the ledger at one moment."""

    def __init__(self, ledger, moment, outcome):
        self.ledger, self.moment, self.outcome = ledger, moment, outcome
        self.faults = []
        self.results = [r for r in ledger.results if r.moment <= moment]
        self.orders = {}
        for order in ledger.orders:
            if order.begun <= moment:
                self.orders.setdefault(order.id, []).append(order)
        self.begun = [id for id, at in ledger.begun.items() if at <= moment]
        self.before, self.after, self.told = Counter(), Counter(), {}
        self._count()

    def fault(self, text):
        self.faults.append(text)

    # ---- who got what

    def _count(self):
        for letter, old in self.outcome.letters:
            self._add(letter, letter.address, self.before if old else self.after)
        for address, letter in self.outcome.remote:
            self._add(letter, address, self.after)
        for r in self.results:
            if r.remote and r.kind == agent.SUCCESS:
                self._add(self.ledger.letters[r.id], r.address, self.before)

    def _add(self, letter, address, counter):
        if letter.fault:
            self.fault(f"delivered: {letter.fault}")
            return
        counter[letter.marker, letter.dsn, address] += 1
        for told in letter.told:
            self.told.setdefault((letter.marker, told), set()).add(letter.dsn)

    def _total(self, key):
        return self.before[key] + self.after[key]

    # ---- the promises

    def judge(self):
        self._nothing_needs_a_hand()
        for id in self.begun:
            message = self.ledger.messages[id]
            if not message.parent:
                self._nothing_is_lost(id, message)
        for id in self.begun:
            self._orders_stand(id, self.orders.get(id, []))
        self._nothing_comes_twice()
        self._mbox_is_whole()
        self._nothing_is_invented()
        self._told_once()
        return self.faults

    def _nothing_needs_a_hand(self):
        o = self.outcome
        if o.stuck:
            self.fault("the runner does not come to an end")
        if o.code:
            self.fault(f"the runner ended with {o.code}")
        for path in o.left:
            self.fault(f"left in the queue: {path.split('/')[0]}/{'*.log' if path.endswith('.log') else '*'}")
        for line in o.problems:
            self.fault(f"said: {line}")

    def _nothing_is_lost(self, id, message):
        marker = self.ledger.letters[id].marker
        settled = []
        for address in message.recipients:
            got, told = self._total((marker, None, address)), self.told.get((marker, address), ())
            settled.append(bool(got) or bool(told))
            if got and told:
                self.fault(f"{marker}: {address} has it, and it was told that it has not")
            if len(told) > 1:
                self.fault(f"{marker}: told {len(told)} times about {address}")
        if not all(settled) and not self._ordered(id, DELETE) and (any(settled) or self.ledger.accepted.get(id, scenario.NEVER) <= self.moment):
            self.fault(f"lost: {marker}")
        for address in message.recipients:
            onward = scenario.FORWARDS.get(address)
            if onward and self._total((marker, None, address)) and not self._total((marker, None, onward)):
                self.fault(f"lost: {marker} on its way from {address}")

    # ---- orders

    def _ordered(self, id, *what):
        return any(o.what in what for o in self.orders.get(id, ()))

    def _orders_stand(self, id, orders):
        """What was confirmed; what was not may have been carried out or not."""
        held = id in self.outcome.held
        confirmed = {o.what for o in orders if o.confirmed <= self.moment}
        marker = self.ledger.letters[id].marker
        for address in self.ledger.messages[id].recipients:
            came = self.after[marker, None, address]
            if DELETE in confirmed and (came or self.told.get((marker, address))):
                self.fault(f"delivered or told of: {marker}, which was deleted")
            if came and (RETURN in confirmed or (EXPIRE in confirmed and address.startswith("once"))):
                self.fault(f"delivered: {marker}, which was given up")
        if DELETE in confirmed and held:
            self.fault(f"still there: {marker}, which was deleted")
        self._hold_stands(id, [o for o in orders if o.what in (HOLD, RELEASE)], held)

    def _hold_stands(self, id, orders, held):
        marker = self.ledger.letters[id].marker
        if held and not orders:
            self.fault(f"held by nobody: {marker}")
        if not orders or orders[-1].confirmed > self.moment or self._ordered(id, DELETE):
            return
        if held != (orders[-1].what == HOLD):
            self.fault(f"{'held' if held else 'not held'}, against the last order: {marker}")

    def _may_come(self, marker, dsn, address):
        """How many copies a recovery may make: one for each message that has it
        to do, none when its result was durable."""
        may = 0
        for id in self.begun:
            letter = self.ledger.letters[id]
            if (letter.marker, letter.dsn) == (marker, dsn) and address in self.ledger.messages[id].recipients:
                may += not self._is_durable(id, address)
                continue
            for source, onward in scenario.FORWARDS.items():
                if onward == address and source in self.ledger.messages[id].recipients and letter.marker == marker:
                    may += not self._is_durable(id, source)
        if dsn and not any(self.ledger.letters[id].dsn == dsn for id in self.begun):
            may = 1  # made by the recovery
        return may

    def _is_durable(self, id, address):
        return any(r.id == id and r.address == address and r.durable <= self.moment and r.kind != agent.DEFERRAL
                   for r in self.results)

    def _nothing_comes_twice(self):
        for (marker, dsn, address), count in self.after.items():
            what = f"a DSN about {marker}" if dsn else marker
            if count > self._may_come(marker, dsn, address):
                self.fault(f"again: {what} to {address}, without cause")

    def _nothing_is_invented(self):
        """A letter that is whole is somebody's; whether its address is his, too."""
        wanted = {(self.ledger.letters[id].marker, address)
                  for id in self.begun for address in self.ledger.messages[id].recipients}
        for marker, dsn, address in {*self.before, *self.after}:
            if not dsn and (marker, address) not in wanted and address not in scenario.FORWARDS.values():
                self.fault(f"invented: {marker} to {address}")
        for marker, address in self.told:
            given_up = any(self._ordered(id, EXPIRE, RETURN) for id in self.begun
                           if self.ledger.letters[id].marker == marker)
            if not scenario.fails(address) and not scenario.may_expire(address) and not given_up:
                self.fault(f"invented: told about {address} of {marker}")

    def _mbox_is_whole(self):
        """Each delivery that was cut off may leave a piece, and no other."""
        tries = [(id, address) for moment, id, address in self.ledger.handed
                 if moment <= self.moment and address in scenario.MBOXES]
        # an agent may have written before the record of the call that handed it the job
        may_be_tried = {(id, address) for id in self.begun for address in self.ledger.messages[id].recipients
                        if address in scenario.MBOXES} - set(tries)
        done = sum(r.address in scenario.MBOXES for r in self.results)
        if self.outcome.pieces > len(tries) + len(may_be_tried) - done:
            self.fault(f"{self.outcome.pieces} pieces of messages in the mbox")

    def _told_once(self):
        """A DSN that was handed to an agent is made by nobody again."""
        for moment, id, _ in self.ledger.handed:
            parent = self.ledger.messages[id].parent
            if parent and moment <= self.moment and parent.partition(".")[0] in self.outcome.bounced:
                if not self._more_to_tell(id):
                    self.fault(f"made again: a DSN about {self.ledger.letters[id].marker}")

    def _more_to_tell(self, id):
        """The message may have failed for others since."""
        letter = self.ledger.letters[id]
        return len({dsn for (m, _), dsns in self.told.items() if m == letter.marker for dsn in dsns}) > 1
