"""Libraries that people's programs fetch mail with, each as popclients.py has it."""
import dataclasses
import glob
import json
import os
import poplib
import shutil
import ssl

import pytest

from overlay import over_usr
from peers import PEERS
from popdoor import Found, emptied, read_all, write
from senders import NODE, installed, run

HERE = os.path.dirname(__file__)
JAVA = {"javax": ("libmail-java", "javax.mail.jar", "javax.activation.jar"),
        "jakarta": ("libjakarta-mail-java", "jakarta-mail.jar", "jakarta-activation.jar")}


def python(door, _folder, delete=False):
    context = ssl.create_default_context(cafile=door.authority) if door.tls else None
    if door.tls == "implicit":
        session = poplib.POP3_SSL("localhost", door.port, context=context, timeout=60)
    else:
        session = poplib.POP3("localhost", door.port, timeout=60)
    if door.tls == "stls":
        session.stls(context)
    if door.apop:
        session.apop(door.user, door.password)
    else:
        session.user(door.user)
        session.pass_(door.password)
    count, octets = session.stat()
    sizes = [int(row.split()[1]) for row in session.list()[1]]
    uidls = [row.split()[1].decode() for row in session.uidl()[1]]
    assert (count, octets) == (len(sizes), sum(sizes))
    messages = [b"".join(line + b"\n" for line in session.retr(n + 1)[1]) for n in range(count)]
    for number in range(count if delete else 0):
        session.dele(number + 1)
    session.quit()
    return Found(sizes, uidls, messages)


def by_program(argv, door, folder, delete, environment=None):
    """One of our own small programs around a library: it reads JSON, prints "SIZE UIDL" lines, writes files."""
    got = emptied(f"{folder}/got")
    wish = dataclasses.asdict(door) | {"folder": got, "delete": delete}
    rows = [line.split() for line in run(argv, json.dumps(wish).encode(), environment).splitlines()]
    return Found([int(size) for size, _ in rows], [uidl for _, uidl in rows], read_all(got))


def perl(door, folder, delete=False):
    roots = [f"{PEERS}/libnet-ssleay-perl/usr", f"{PEERS}/libio-socket-ssl-perl/usr"]
    there = [path for root in roots for path in (f"{root}/share/perl5", *glob.glob(f"{root}/lib/*/perl5/*"))]
    return by_program(["perl", f"{HERE}/netpop3.pl"], door, folder, delete, os.environ | {"PERL5LIB": ":".join(there)})


def java(name, door, folder, delete):
    """JavaMail in its old package (javax) or its new one (jakarta)."""
    package, *jars = JAVA[name]
    path = ":".join(f"{PEERS}/{package}/usr/share/java/{jar}" for jar in jars)
    with open(f"{HERE}/PopFetch.java", encoding="ascii") as f:
        source = write(f"{folder}/PopFetch.java", f.read().replace("javax.mail", f"{name}.mail"))
    installed("javac")
    got = emptied(f"{folder}/got")
    facts = {**dataclasses.asdict(door), "folder": got, "delete": delete}
    said = run(["java", "-Xshare:auto", "-cp", path, *(f"-Dpop.{key}={value}" for key, value in facts.items()), source], b"")
    rows = [line.split() for line in said.splitlines()]
    return Found([int(size) for size, _ in rows], [uidl for _, uidl in rows], read_all(got))


def javamail(door, folder, delete=False):
    return java("javax", door, folder, delete)


def jakartamail(door, folder, delete=False):
    return java("jakarta", door, folder, delete)


def node(door, folder, delete=False):
    modules = f"{PEERS}/node-pop3/node_modules"
    if not os.path.isdir(modules):
        pytest.skip(f"{modules} is not there: run tests/peers.sh")
    argv = ["node", f"{HERE}/nodepop3.js"]
    if not shutil.which("node"):
        argv = over_usr(NODE, *argv)
    return by_program(argv, door, folder, delete, os.environ | {"NODE_PATH": modules})
