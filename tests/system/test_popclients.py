"""Programs that people fetch their mail with: they see one mailbox as it is, take
what is new, and delete what they are told to.  What they make of Debian's Dovecot
shows that they are driven rightly."""
import itertools
import os
import poplib
import pwd

import pytest

import dovecot
from certificates import authority, make
from peers import listens, unpacked
from popclients import CLIENTS
from popdoor import Door
from waiting import wait_until

PASSWORD = "open-sesame"
LETTERS = [
    b"Subject: plain\n\nHello.\n",
    b"Subject: dots\n\n.\n..\n.dot\nend.\n.\n",
    b"Subject: without a body\n\n",
    "Subject: caf\N{LATIN SMALL LETTER E WITH ACUTE}\nContent-Transfer-Encoding: 8bit\n\n\N{SNOWMAN} \xe9\n".encode(),
    b"Subject: lines\n\n" + b"".join(b"%d %s\n" % (n, n % 70 * b"x") for n in range(4000)),
    b"Subject: a long line\n\n" + 900 * b"z" + b"\n\n\n",
]
LATER = b"Subject: later\n\nThis one came when the others had been seen.\n"
WAYS = ("plain", "stls", "implicit", "apop")


class Mailbox:
    """joe's, in a home of his."""

    def __init__(self, home):
        self.home, self.numbers = home, itertools.count(1)
        self.account = pwd.getpwnam("joe")

    def deliver(self, octets):
        name = f"{1800000000 + next(self.numbers)}.M1P1.host.test"
        with open(f"{self.home}/Maildir/tmp/{name}", "wb") as f:
            f.write(octets)
        os.chown(f.name, self.account.pw_uid, self.account.pw_gid)
        os.rename(f.name, f"{self.home}/Maildir/new/{name}")


class Server:
    """On ports 110 and 995.  Names are without a domain: the one program for APOP that Debian has knows no others."""

    def __init__(self, mailbox, issuer, folder):
        self.mailbox, self.authority = mailbox, f"{folder}/authority.pem"
        with open(self.authority, "w", encoding="ascii") as f:
            f.write(issuer.pem)

    def door(self, way):
        tls = way if way in ("stls", "implicit") else ""
        return Door(port=995 if tls == "implicit" else 110, user="joe", password=PASSWORD, tls=tls,
                    authority=self.authority, apop=way == "apop")

    def rows(self, way):
        """(sizes, UIDLs) as the protocol has them."""
        session = poplib.POP3("127.0.0.1", 110, timeout=60)
        if way == "apop":
            session.apop("joe", PASSWORD)
        else:
            session.user("joe")
            session.pass_(PASSWORD)
        sizes, uidls = session.list()[1], session.uidl()[1]
        session.quit()
        return [int(row.split()[1]) for row in sizes], [row.split()[1].decode() for row in uidls]


def wire_size(octets):
    return len(octets) + octets.count(b"\n")


@pytest.fixture
def by_dovecot(owlpost, bystanders, folder):
    issuer = authority("The Authority")
    certificate = make("localhost", ["localhost"], issuer=issuer)
    dovecot.Pop3(bystanders, "joe", owlpost.home("joe"), certificate, PASSWORD).start()
    return Server(Mailbox(owlpost.home("joe")), issuer, folder)


@pytest.fixture
def by_owlpost(owlpost, bystanders, folder):
    """A function of the way to log in: each has its own back end."""
    def start(way):
        issuer = authority("The Authority")
        owlpost.tls(make("localhost", ["localhost"], issuer=issuer))
        owlpost.control("authwithouttls", "1")
        if way == "apop":
            know_by_apop(owlpost)
        else:
            owlpost.mailboxes({"joe": PASSWORD})
        owlpost.up()
        account = pwd.getpwnam("owlpop")
        for port, *options in ((110,), (995, "-s")):
            bystanders.start(["tcpserver", "-H", "-R", "-l", "localhost", "-u", str(account.pw_uid), "-g", str(account.pw_gid),
                              "127.0.0.1", str(port), owlpost.program("owl-popup"), *options], env=owlpost.environment)
            wait_until(lambda: listens(port), 20, "tcpserver")
        return Server(Mailbox(owlpost.home("joe")), issuer, folder)
    return start


def know_by_apop(owlpost):
    """Debian's checkapoppw: passwords in ~/Maildir/.password."""
    program, _ = unpacked("checkpw", "checkapoppw")
    path = f"{owlpost.home('joe')}/Maildir/.password"
    with open(path, "w", encoding="ascii") as f:
        f.write(PASSWORD)
    os.chmod(path, 0o600)
    owlpost.give("joe", path)
    for name, value in {"authbackend": f"{program} /bin/true", "authroot": "1", "authmechanisms": "PLAIN APOP",
                        "authdelay": "0"}.items():
        owlpost.control(name, value)


def check(found, letters, sizes, uidls):
    assert sorted(found.messages) == sorted(letters)
    if found.sizes is not None:
        assert [one if seen is None else seen for seen, one in zip(found.sizes, sizes, strict=True)] == sizes
    if found.uidls is not None:
        assert sorted(found.uidls) == sorted(uidls)


def session_of_a_life(server, client, way, folder):
    """All that one program does with a mailbox, which is empty before and after."""
    door = server.door(way)
    for letter in LETTERS:
        server.mailbox.deliver(letter)
    sizes, uidls = server.rows(way)
    assert sizes == [wire_size(letter) for letter in LETTERS]
    assert len(set(uidls)) == len(LETTERS)
    check(client.fetch(door, folder), LETTERS, sizes, uidls)
    server.mailbox.deliver(LATER)
    more_sizes, more_uidls = server.rows(way)
    assert more_uidls[:-1] == uidls
    if client.remembers:
        check(client.fetch(door, folder), [LATER], more_sizes[-1:], more_uidls)
    else:
        check(client.fetch(door, folder), [*LETTERS, LATER], more_sizes, more_uidls)
    assert server.rows(way) == (more_sizes, more_uidls)
    check(client.fetch(door, folder, delete=True), [*LETTERS, LATER], more_sizes, more_uidls)
    assert server.rows(way) == ([], [])


def all_that_can(server, way, folder, full, left_out=()):
    for name, client in CLIENTS.items():
        if way not in client.ways.split() or client.full and not full or (name, way) in left_out:
            continue
        print(name)  # shown with a failure
        own = f"{folder}/{name}"
        os.mkdir(own)
        session_of_a_life(server, client, way, own)


@pytest.mark.needs_root("tcpserver's and the mailbox's user")
@pytest.mark.parametrize("way", WAYS)
def test_clients_and_their_mailbox(by_owlpost, way, folder, full):
    all_that_can(by_owlpost(way), way, folder, full)


@pytest.mark.needs_root("Dovecot under /usr, in a namespace of its own")
@pytest.mark.parametrize("way", WAYS)
def test_clients_drive_dovecot(by_dovecot, way, folder, full):
    if not full:
        pytest.skip("only in the long check")
    all_that_can(by_dovecot, way, folder, full, left_out=[("mpop", "apop")])  # no = in time stamps for mpop
