"""Sixteen clients at a time, all with letters for one mailbox."""
import contextlib
import itertools
import re
import threading

MORE = 1000


def lines_of(number):
    """Some are written in many pieces, most of them early: without locks others
    get in between."""
    return 50000 if number % (20 if number < 200 else 400) == 0 else number % 97


def letter(number):
    """Some claim a length that is not theirs, and try to begin another message."""
    length = "Content-Length: 3\n" if number % 5 == 0 else ""
    tail = "\nFrom x@sender.test Thu Jan  1 00:00:00 1970\n\n" if number % 3 == 0 else ""
    return f"Subject: {number}\n{length}\n" + f"{number:08}\n" * lines_of(number) + f"{tail}end\n"


def number_of(octets):
    """The letter's number, by its Subject."""
    return int(re.search(rb"^Subject: (\d+)\r?$", octets, re.M).group(1))


def body_of(octets):
    """With LF line ends, as it was before an mbox; without empty lines at its end,
    which readers of mboxes add."""
    body = octets.replace(b"\r\n", b"\n").split(b"\n\n", 1)[1]
    return re.sub(rb"^>(>*From )", rb"\1", body, flags=re.M).rstrip(b"\n") + b"\n"


def check(octets):
    """The number of the letter, which is whole."""
    number = number_of(octets)
    whole = body_of(octets) == letter(number).encode().split(b"\n\n", 1)[1]
    assert whole, f"{len(octets)} octets: {octets[:1000]!r} ... {octets[-300:]!r}"
    return number


class Clients:
    """Inject count letters, and more of them until told to stop; MORE at most,
    since mutt changes nothing in a mailbox that has new mail each time it looks."""

    def __init__(self, owlpost, count):
        self.owlpost, self.count = owlpost, count
        self.next, self.lock = itertools.count(), threading.Lock()
        self.injected, self.errors = 0, []
        self.enough = threading.Event()

    def _take(self):
        with self.lock:
            if self.injected >= (self.count if self.enough.is_set() else self.count + MORE):
                return None
            self.injected += 1
            return next(self.next)

    def run(self):
        while not self.errors and (number := self._take()) is not None:
            done = self.owlpost.inject(letter(number), "joe@local.test")
            if done.returncode != 0:
                self.errors.append(done)

    def passes(self, least=2):
        """So many turns for who reads meanwhile, and more until count letters are in."""
        made = 0
        while made < least or self.injected < self.count and not self.errors:
            yield made
            made += 1


@contextlib.contextmanager
def clients(owlpost, count):
    """They inject meanwhile, and at the end all is delivered; gives Clients."""
    c = Clients(owlpost, count)
    threads = [threading.Thread(target=c.run) for _ in range(16)]
    for t in threads:
        t.start()
    try:
        yield c
    finally:
        c.enough.set()
        for t in threads:
            t.join()
    assert not c.errors, c.errors
    owlpost.wait_for_empty_queue(600)
