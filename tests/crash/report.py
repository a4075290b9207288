"""What a campaign found, as tables."""
from collections import Counter

# Syncs that can be left out or come later, and why nothing is lost by it; more
# in doc/durability.md.
NEEDLESS = {
    ("no", "owl-local: new Maildir, at its end"): "needless: without tmp/ it is made again",
    ("late", "owl-local: new Maildir, at its end"): "needless: without tmp/ it is made again",
    ("late", "owl-local: folder of a new Maildir"): "the same: it still comes before tmp/",
}


def _example(campaign, title, mutant, fault):
    story, moment, d = campaign.examples[title, mutant, fault]
    yield f"after {moment} events, of which the last:"
    at = moment - story.start
    for e in story.events[max(0, at - 4):at]:
        yield f"    {e.program} {e.kind} {e.path or ''} {e.to or ''}"
    yield "the crash leaves:"
    for path, content in sorted(story.trees[d].items()):
        yield f"    {path} {len(content.octets) if content else ''}"
    yield "the runner says:"
    yield from (f"    {line}" for line in story.outcomes[d].log[-16:])


def _stories(campaign):
    """Recoveries under the name of their story."""
    print(f"\n{'story':16} {'events':>7} {'states':>7} {'recoveries cut':>15} {'states':>7} {'faults':>7}")
    rows, faulty = {}, 0
    for s in campaign.stories:
        row = rows.setdefault(s.name, Counter())
        kind = "" if s.title == s.name else "again"
        row["events"] += len(s.events) if not kind else 0
        row["cut"] += bool(kind)
        row[f"{kind}states"] += len(s.last[None])
        row["faults"] += sum(campaign.faults[s.title, None].values())
    if len([n for n in rows if "killed" in n]) > 5:  # they are alike
        alike = [rows.pop(n) for n in list(rows) if "killed" in n]
        rows[f"killed ({len(alike)})"] = sum(alike, Counter())
    total = sum(rows.values(), Counter())
    for name, r in [*rows.items(), ("all", total)]:
        print(f"{name:16} {r['events']:7} {r['states']:7} {r['cut']:15} {r['againstates']:7} {r['faults']:7}")
    for s in campaign.stories:
        for fault, count in campaign.faults[s.title, None].most_common(8):
            print(f"\nFAULT in {s.title}: {fault} ({count} states), for example")
            print("\n".join(f"    {line}" for line in _example(campaign, s.title, None, fault)))
        faulty += bool(campaign.faults[s.title, None])
    return faulty


def _mutants(campaign):
    found, where = {}, {}
    for (title, mutant), faults in campaign.faults.items():
        if mutant:
            found.setdefault(mutant, Counter()).update(faults)
            if faults:
                where.setdefault(mutant, (title, faults.most_common(1)[0][0]))
    missed = 0
    if found:
        print(f"\n{'sync':44} {'':5} {'states':>7} {'faulty':>7}  for example")
    for mutant in sorted(found, key=lambda m: (m[1], m[0] == "late")):
        how, site = mutant
        allowed = NEEDLESS.get(mutant, "needless with a journal" if campaign.journal else None)
        example = ": ".join(where[mutant]) if mutant in where else allowed or "NOT CAUGHT"
        missed += mutant not in where and not allowed
        print(f"{site:44} {how:5} {campaign.tried[mutant]:7} {sum(found[mutant].values()):7}  {example}")
    return missed


def report(campaign):
    """The exit code."""
    faulty, missed = _stories(campaign), _mutants(campaign)
    states = sum(len(s.outcomes) for s in campaign.stories)
    print(f"\n{states} states, {faulty} stories with faults, {missed} mutants not caught")
    return 1 if faulty or missed else 0
