"""Delivery, owl-local -n, owlq explain and the answer to RCPT do what the rules say.

The rules are written down in dispositions/, by hand from what is documented;
disposition_table.py says how to read the tables.
"""
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from disposition_table import read_table, tables
from disposition_world import World

pytestmark = pytest.mark.needs_root("users with homes of their own")
ROWS_LEAST = 500  # of all tables: none is lost unseen
ALL = [read_table(name) for name in tables()]


@pytest.fixture(params=ALL, ids=lambda table: table.name)
def world(request, instances):
    w = World(instances(), request.param)
    try:
        w.furnish()
        w.owlpost.up()
        yield w
    finally:
        w.end()


class Differences(list):
    def compare(self, mail, what, found, expected):
        if found != expected:
            self.append(f"{mail.where}\n    {what}: {found!r}, not {expected!r}")


def check_explanation(world, mail, differ):
    facts = world.explanation(mail)
    account = next((a for a in facts.get("account", []) if a.get("found") == "yes"), {})
    if mail.user == "nobody":
        return differ.compare(mail, "explained account", account, {})
    found = tuple(account.get(name) for name in ("user", "home", "dash", "extension"))
    differ.compare(mail, "explained account", found, (mail.user, world.home_of(mail), mail.dash, mail.ext))
    planned = [f'{i["action"]} {i["value"]}' for i in facts.get("instruction", [])]
    if mail.result == "success" or (planned and mail.planned):
        differ.compare(mail, "explained instructions", planned, [world.expand(p) for p in mail.planned])
    outcome = facts["result"][-1]
    # behind a program anything may come
    if outcome["outcome"] != "success" and not any(one.startswith("program ") for one in mail.planned):
        differ.compare(mail, "explained outcome", outcome["outcome"], mail.result)


def check_print(world, mail, differ):
    code, lines = world.printed(mail)
    if mail.result == "success" or mail.planned or mail.plans_nothing:
        differ.compare(mail, "owl-local -n", (code, lines), (0, [world.expand(p) for p in mail.planned]))
    else:
        differ.compare(mail, "owl-local -n", (code, lines), (111 if mail.result == "deferral" else 100, []))


def ask(world, mail):
    """The differences of what would be done."""
    differ = Differences()
    if mail.routed or mail.user == "remote":
        channel = "remote" if mail.user == "remote" else "local"
        differ.compare(mail, "explained route", world.routes(mail), (channel, mail.routed or mail.address))
    if mail.user not in ("remote", "?"):
        check_explanation(world, mail, differ)
    if mail.user not in ("remote", "?", "nobody"):
        check_print(world, mail, differ)
    return differ


def check_result(mail, done, differ):
    channel, address, result, text = done
    differ.compare(mail, "channel", channel, "remote" if mail.user == "remote" else "local")
    differ.compare(mail, "delivered address", address, mail.routed or mail.address)
    differ.compare(mail, f"result ({text})", result, mail.result)
    if result == mail.result == "success":
        if channel == "remote":
            return
        kinds = Counter(one.split()[0] for one in mail.does)
        counts = f'did_{kinds["maildir"] + kinds["mbox"]}+{kinds["forward"]}+{kinds["program"]}/'
        if not text.endswith(counts):  # what programs say stands before
            differ.compare(mail, "counts", text, counts)
    elif result == mail.result:
        digit = {"deferral": "4", "failure": "5"}[result]
        if f"_(#{mail.status or digit}" not in text:
            differ.append(f"{mail.where}\n    status {mail.status or digit} is not in {text}")


def check_copy(mail, copy, differ):
    """Each copy says how it came here (a program is told so)."""
    local, _, host = mail.local
    lines = copy["text"].split("\n")
    if copy["kind"] in ("maildir", "mbox") and f"Return-Path: <{mail.sender}>" not in lines:
        differ.append(f"{mail.where}\n    no Return-Path in {copy['place']}")
    if (copy["kind"] != "program") != (f"Delivered-To: {local}@{host}" in lines):
        differ.append(f"{mail.where}\n    Delivered-To is not as it should be in {copy['place']}")
    if copy["kind"] == "program":
        environment = dict(line.partition("=")[::2] for line in lines[:lines.index("")] if "=" in line)
        for name, value in mail.environment.items():
            found = environment.get(name)
            if found is None or value is None or not value.endswith("*") or not found.startswith(value[:-1]):
                differ.compare(mail, f"environment: {name}", found, value)


def check_effects(world, mail, copies, differ):
    def key(effect):
        return effect["kind"], effect["place"], effect.get("sender", "")
    differ.compare(mail, "what was done", sorted(map(key, copies)), sorted(map(key, world.expected_effects(mail))))
    for copy in copies:
        check_copy(mail, copy, differ)


def test_what_the_rules_say(world):
    mails, differ = world.table.mails, Differences()
    for i, reply in world.rcpt_replies().items():
        differ.compare(mails[i], f"RCPT ({reply})", reply[:3], mails[i].rcpt)
    with ThreadPoolExecutor(3) as pool:
        for found in pool.map(lambda mail: ask(world, mail), mails):
            differ.extend(found)
    results = world.deliver()
    for mail, done, copies in zip(mails, results, world.effects()):
        check_result(mail, done, differ)
        check_effects(world, mail, copies, differ)
    assert not differ, f"{len(differ)} differences of {len(mails)} rows:\n" + "\n".join(differ)


def test_no_row_is_lost():
    assert sum(len(table.mails) for table in ALL) >= ROWS_LEAST
