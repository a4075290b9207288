"""Many messages into mailboxes, Dovecot's by LMTP and owlpost's own Maildirs,
while both are killed at random moments: each message arrives, whole."""
import collections
import os
import random
import smtplib
import threading
import time

import pytest

import message
from dovecot import Dovecot
from instance import ROOT
from waiting import wait_until

CLIENTS = 4


class Client(threading.Thread):
    """Sends messages of a common list, each again until it is taken."""

    def __init__(self, port, recipients, todo, seed):
        super().__init__(daemon=True)
        self.port, self.recipients, self.todo = port, recipients, todo
        self.rng = random.Random(seed)
        self.session = None
        self.refused = 0
        self.start()

    def run(self):
        while self.todo:
            try:
                octets = self.todo.pop()
            except IndexError:
                return
            while not self.is_taken(octets):
                self.refused += 1
                self.session = None
                time.sleep(0.05)

    def is_taken(self, octets):
        try:
            if not self.session:
                self.session = smtplib.SMTP("127.0.0.1", self.port, "client.test", timeout=30)
            self.session.sendmail("sender@sender.test", [self.rng.choice(self.recipients)], octets, ["BODY=8BITMIME"])
            return True
        except (OSError, smtplib.SMTPException):
            return False


def storm(owlpost, recipients, mailboxes, killers, count, kills):
    """killers: functions that kill something and start it again; mailboxes(): how
    many messages have arrived."""
    seed = int(os.environ.get("OWLPOST_SEED", random.SystemRandom().randint(0, 10**9)))
    print(f"seed {seed}")
    rng = random.Random(seed)
    for name in ("retryskiplocal", "retryskipremote", "backofffirst", "backoffmax"):
        owlpost.control(name, "1")
    owlpost.up()
    sent = message.many(seed, count, 1000)
    begun = time.monotonic()
    clients = [Client(owlpost.port, recipients, todo, f"{seed}/{i}")
               for todo in [list(sent)] for i in range(CLIENTS)]
    for at in sorted(rng.sample(range(1, count * 9 // 10), kills)):
        wait_until(lambda: mailboxes() >= at, 300, lambda: f"{mailboxes()} arrived; {owlpost.log()[-2000:]}", 0.05)
        time.sleep(rng.uniform(0, 0.05))
        killer = rng.choice(killers)
        print(f"{killer.__name__} with {mailboxes()} arrived, {len(owlpost.queued())} files in the queue")
        killer()
    for c in clients:
        c.join(600)
        assert not c.is_alive()
    owlpost.owlq("flush")
    owlpost.wait_for_empty_queue(300)
    print(f"{count} messages in {time.monotonic() - begun:.0f} s, {kills} kills, "
          f"{sum(c.refused for c in clients)} cut off or refused and sent again")
    return sent


def check(sent, arrived, limit):
    wanted = set(map(message.digest, sent))
    copies = collections.Counter(map(message.digest, arrived))
    print(f"{len(copies)} of {len(wanted)} arrived, {sum(copies.values()) - len(copies)} second copies")
    assert not wanted - copies.keys(), f"{len(wanted - copies.keys())} lost"
    assert not copies.keys() - wanted, "messages that nobody sent, or parts of one"
    # of what was under way at a kill: with clients, and with agents, who get jobs ahead
    assert sum(copies.values()) - len(copies) <= limit


def size_of(full):
    """(messages, kills)"""
    return (10_000, 40) if full else (200, 6)


def restart_owlpost(owlpost, port):
    owlpost.kill_all()
    owlpost.start()
    owlpost.listen(port=port)


@pytest.mark.needs_root("Dovecot becomes its users")
def test_dovecot_gets_every_message(owlpost, bystanders, full):
    users = [f"user{i}" for i in range(8)]
    d = Dovecot(bystanders, {u: "" for u in users}, owlpost.program("sendmail"))
    owlpost.control("rcpthosts", "store.test")
    owlpost.control("lmtproutes", f"store.test:{d.socket}")
    d.start()
    count, kills = size_of(full)

    def kill_owlpost():
        restart_owlpost(owlpost, owlpost.port)

    def kill_dovecot():
        d.kill()
        d.start()

    def kill_both():
        d.kill()
        restart_owlpost(owlpost, owlpost.port)
        d.start()

    sent = storm(owlpost, [f"{u}@store.test" for u in users], lambda: sum(map(d.count, users)),
                 [kill_owlpost, kill_dovecot, kill_both], count, kills)
    check(sent, [octets for u in users for octets in d.messages(u)], kills * 60)


def test_maildirs_get_every_message(owlpost, full):
    users = ("joe", "ann", "mallory")
    count, kills = size_of(full)

    def kill_owlpost():
        restart_owlpost(owlpost, owlpost.port)

    sent = storm(owlpost, [f"{u}@local.test" for u in users], lambda: sum(len(owlpost.maildir(u)) for u in users),
                 [kill_owlpost], count, kills)
    check(sent, [octets for u in users for octets in owlpost.messages(u)], kills * 60)
    if ROOT:
        assert all(os.listdir(f"{owlpost.home(u)}/Maildir/cur") == [] for u in users)
