"""What is recorded: stories of messages, each a few of the programs' ways.

A story is a function of a Stage; it says what goes in, and waits for what the
runner does with it.  Recipients say by their name what becomes of them:

    joe, ann            local mailboxes, ann's not made yet
    nobody-here         no such user: fails
    list                joe's .qmail-list: his Maildir, and on to ann
    box                 joe's .qmail-box: an mbox, not made yet
    ok*@far.test        other hosts take it
    later*@far.test     other hosts defer it; once the story hurries, or in a
                        recovery, they take it
    once*@far.test      the same, but a recovery's runner is deferred a first time
    fail*@far.test      other hosts refuse it

Called as a program it plays one story, under record.
"""
import sys

from place import Place, agent

SUCCESS, DEFERRAL, FAILURE = (agent.SUCCESS, "2.0.0"), (agent.DEFERRAL, "4.2.0"), (agent.FAILURE, "5.1.1")
LARGE = 70000
CROWD = 9  # logs and folders are more than the runner syncs one by one
FORWARDS = {"joe-list@here.test": "ann@here.test"}
MBOXES = ("joe-box@here.test",)
NEVER = 1 << 60


def recovery_policy():
    """Of one runner."""
    tried = set()

    def policy(address):
        if address.startswith("once") and address not in tried:
            tried.add(address)
            return DEFERRAL
        return FAILURE if address.startswith("fail") else SUCCESS
    return policy


def may_expire(address):
    return address.startswith("later")


def fails(address):
    """Whether it must be told of in the end."""
    return address.startswith(("fail", "nobody"))


class Stage:
    """The place where a story plays."""

    def __init__(self, place):
        self.place, self.runner = place, None
        self.later = DEFERRAL

    def send(self, marker, *recipients, sender="joe@here.test", octets=0):
        code = self.place.inject(message(marker, octets), sender, recipients)
        if code:
            raise RuntimeError(f"owl-queue: exit {code}")

    def submit(self, marker, *recipients, octets=0):
        """By SMTP."""
        code, text = self.place.submit(message(marker, octets), "joe@here.test", recipients)
        if code != 250:
            raise RuntimeError(f"owl-smtpd: {code} {text.decode()}")

    def submit_together(self, *markers, octets=0):
        """By SMTP, at one time, to joe."""
        for code, text in self.place.submit_together([message(m, octets) for m in markers], "joe@here.test", ["joe@here.test"]):
            if code != 250:
                raise RuntimeError(f"owl-smtpd: {code} {text.decode()}")

    def order(self, what, *recipients):
        """What waits for them."""
        for address in recipients:
            self.place.owlq(what, "--yes", "--recipient", address)

    def start(self):
        self.runner = self.place.start(self._policy)

    def _policy(self, address):
        if address.startswith(("later", "once")):
            return self.later
        return FAILURE if address.startswith("fail") else SUCCESS

    def settle(self):
        """Until the runner has made all durable."""
        self.runner.rest(60)

    def hurry_until(self, pattern, count=1):
        """A message in the runner's hands is not hurried: again and again."""
        def done():
            self.runner.hurry()
            return sum(pattern in line for line in self.runner.log) >= count
        self.runner.wait_log("status")  # from then on it has set up its signals
        self.runner.wait(done)

    def stop(self):
        if self.runner.stop():
            raise RuntimeError("owl-send: " + "\n".join(self.runner.log))


