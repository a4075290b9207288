"""The test of the test: programs that sync too little, or too late.

A mutant is a change to a trace: all syncs of one site (sites.py) are left out,
or come only after the next step of that process that shows something or tells
somebody, and as late as can be: just before it does the next thing.  The
promises stay what they were, so states must be found that break one.
"""

STEPS = {"mkdir", "link", "unlink", "rename", "send", "exit", "idle"}


def of(events):
    """The mutants that a trace has: (how, site)."""
    sites = dict.fromkeys(e.site for e in events if e.site)
    return [(how, site) for site in sites for how in ("no", "late")]


def apply(events, mutant):
    """The trace's steps (states.py), as this mutant takes them."""
    if mutant is None:
        return [[e] for e in events]
    how, site = mutant
    return [[e] if e.site != site else [] for e in events] if how == "no" else _late(events, site)


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
