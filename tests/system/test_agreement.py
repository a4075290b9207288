"""What RCPT says of an address is what delivery does with it: on set-ups that are made up."""
import pwd
import random
import re

import pytest

from instance import ROOT
from test_users import assign
from waiting import wait_until

pytestmark = pytest.mark.skipif(not ROOT, reason="needs accounts of their own for the users")

WORDS = ("a", "b", "list", "default", "x.y", "V", "-", "")
USERS = ("joe", "ann", "alias")
DOMAINS = {"local.test": None, "v1.test": "joe-v", "sub.wild.test": "ann-w", "v2.test": "alias", "v3.test": "nosuch",
           "v4.test": "list-a", "v5.test": "ann"}
SINGLE = {"b@v1.test": "ann-b"}  # locals go before virtualdomains
VIRTUAL = "\n".join([f"{d.replace('sub.', '.')}:{p}" for d, p in DOMAINS.items() if p]
                    + [f"{a}:{p}" for a, p in SINGLE.items()])


def word(dice):
    return "-".join(dice.choice(WORDS) for _ in range(dice.choice((1, 1, 2, 3))))


def entry(owlpost, dice):
    """A line of users/assign: an address or a wildcard, for any user and extension."""

    user = dice.choice(USERS)
    account = pwd.getpwnam(user)
    kind, name = dice.choice("=+"), word(dice)
    dash = dice.choice(("-", "-", ""))
    extension = dice.choice(("", "v-", "list-")) if dash else ""
    return f"{kind}{name}:{user}:{account.pw_uid}:{account.pw_gid}:{owlpost.home(user)}:{dash}:{extension}:"


def furnish(owlpost, dice):
    owlpost.control("virtualdomains", VIRTUAL)
    owlpost.control("rcpthosts", "\n".join(DOMAINS))
    owlpost.control("concurrencylocal", "20")
    owlpost.control("rcptcache", "0")
    lines = {line.split(":")[0].lower(): line for line in (entry(owlpost, dice) for _ in range(12)) if not line.startswith("+:")}
    assign(owlpost, *lines.values())
    for user in USERS:
        names = {word(dice).lower().replace(".", ":") for _ in range(12)}
        names |= {f"{prefix}-{n}" for n in list(names) for prefix in ("v", "w", "list") if dice.random() < 0.3}
        for name in names - {""}:
            mode = 0o666 if dice.random() < 0.15 else 0o600
            owlpost.dot_qmail(user, f"-{name}", dice.choice(("./Maildir/\n", "#\n", "")), mode=mode)


def addresses(dice, count):
    """{as delivery logs it: as RCPT names it}, none twice."""
    found = {}
    while len(found) < count:
        domain = dice.choice(list(DOMAINS))
        local = dice.choice((word(dice), f"{dice.choice(USERS)}-{word(dice)}", dice.choice(USERS)))
        if not re.fullmatch(r"[A-Za-z-]+(\.[A-Za-z-]+)*", local):
            continue
        address = f"{local}@{domain}"
        prefix = SINGLE.get(address.lower(), DOMAINS[domain])
        found[f"{prefix}-{address}" if prefix else address] = address
    return found


def replies(owlpost, recipients):
    classes = {250: "success", 451: "deferral", 550: "failure"}
    with owlpost.client() as session:
        session.ehlo()
        session.mail("")
        return {routed: classes[session.rcpt(address)[0]] for routed, address in recipients.items()}


def deliveries(owlpost, recipients):
    """What became of one message to all of them, past the receiver."""
    done = owlpost.inject("Subject: x\n\nbody\n", *recipients.values(), sender="")
    assert done.returncode == 0, done.stderr

    def ends():
        log = owlpost.log()
        begun = dict(re.findall(r"starting delivery (\d+): msg \d+ to local (\S+)\n", log))
        ended = dict(re.findall(r"\ndelivery (\d+): (success|failure|deferral): ", log))
        found = {begun[n]: outcome for n, outcome in ended.items() if n in begun}
        return found if recipients.keys() <= found.keys() else None
    return wait_until(ends, 60, owlpost.log)


@pytest.mark.parametrize("seed", range(4))
def test_what_rcpt_says_is_what_delivery_does(owlpost, seed):
    dice = random.Random(seed)
    furnish(owlpost, dice)
    owlpost.up()
    recipients = addresses(dice, 300)
    said = replies(owlpost, recipients)
    done = deliveries(owlpost, recipients)
    differ = {a: (said[a], done[a]) for a in recipients if said[a] != done[a]}
    assert not differ
    assert "success" in said.values()
