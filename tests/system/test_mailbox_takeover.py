"""A Maildir that Debian's Dovecot or Courier has served: clients find their UIDs,
UIDVALIDITY and UIDLs again, and new messages get others."""
import os
import re
import subprocess

import pytest

from mailboxservers import Courier, Dovecot, Owlpost

pytestmark = pytest.mark.needs_root("a Dovecot over /usr, and mailboxes of another user")
FORMATS = ("%v.%u", "UID%u-%v", "%08Xv%08Xu", "%g", "%f")


class Maildir:
    def __init__(self, owlpost, user, folder=""):
        self.owlpost, self.user, self.path = owlpost, user, f"{owlpost.home(user)}/Maildir"
        if not os.path.isdir(self.path):
            owlpost.call("maildirmake", self.path, user=user, check=True)
        self.path += folder

    def deliver(self, *subjects):
        for subject in subjects:
            path = f"{self.path}/new/{1700000000 + len(subject)}.M{ord(subject[-1])}P1.host"
            with open(path, "w", encoding="ascii") as f:
                f.write(f"Subject: {subject}\n\nhello\n")
            self.owlpost.give(self.user, path)

    def tool(self, *arguments):
        command, *more = arguments
        return self.owlpost.call("owl-mailbox", command, self.path, *more, user=self.user)

    def uids(self):
        """As Server.uids()."""
        listed = [row.split("\t") for row in self.tool("list").stdout.decode().splitlines()]
        subjects = {}
        for row in listed:
            with open(f"{self.path}/{row[4]}", encoding="ascii") as f:
                subjects[f.readline().split()[1]] = int(row[0])
        checked = self.tool("check")
        assert checked.returncode == 0, checked
        return subjects, int(re.search(r"UIDVALIDITY (\d+)", checked.stdout.decode())[1])


def serve_for_a_while(server, maildir):
    """{Subject: UIDL} at the end."""
    maildir.deliver("a", "b", "c", "d")
    server.uidls()
    server.pop3("DELE 2", "DELE 4")
    maildir.deliver("e", "f")
    return server.uidls()


def go_on(owlpost, maildir, known):
    """With owl-pop3d, where these UIDLs are known."""
    ours = Owlpost(owlpost, "joe")
    assert ours.uidls() == known
    maildir.deliver("g")
    now = ours.uidls()
    assert {subject: uidl for subject, uidl in now.items() if subject != "g"} == known
    assert len(set(now.values())) == len(now) == len(known) + 1


def test_dovecots_uidls(owlpost):
    maildir = Maildir(owlpost, "joe")
    go_on(owlpost, maildir, serve_for_a_while(Dovecot(owlpost, "joe"), maildir))


def test_dovecots_saved_uidls(owlpost):
    """With P in its list, as where it has taken over from another server itself;
    alone it stands for the base name."""
    maildir, dovecot = Maildir(owlpost, "joe"), Dovecot(owlpost, "joe")
    serve_for_a_while(dovecot, maildir)
    path = f"{maildir.path}/dovecot-uidlist"
    with open(path, encoding="ascii") as f:
        text = re.sub(r"^3 W\d+ ", "\\g<0>P ", re.sub(r"^1 W\d+ ", "\\g<0>Pfrom-before ", f.read(), flags=re.MULTILINE), flags=re.MULTILINE)
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    known = dovecot.uidls()
    assert known["a"] == "from-before" and known["c"].endswith(".host")
    go_on(owlpost, maildir, known)


@pytest.mark.parametrize("uidl_format", FORMATS)
def test_dovecots_uidls_in_another_format(owlpost, uidl_format, full):
    if not full and uidl_format != FORMATS[0]:
        pytest.skip("only in the long check")
    maildir = Maildir(owlpost, "joe")
    known = serve_for_a_while(Dovecot(owlpost, "joe", f"pop3_uidl_format = {uidl_format}"), maildir)
    assert maildir.tool("takeover", "%m").returncode == 111
    assert maildir.tool("takeover", uidl_format).returncode == 0
    assert b"exists" in maildir.tool("takeover", uidl_format).stderr
    go_on(owlpost, maildir, known)


def test_couriers_uidls(owlpost):
    maildir = Maildir(owlpost, "joe")
    go_on(owlpost, maildir, serve_for_a_while(Courier(owlpost, "joe"), maildir))


@pytest.mark.parametrize("server", [Dovecot, Courier])
def test_uids_of_inbox_and_of_a_folder(owlpost, server, full):
    if server is Courier and not full:
        pytest.skip("only in the long check: Courier's IMAP server waits for a FAM")
    inbox = Maildir(owlpost, "joe")
    before = server(owlpost, "joe")
    known = serve_for_a_while(before, inbox)
    prefix = "INBOX." if server is Courier else ""
    before.uids("INBOX", f'CREATE {prefix}Old', f'SUBSCRIBE {prefix}Old')
    folder = Maildir(owlpost, "joe", "/.Old")
    folder.deliver("h", "i")
    both = before.uids(f"{prefix}Old", "SELECT INBOX", f"COPY 1:2 {prefix}Old")[0]
    assert len(both) == 4 and both.keys() > {"h", "i"}
    for maildir, name in ((inbox, "INBOX"), (folder, f"{prefix}Old")):
        uids, validity = before.uids(name)
        assert maildir.uids() == (uids, validity)
        maildir.deliver("k")
        now = maildir.uids()
        assert now == (uids | {"k": now[0]["k"]}, validity) and now[0]["k"] > max(uids.values())
    assert Owlpost(owlpost, "joe").uidls().items() >= known.items()


def test_no_lock_is_left(owlpost):
    """Whatever others leave, nobody waits for it: their lock files are not ours."""
    maildir = Maildir(owlpost, "joe")
    maildir.deliver("a", "b")
    for name in ("dovecot-uidlist.lock", "courierimapuiddb.lock", "owlpost-uids.lock"):
        with open(f"{maildir.path}/{name}", "w", encoding="ascii"):
            pass
    with subprocess.Popen([owlpost.program("owl-pop3d"), maildir.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          **owlpost.identity("joe")) as session:
        assert session.stdout.readline().startswith(b"+OK 2")
        uids = maildir.uids()
        session.kill()
        session.communicate()
    assert maildir.uids() == uids
