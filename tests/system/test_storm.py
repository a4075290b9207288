"""Everything killed at once, again and again, under load: what was promised is kept."""
import collections
import os
import random
import smtplib
import struct
import subprocess
import threading
import time

import message
import processes

SIZE = 20_000


class Client(threading.Thread):
    """Sends messages of its own one after another, and remembers which were taken."""

    def __init__(self, owlpost, port, number, seed):
        super().__init__(daemon=True)
        self.owlpost, self.port, self.number = owlpost, port, number
        self.rng = random.Random(f"{seed}/{number}")
        self.sent, self.taken = {}, set()
        self.in_data = False
        self.refused = 0
        self.done = threading.Event()

    def run(self):
        while not self.done.is_set():
            octets = message.make(self.rng, self.number * 1_000_000 + len(self.sent), self.rng.randint(500, SIZE))
            digest = message.digest(octets)
            self.sent[digest] = octets
            try:
                self.send(octets)
                self.taken.add(digest)
            except (OSError, smtplib.SMTPException, subprocess.SubprocessError):
                self.refused += 1
                time.sleep(0.02)
            self.in_data = False

    def pieces(self, octets):
        """The message in pieces, so that it is under way for a while."""
        step = max(1, len(octets) // 4)
        for i in range(0, len(octets), step):
            yield octets[i:i + step]
            time.sleep(self.rng.random() * 0.01)


class SmtpClient(Client):
    def send(self, octets):
        with smtplib.SMTP("127.0.0.1", self.port, "client.test", timeout=30) as session:
            for _ in range(self.rng.randint(1, 5)):
                session.ehlo_or_helo_if_needed()
                session.mail("sender@sender.test", ["BODY=8BITMIME"])
                if session.rcpt("joe@local.test")[0] != 250:
                    raise OSError("recipient refused")
                self.in_data = True
                if session.docmd("DATA")[0] != 354:
                    raise OSError("data refused")
                for piece in self.pieces(smtplib._quote_periods(octets) + b".\r\n"):
                    session.send(piece)
                if session.getreply()[0] != 250:
                    raise OSError("message refused")
                return


class SendmailClient(Client):
    def send(self, octets):
        argv = [self.owlpost.program("sendmail"), "-i", "-f", "sender@sender.test", "joe@local.test"]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env=self.owlpost.environment, **self.owlpost.identity("ann")) as p:
            self.in_data = True
            try:
                for piece in self.pieces(octets.replace(b"\r\n", b"\n")):
                    p.stdin.write(piece)
                    p.stdin.flush()
                p.stdin.close()
            except BrokenPipeError:
                pass
            if p.wait() != 0:
                raise OSError(f"sendmail: {p.returncode}")


def digest_of_queue_file(path):
    """Of the message in a queue file (owlpost-queue(5)); None for a log."""
    if path.endswith(".log"):
        return None
    with open(path, "rb") as f:
        octets = f.read()
    (size,) = struct.unpack_from(">Q", octets, len(octets) - 40)
    return message.digest(octets[:size])


def kill_at_a_random_moment(owlpost, clients, rng, since):
    """Kills everything at an instant at which sessions are in DATA and deliveries under way."""
    time.sleep(rng.uniform(0.1, 0.6))
    deadline = time.monotonic() + 30
    while True:
        stopped = processes.freeze(owlpost.pids)
        in_data = sum(c.in_data for c in clients)
        under_way = len(owlpost.deliveries_under_way(since))
        if in_data and under_way:
            processes.kill(owlpost.pids)
            owlpost.kill_all()
            return in_data, under_way, len(stopped)
        processes.thaw(stopped)
        assert time.monotonic() < deadline, f"no moment to kill at: {in_data} in DATA, {under_way} deliveries"
        time.sleep(rng.uniform(0.001, 0.02))


def test_a_storm_of_kills_loses_nothing(owlpost, full):
    kills = 200 if full else 20
    seed = int(os.environ.get("OWLPOST_SEED", random.SystemRandom().randint(0, 10**9)))
    print(f"seed {seed}")
    rng = random.Random(seed)
    owlpost.up()
    port = owlpost.port
    clients = [kind(owlpost, port, i, seed) for i, kind in enumerate((SmtpClient,) * 3 + (SendmailClient,))]
    for c in clients:
        c.start()
    in_queue_at_a_kill = set()
    for k in range(kills):
        since = owlpost.log_size()
        if k:
            owlpost.start()
            owlpost.listen(port=port)
        in_data, under_way, count = kill_at_a_random_moment(owlpost, clients, rng, since)
        unfinished = {digest_of_queue_file(path) for path in owlpost.queued()} - {None}
        in_queue_at_a_kill |= unfinished
        print(f"kill {k + 1}: {count} processes, {in_data} sessions in DATA, {under_way} deliveries under way, "
              f"{len(unfinished)} messages in the queue, {sum(len(c.taken) for c in clients)} messages taken so far")
    owlpost.start()
    owlpost.listen(port=port)
    before = sum(len(c.taken) for c in clients)
    deadline = time.monotonic() + 10
    while sum(len(c.taken) for c in clients) < before + 8 and time.monotonic() < deadline:
        time.sleep(0.02)
    for c in clients:
        c.done.set()
    for c in clients:
        c.join(30)
    owlpost.wait_for_empty_queue(60)

    sent = {d for c in clients for d in c.sent}
    taken = {d for c in clients for d in c.taken}
    copies = collections.Counter(map(message.digest, owlpost.messages("joe")))
    lost = taken - copies.keys()
    foreign = copies.keys() - sent
    again = {d for d, n in copies.items() if n > 1}
    print(f"{len(sent)} begun, {len(taken)} taken, {sum(c.refused for c in clients)} cut off or refused")
    print(f"{len(copies.keys() - taken)} delivered although their acknowledgement was lost")
    print(f"{sum(copies.values()) - len(copies)} second copies, all of messages whose delivery a kill cut off between "
          f"their name in new/ and the queue's record ({len(in_queue_at_a_kill)} were in the queue at a kill)")
    assert len(taken) > 100
    assert not lost, f"{len(lost)} of {len(taken)} lost"
    assert not foreign, f"{len(foreign)} messages that nobody sent, or parts of one"
    # only a message that the queue still held may be delivered again
    assert again <= in_queue_at_a_kill
    owlpost.stop()
