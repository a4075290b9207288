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
from popclients import CLIENTS, Door

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
CASES = [(name, way) for name, client in CLIENTS.items() for way in client.ways.split()]


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
    def __init__(self, mailbox, issuer, folder):
        self.mailbox, self.authority = mailbox, f"{folder}/authority.pem"
        with open(self.authority, "w", encoding="ascii") as f:
            f.write(issuer.pem)

    def door(self, way):
        tls = way if way in ("stls", "implicit") else ""
        return Door(port=995 if tls == "implicit" else 110, user="joe", password=PASSWORD, tls=tls,
                    authority=self.authority, apop=way == "apop")

    def rows(self):
        """(sizes, UIDLs) as the protocol has them."""
        session = poplib.POP3("127.0.0.1", 110, timeout=60)
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


def check(found, letters, sizes, uidls):
    assert sorted(found.messages) == sorted(letters)
    if found.sizes is not None:
        assert [one if seen is None else seen for seen, one in zip(found.sizes, sizes, strict=True)] == sizes
    if found.uidls is not None:
        assert sorted(found.uidls) == sorted(uidls)


def session_of_a_life(server, name, way, folder):
    """All that one program does with a mailbox."""
    client, door = CLIENTS[name], server.door(way)
    for letter in LETTERS:
        server.mailbox.deliver(letter)
    sizes, uidls = server.rows()
    assert sizes == [wire_size(letter) for letter in LETTERS]
    assert len(set(uidls)) == len(LETTERS)
    check(client.fetch(door, folder), LETTERS, sizes, uidls)
    server.mailbox.deliver(LATER)
    more_sizes, more_uidls = server.rows()
    assert more_uidls[:-1] == uidls
    if client.remembers:
        check(client.fetch(door, folder), [LATER], more_sizes[-1:], more_uidls)
    else:
        check(client.fetch(door, folder), [*LETTERS, LATER], more_sizes, more_uidls)
    assert server.rows() == (more_sizes, more_uidls)
    check(client.fetch(door, folder, delete=True), [*LETTERS, LATER], more_sizes, more_uidls)
    assert server.rows() == ([], [])


@pytest.mark.needs_root("Dovecot under /usr, in a namespace of its own")
@pytest.mark.parametrize("name,way", CASES)
def test_a_client_drives_dovecot(by_dovecot, name, way, folder, full):
    if not full:
        pytest.skip("only in the long check")
    if (name, way) == ("mpop", "apop"):
        pytest.skip("mpop takes no timestamp that has a = in it, as Dovecot's do")
    session_of_a_life(by_dovecot, name, way, folder)
