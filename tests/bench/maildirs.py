"""Maildirs of synthetic messages, and the server's own files in them."""
import contextlib
import fnmatch
import os
import random
import shutil

WORDS = ("anchor basin beacon bridge canvas cedar chapter copper cotton delta ember falcon figure forest garden gravel "
         "harbor hollow island jungle ladder lantern marble meadow mirror needle ocean orchard paper pepper pocket "
         "prairie quartz ribbon saddle shadow signal silver spring summer temple timber valley velvet vessel walnut "
         "window winter yellow zephyr").split()
NEWS = 10  # every tenth message, the latest of them, lies in new/
FIRST = 1600000000
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


class Writer:
    """Messages of 1 to 5 KiB of text, one in twenty with an attachment of 15 to 45 KiB."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.text = self._lines(lambda: " ".join(self.random.choices(WORDS, k=10)), 4000)
        self.blob = self._lines(lambda: "".join(self.random.choices(BASE64, k=76)), 2000)

    @staticmethod
    def _lines(line, count):
        return [line() + "\n" for _ in range(count)]

    def _piece(self, lines, fewest, most):
        count = self.random.randint(fewest, most)
        at = self.random.randrange(len(lines) - count)
        return "".join(lines[at:at + count])

    def message(self, number):
        sender = self.random.choice(WORDS)
        head = (f"Return-Path: <{sender}@bench.test>\nDelivered-To: joe@bench.test\n"
                f"Received: from mx{number % 9}.bench.test (192.0.2.{number % 250})\n"
                f"  by mail.bench.test with ESMTPS; Tue, 14 Nov 2023 22:13:20 +0000\n"
                f"From: {sender} <{sender}@bench.test>\nTo: joe@bench.test\nDate: Tue, 14 Nov 2023 22:13:20 +0000\n"
                f"Subject: {' '.join(self.random.choices(WORDS, k=5))}\nMessage-ID: <{number}@bench.test>\n")
        body = "\n" + self._piece(self.text, 10, 70)
        if number % 20 == 7:
            body += "--=\n\n" + self._piece(self.blob, 200, 600) + "--=--\n"
        return (head + body).encode()


def fill(path, count):
    """Names without sizes, a message each minute.  Microseconds and process ids are random, as they are:
    where they count up with the seconds, Dovecot's hashes of the names collide and it takes a hundred times as long."""
    writer = Writer(count)
    for folder in ("tmp", "new", "cur"):
        os.makedirs(f"{path}/{folder}", 0o700)
    for number in range(count):
        octets = writer.message(number)
        when = FIRST + 60 * number
        name = f"{when}.M{writer.random.randrange(1000000)}P{writer.random.randrange(2, 32768)}.bench"
        is_new = number >= count - count // NEWS
        with open(f"{path}/new/{name}" if is_new else f"{path}/cur/{name}:2,S", "wb") as f:
            f.write(octets)
        os.utime(f.name, (when, when))


def with_sizes(name, path):
    """As deliverers write it who tell the sizes."""
    with open(path, "rb") as f:
        octets = f.read()
    base, colon, flags = name.partition(":")
    return f"{base},S={len(octets)},W={len(octets) + octets.count(10)}{colon}{flags}"


def copy(source, to, sizes, owner):
    """The same files under the same names, or such as have the sizes."""
    for folder in ("tmp", "new", "cur"):
        os.makedirs(f"{to}/{folder}", 0o700)
        for entry in os.scandir(f"{source}/{folder}"):
            os.link(entry.path, f"{to}/{folder}/{with_sizes(entry.name, entry.path) if sizes else entry.name}")
            os.chown(entry.path, *owner)
        os.chown(f"{to}/{folder}", *owner)
    os.chown(to, *owner)


def forget(path):
    """The kernel forgets the octets of the messages."""
    for folder in ("new", "cur"):
        for entry in os.scandir(f"{path}/{folder}"):
            with contextlib.suppress(FileNotFoundError):
                fd = os.open(entry.path, os.O_RDONLY)
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(fd)


def remove_files(path, patterns):
    """What the server has made beside new/ and cur/."""
    for name in os.listdir(path):
        if any(fnmatch.fnmatch(name, pattern) for pattern in patterns):
            os.unlink(f"{path}/{name}")


def remove(path):
    shutil.rmtree(path, ignore_errors=True)