def message(marker, octets=0):
    """Its first field names it, so that nothing of it can be missing unseen."""
    text = f"X-Crash: {marker}\nFrom: <joe@here.test>\nSubject: {marker}\nMessage-ID: <{marker}@here.test>\n\n"
    line = f"This is {marker}, and a line of it has its number: "
    body = "".join(f"{line}{n}\n" for n in range(max(1, octets // (len(line) + 5))))
    return (text + body).encode()


def accept(s):
    s.send("small", "joe@here.test")
    s.send("large", "joe@here.test", "ok@far.test", octets=LARGE)
    s.send("third", "ann@here.test", octets=3000)


def deliver(s):
    s.start()
    s.send("small", "joe@here.test")
    s.runner.wait_log("end msg", 1)
    s.send("two", "joe@here.test", "ann@here.test")
    s.runner.wait_log("end msg", 2)
    s.send("large", "joe@here.test", octets=LARGE)
    s.runner.wait_log("end msg", 3)
    s.settle()
    s.stop()


def batch(s):
    """Several messages for one user, which share syncs."""
    for n in range(3):
        s.send(f"b{n}", "joe@here.test", octets=600 * n)
    s.start()
    s.runner.wait_log("end msg", 3)
    s.settle()
    s.stop()


def forward(s):
    s.start()
    s.send("f", "joe-list@here.test")
    s.runner.wait_log("end msg", 2)
    s.settle()
    s.stop()


def defer(s):
    s.start()
    s.send("d", "later@far.test", "ok@far.test")
    s.runner.wait_log("deferral")
    s.settle()
    s.runner.hurry()
    s.settle()
    s.later = SUCCESS
    s.hurry_until("end msg")
    s.settle()
    s.stop()


def slow(s):
    """With a second until results are synced."""
    s.start()
    s.send("s1", "later1@far.test", "joe@here.test")
    s.send("s2", "ok@far.test", "later2@far.test")
    s.runner.wait_log("deferral", 2)
    s.runner.rest(1300)
    s.later = SUCCESS
    s.hurry_until("end msg", 2)
    s.runner.rest(1300)
    s.stop()


def mixed(s):
    """A delivery, a deferral and a failure of one message."""
    s.start()
    s.send("m", "joe@here.test", "later@far.test", "fail@far.test")
    s.runner.wait_log("end msg", 1)  # the DSN
    s.settle()
    s.later = SUCCESS
    s.hurry_until("end msg", 2)
    s.settle()
    s.stop()


def bounce(s):
    s.start()
    s.send("near", "nobody-here@here.test")
    s.runner.wait_log("end msg", 2)
    s.send("far", "fail1@far.test", "fail2@far.test", sender="ok@far.test", octets=2000)
    s.runner.wait_log("end msg", 4)
    s.settle()
    s.stop()


def double(s):
    """Nobody to tell but the postmaster."""
    s.start()
    s.send("db", "fail@far.test", sender="")
    s.runner.wait_log("end msg", 2)
    s.settle()
    s.stop()


def expire(s):
    s.start()
    s.send("e", "later@far.test")
    s.runner.wait_log("deferral")
    s.settle()
    s.stop()
    s.place.control("queuelifetime", 0)
    s.start()
    s.hurry_until("end msg", 2)
    s.settle()
    s.stop()


def restart(s):
    s.start()
    s.send("r1", "later1@far.test", "joe@here.test")
    s.send("r2", "later2@far.test", octets=LARGE)
    s.runner.wait_log("deferral", 2)
    s.settle()
    s.stop()
    s.later = SUCCESS
    s.start()
    s.hurry_until("end msg", 2)
    s.settle()
    s.stop()


def crowd(s):
    """More changes at once than are synced one by one."""
    for n in range(CROWD):
        s.send(f"c{n:02}", f"later{n}@far.test", f"ok{n}@far.test")
    s.start()
    s.runner.wait_log("deferral", CROWD)
    s.runner.rest(1300)
    s.later = SUCCESS
    s.hurry_until("end msg", CROWD)
    s.runner.rest(1300)
    s.stop()


def mbox(s):
    """Made, and appended to by one delivery and by a batch."""
    s.start()
    s.send("m1", "joe-box@here.test", octets=1500)
    s.runner.wait_log("end msg", 1)
    s.send("m2", "joe-box@here.test")
    s.send("m3", "joe-box@here.test", octets=5000)
    s.runner.wait_log("end msg", 3)
    s.settle()
    s.stop()


def smtp(s):
    """Taken by owl-smtpd, whose 250 is the promise."""
    s.start()
    s.runner.wait_log("status")
    s.submit("st1", "joe@here.test")
    s.runner.wait_log("end msg", 1)
    s.submit("st2", "joe@here.test", "later@far.test", octets=LARGE)
    s.runner.wait_log("deferral")
    s.settle()
    s.stop()
    s.later = SUCCESS
    s.start()
    s.hurry_until("end msg")
    s.settle()
    s.stop()


def ready(s):
    """Taken by an injector that waits at a socket, some of them together."""
    s.start()
    s.runner.wait_log("status")
    with s.place.ready_injectors():
        s.submit("rt1", "joe@here.test")
        s.submit_together("rt2", "rt3", "rt4", octets=2000)
        s.submit("rt5", "ann@here.test", octets=LARGE)
    s.runner.wait_log("end msg", 5)
    s.settle()
    s.stop()


def hold(s):
    """Held, also while another runner starts, and released."""
    s.start()
    s.send("h1", "later1@far.test")
    s.send("h2", "later2@far.test", "joe@here.test")
    s.runner.wait_log("deferral", 2)
    s.order("hold", "later1@far.test", "later2@far.test")
    s.order("release", "later1@far.test")
    s.runner.wait_log("deferral", 3)
    s.stop()
    s.later = SUCCESS
    s.start()
    s.hurry_until("end msg", 1)
    s.order("release", "later2@far.test")
    s.runner.wait_log("end msg", 2)
    s.settle()
    s.stop()


def delete(s):
    """What waits, and what is held."""
    s.start()
    s.send("x1", "later1@far.test")
    s.send("x2", "later2@far.test", "ok@far.test")
    s.send("x3", "later3@far.test")
    s.runner.wait_log("deferral", 3)
    s.order("hold", "later2@far.test")
    s.order("delete", "later1@far.test", "later2@far.test")
    s.later = SUCCESS
    s.hurry_until("end msg", 1)
    s.settle()
    s.stop()


def give_up(s):
    """Expired, and returned at once."""
    s.start()
    s.send("g1", "once1@far.test")
    s.send("g2", "later2@far.test", "ok@far.test")
    s.runner.wait_log("deferral", 2)
    s.order("expire", "once1@far.test")
    s.runner.wait_log("end msg", 2)
    s.order("bounce", "later2@far.test")
    s.runner.wait_log("end msg", 4)
    s.settle()
    s.stop()


def refused(s):
    """The injector is killed (record -k) when its message has a name that is not
    durable; the next scan finds it."""
    s.start()
    s.runner.wait_log("status")
    s.settle()
    if s.place.inject(message("rf"), "joe@here.test", ["joe@here.test", "later@far.test"]) == 0:
        raise RuntimeError("owl-queue was to be killed")
    s.runner.wait_log("deferral")
    s.later = SUCCESS
    s.hurry_until("end msg")
    s.settle()
    s.stop()


def killed(s):
    """The runner is killed (record -k), and what it did not sync is still in the
    cache: another one goes on from there."""
    s.send("k1", "joe@here.test", "later@far.test", "fail@far.test")
    s.send("k2", "ok@far.test", "fail2@far.test", sender="ok2@far.test")
    s.start()
    s.runner.work_off()
    s.runner.stop()
    s.later = SUCCESS
    s.start()
    s.runner.work_off()
    s.settle()
    s.stop()


def untold(s):
    """The runner is killed (record -k) when it knows of a failure, which is not
    durable; the first thing that another one does is to tell of it."""
    s.send("u", "fail@far.test", sender="ok@far.test")
    s.start()
    s.runner.work_off()
    s.runner.stop()
    s.start()
    s.runner.work_off()
    s.settle()
    s.stop()


STORIES = {f.__name__: f for f in (accept, deliver, batch, forward, defer, slow, mixed, bounce, double, expire,
                                   restart, crowd, mbox, smtp, ready, hold, delete, give_up, killed, untold, refused)}
ORDERS = ("hold", "delete", "give_up")
KILLED = {"killed": "owl-send", "untold": "owl-send", "refused": "owl-queue"}
# Idle workers would wake the runner just when a sync is due.
LAZY = {"syncinterval": "1", "timeoutidle": "4"}
CONTROLS = {"slow": LAZY, "crowd": LAZY, "killed": LAZY, "untold": LAZY, **{name: LAZY for name in ORDERS}, "refused": {"rescaninterval": "1"},
            "double": {"doublebounceto": "joe", "doublebouncehost": "here.test"}}
DOT_QMAIL = {"mbox": {"joe/.qmail-box": "./Mailbox\n"}, "forward": {"joe/.qmail-list": "./Maildir/\n&ann@here.test\n"}}
SYNC_S = {"killed": 1, "untold": 1, "slow": 1, "crowd": 1, **{name: 1 for name in ORDERS}}


def make_place(name, folder, programs, recovery=False):
    story = name.partition("-")[0]
    controls = {**CONTROLS.get(story, {}), **({"syncinterval": "0"} if recovery else {})}
    return Place(folder, programs, controls, DOT_QMAIL.get(story, {}), story in ORDERS)


if __name__ == "__main__":
    folder, programs, name = sys.argv[1:]
    STORIES[name.partition("-")[0]](Stage(make_place(name, folder, programs)))
