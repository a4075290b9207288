"""Mailboxes of users whom the site's back end alone knows: uid, gid and home by a check program, by Dovecot."""
import hashlib
import os
import poplib

import pytest

import authd
from authd import script
from instance import ROOT
from mailboxdoor import REFUSED, STARTED, Door
from peers import free_port
from test_auth_peers import Auth, checkpw  # noqa: F401
from test_sessions import identity, log_in, up

# becomes ann, in a home of its own; "w" is everybody's password, root stays root
VIRTUAL = """set -- "$@" -- $(tr '\\0' ' ' <&3)
while [ "$1" != -- ]; do program="$program $1"; shift; done
[ "$3" = w ] || exit 1
case $2 in
  plain) exec $program;;
  root) HOME=/ USER=root exec $program;;
esac
cd "$FOLDER/$2" || exit 111
HOME=$FOLDER/$2 USER=$2 exec $BECOME $program"""


def make_maildir(path, uid, gid, subject):
    for part in ("", "/Maildir", "/Maildir/tmp", "/Maildir/new", "/Maildir/cur"):
        os.makedirs(path + part, exist_ok=True)
        os.chown(path + part, uid, gid)
    with open(f"{path}/Maildir/new/1.a", "w") as f:
        f.write(f"Subject: {subject}\n\n")
    os.chown(f"{path}/Maildir/new/1.a", uid, gid)


def up_with_program(owlpost, last="true"):
    uid, gid = identity(owlpost, "ann")
    homes = f"{owlpost.folder}/virtual"
    make_maildir(f"{homes}/one", uid, gid, "one")
    text = VIRTUAL.replace("$FOLDER", homes)
    text = text.replace("$BECOME", f"setpriv --reuid {uid} --regid {gid} --clear-groups" if ROOT else "env")
    up(owlpost, authbackend=f"{script(owlpost, text)} {last}", authroot="1" if ROOT else None, authdelay="0")
    return homes


def subject(owlpost, user):
    """Of the only message; None: refused."""
    with Door(owlpost) as door:
        answer = door.ask(log_in(owlpost, user, "w"))
        if answer["class"] != STARTED:
            assert answer["class"] == REFUSED
            return None
        assert door.line().startswith("+OK")
        assert door.command("RETR 1").startswith("+OK")
        return door.line().removeprefix("Subject: ")


@pytest.mark.parametrize("last", ["true", "/bin/true", "owl-attest"])
def test_a_program_s_users(owlpost, last):
    homes = up_with_program(owlpost, owlpost.program("owl-attest") if last == "owl-attest" else last)
    with Door(owlpost) as door:
        assert door.ask(log_in(owlpost, "one", "w"))["class"] == STARTED
        door.line()
        pid, = owlpost.named("owl-pop3d")
        assert os.readlink(f"/proc/{pid}/cwd") == f"{homes}/one/Maildir"
        assert os.stat(f"/proc/{pid}").st_uid == identity(owlpost, "ann")[0]
        found = open(f"/proc/{pid}/environ").read().split("\0")
        assert f"HOME={homes}/one" in found and "USER=one" in found
        door.quit()
    assert subject(owlpost, "one") == "one"


@pytest.mark.needs_root("a program that is root")
def test_a_program_that_stays_root_opens_nothing(owlpost):
    up_with_program(owlpost)
    assert authd.ask(owlpost, "root", "w", service="pop3") == authd.LATER
    assert "the check program has remained root: it has to become the mailbox's user: " in owlpost.log()
    assert authd.ask(owlpost, "root", "w") == authd.RIGHT


def test_a_program_without_accounts(owlpost):
    """Then the name is an address."""
    up_with_program(owlpost)
    assert subject(owlpost, "plain") is None
    assert "there is no such user" in owlpost.log() or "an extension of" in owlpost.log()


def test_a_program_that_closes_the_descriptor_is_trouble(owlpost):
    closes = script(owlpost, 'HOME=/x exec "$@" 4>&-')
    up(owlpost, authbackend=f"{closes} true", authdelay="0")
    assert authd.ask(owlpost, "joe", "w", service="pop3") == authd.LATER
    assert "owl-attest: unable to tell owl-authd of the account: Bad file descriptor" in owlpost.log()
    assert authd.ask(owlpost, "joe", "w") == authd.RIGHT


