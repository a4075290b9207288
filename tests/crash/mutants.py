"""The test of the test: programs that sync too little, or too late.

A mutant is a change to a trace: all syncs of one site (sites.py) are left out,
or come only after the next step of that process that shows something or tells
somebody, and as late as can be: just before it does the next thing.  Or an
answer comes early: owl-smtpd's 250 when the message has its name, the runner's
to an order when it has been read.  The promises else stay what they were, so states must be found that break one.
"""

import copy

import ledger

STEPS = {"mkdir", "link", "unlink", "rename", "send", "exit", "idle"}

TAKEN, ORDERED = "owl-smtpd: 250", "owl-send: answer to an order"
EARLY = {TAKEN: lambda e: e.kind == "send" and e.program == "owl-smtpd" and ledger.TAKEN.search(e.octets),
         ORDERED: lambda e: e.kind == "receive" and e.octets[4:5] == b"C" and ledger.HOLD <= e.octets[7] <= ledger.DELETE}


def of(events):
    """The mutants that a trace has: (how, site)."""
    early = [("early", what) for what, is_one in EARLY.items() if any(map(is_one, events))]
    sites = dict.fromkeys(e.site for e in events if e.site)
    return [(how, site) for site in sites for how in ("no", "late")] + early


def apply(events, mutant):
    """The trace's steps (states.py), as this mutant takes them."""
    if mutant is None or mutant[0] == "early":
        return [[e] for e in events]
    how, site = mutant
    return [[e] if e.site != site else [] for e in events] if how == "no" else _late(events, site)


def promises(book, mutant):
    """The ledger, as it would be."""
    if mutant is None or mutant[0] != "early":
        return book
    book = copy.copy(book)
    if mutant[1] == TAKEN:
        book.accepted = {**book.accepted, **{id: book.begun[id] for id in book.taken}}
    else:
        book.orders = [copy.copy(order) for order in book.orders]
        for order in book.orders:
            if order.confirmed < ledger.NEVER:
                order.confirmed = order.begun
    return book


def _is_quiet(e):
    """Nobody could tell whether a slow process has come that far: frames after
    the first, and that an agent waits again."""
    return e.kind == "send" or (e.kind == "idle" and e.program != "owl-send")


def _late(events, site):
    """waiting: pid -> its syncs that are due; stepped: who has taken his step."""
    steps, waiting, stepped = [], {}, set()
    for e in events:
        if e.pid in stepped and not _is_quiet(e):
            stepped.discard(e.pid)
            steps[-1] += waiting.pop(e.pid)
        if e.site == site:
            waiting.setdefault(e.pid, []).append(e)
            steps.append([])
            continue
        steps.append([e])
        if e.kind in STEPS and e.pid in waiting:
            stepped.add(e.pid)
    return steps
