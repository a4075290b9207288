"""What programs that fetch mail are told, and what they are seen to have got."""
import collections
import dataclasses
import glob
import os
import shutil

# what the program was told of the messages in the mailbox (None: it does not show it, or not exactly), and those it took
Found = collections.namedtuple("Found", "sizes uidls messages")


@dataclasses.dataclass(frozen=True)
class Door:
    """tls is "", "stls" or "implicit"; authority a file, of whom the server's certificate for localhost is."""
    port: int
    user: str
    password: str
    tls: str = ""
    authority: str = ""
    apop: bool = False


def lines_as_lf(octets):
    return octets.replace(b"\r\n", b"\n")


def read_all(folder):
    found = []
    for path in sorted(glob.glob(f"{folder}/*"), key=lambda path: (len(path), path)):
        with open(path, "rb") as f:
            found.append(lines_as_lf(f.read()))
    return found


def write(path, text, mode=0o600):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def emptied(path):
    shutil.rmtree(path, ignore_errors=True)
    os.mkdir(path)
    return path


def keeper(folder, got, first=""):
    """A program that keeps what it is given on standard input, after these commands."""
    return write(f"{folder}/keep", f'#!/bin/sh\n{first}\nexec cat >"{got}/$$"\n', 0o700)