@pytest.mark.parametrize("home", ["relative", "/" + 1030 * "x", "/a\tb"])
def test_a_home_that_is_none_is_trouble(owlpost, home):
    """No mailbox of the name is opened in the place of that of the program's user."""
    program = script(owlpost, f'HOME="{home}" exec "$@"')
    up(owlpost, authbackend=f"{program} true", authdelay="0")
    assert authd.ask(owlpost, "joe", "w", service="pop3") == authd.LATER
    assert "owl-authd: unable to use the home that owl-attest has told: Invalid argument" in owlpost.log()
    assert authd.ask(owlpost, "joe", "w") == authd.RIGHT


@pytest.mark.needs_root("Dovecot")
def test_dovecot_s_users(owlpost, bystanders):
    """Whom it gives uid, gid and home; the others are addresses."""
    uid, gid = identity(owlpost, "ann")
    home = f"{owlpost.folder}/virtual/one"
    make_maildir(home, uid, gid, "one")
    make_maildir(owlpost.home("joe"), *identity(owlpost, "joe"), "joe's own")
    dovecot = Auth(bystanders, {
        "one@virtual.test": f"{{PLAIN}}w::::::uid={uid} gid={gid} home={home}",
        "root@virtual.test": "{PLAIN}w::::::uid=0 gid=0 home=/root",
        "joe@owlpost.test": "{PLAIN}w",
        "none@virtual.test": "{PLAIN}w"}).start()
    up(owlpost, authbackend=f"dovecot:{dovecot.socket}", authdelay="0")
    found = {name: subject(owlpost, name) for name in
             ("One@virtual.test", "root@virtual.test", "joe@owlpost.test", "none@virtual.test")}
    assert found == {"One@virtual.test": "one", "root@virtual.test": None, "joe@owlpost.test": "joe's own",
                     "none@virtual.test": None}, owlpost.log() + dovecot.log()


@pytest.mark.needs_root("a program that is root")
def test_debian_s_checkpw(owlpost, checkpw):
    """A real one of the family, which becomes the user."""
    make_maildir(owlpost.home("joe"), *identity(owlpost, "joe"), "joe's own")
    up(owlpost, authbackend=f"{checkpw}/checkpw /bin/true", authroot="1", authdelay="0")
    with Door(owlpost) as door:
        assert door.ask(log_in(owlpost, "joe", "word"))["class"] == STARTED, owlpost.log()
        assert door.line().startswith("+OK")
        pid, = owlpost.named("owl-pop3d")
        assert os.stat(f"/proc/{pid}").st_uid == identity(owlpost, "joe")[0]
        assert door.command("STAT").startswith("+OK 1 ")


@pytest.mark.needs_root("a program that is root")
def test_debian_s_checkapoppw(owlpost, checkpw):
    up(owlpost, authbackend=f"{checkpw}/checkapoppw /bin/true", authroot="1", authdelay="0")
    challenge = "<12.34@owlpost.test>"
    with authd.Link(owlpost) as link, Door(owlpost) as door:
        answer = link.ask(authd.RESPONSE, mechanism="APOP", service="pop3", user="joe", challenge=challenge,
                          response=hashlib.md5((challenge + "word").encode()).hexdigest())
        assert answer["class"] == authd.RIGHT
        assert door.ask(answer["pass"])["class"] == STARTED
        assert door.line().startswith("+OK")


@pytest.mark.needs_root("accounts")
def test_a_program_that_becomes_nobody_opens_nothing(owlpost):
    """Without root it keeps owl-authd's own uid, whose mailbox it is not."""
    stays = script(owlpost, 'HOME=/tmp exec "$@"')
    up(owlpost, authbackend=f"{stays} true", authdelay="0")
    assert authd.ask(owlpost, "joe", "w", service="pop3") == authd.LATER
    assert "the check program has become nobody: it may need authroot" in owlpost.log()
    assert authd.ask(owlpost, "joe", "w") == authd.RIGHT


def test_a_client_of_a_program_s_user(owlpost):
    """From the greeting on: whom no password file has."""
    homes = up_with_program(owlpost)
    port = owlpost.listen(program="owl-popup", port=free_port())
    owlpost.control("authwithouttls", "1")
    client = poplib.POP3("127.0.0.1", port, timeout=30)
    client.user("one")
    client.pass_("w")
    assert client.stat()[0] == 1
    assert b"Subject: one" in client.retr(1)[1]
    client.dele(1)
    client.quit()
    assert os.listdir(f"{homes}/one/Maildir/new") + os.listdir(f"{homes}/one/Maildir/cur") == []
