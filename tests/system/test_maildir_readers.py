"""What mailbox servers and mail readers make of our Maildirs, also while mail comes."""
import glob
import os
import subprocess

import pytest

import dovecot
from sixteen import clients

BODY = "Subject: t\n\n" + "Hoo.\n" * 20
CONFIGURATION = """
ssl = no
log_path = /dev/stderr
first_valid_uid = 1
base_dir = {home}/dovecot-run
default_internal_user = joe
default_internal_group = joe
default_login_user = joe
mail_location = maildir:{home}/Maildir
mail_plugins = quota
plugin {{
  quota = maildir:User quota
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
"""

pytestmark = pytest.mark.needs_root("a Dovecot over /usr, in a mount namespace")


def doveadm(owlpost, *arguments):
    """What it prints, line by line; it complains of nothing."""
    home = owlpost.home("joe")
    path = f"{home}/dovecot.conf"
    with open(path, "w", encoding="ascii") as f:
        f.write(CONFIGURATION.format(home=home))
    owlpost.give("joe", path)
    p = subprocess.run(dovecot.over_usr(dovecot.PACKAGES, "setpriv", "--reuid", "joe", "--regid", "joe", "--clear-groups", "env", "-i",
                                        f"HOME={home}", "USER=joe", "PATH=/usr/bin:/bin", "doveadm", "-c", path,
                                        *arguments), capture_output=True, text=True, timeout=60)
    assert p.returncode == 0 and p.stderr == "", p.stderr
    return p.stdout.split("\n")[:-1]


def sizes(owlpost):
    """{(octets, octets with CRLF)} that Dovecot sees in the mailbox, in order."""
    rows = doveadm(owlpost, "-f", "tab", "fetch", "size.physical size.virtual", "mailbox", "INBOX", "ALL")
    return sorted(tuple(map(int, row.split("\t"))) for row in rows[1:])


def names_say(owlpost):
    found = []
    for path in glob.glob(f"{owlpost.home('joe')}/Maildir/*/*,S=*"):
        s, w = path.split(",S=")[1].split(":")[0].split(",W=")
        assert os.stat(path).st_size == int(s)
        found.append((int(s), int(w)))
    return sorted(found)


def test_dovecot_reads_sizes_folders_and_sums(owlpost):
    owlpost.control("maildirquota", "10000000S,100C")
    owlpost.dot_qmail("joe", "", "./Maildir/\n+Lists/Entw\u00fcrfe\n")
    owlpost.start()
    for number in range(3):
        assert owlpost.inject(BODY * (number + 1), "joe@local.test").returncode == 0
        owlpost.wait_for_empty_queue()
    mine = names_say(owlpost)
    assert len(mine) == 3
    assert sizes(owlpost) == mine
    assert "Lists/Entw\u00fcrfe" in doveadm(owlpost, "mailbox", "list", "-8")
    rows = [row.split("\t") for row in doveadm(owlpost, "-f", "tab", "quota", "get")[1:]]
    used = {row[1]: (int(row[2]), int(row[3])) for row in rows}
    octets = 2 * sum(s for s, _ in mine)
    assert used["MESSAGE"] == (6, 100)
    assert used["STORAGE"] in ((octets // 1024, 9765), (-(-octets // 1024), 9765), (-(-octets // 1024), 9766))


def test_dovecot_reads_while_sixteen_deliver(owlpost, full):
    count = 10000 if full else 160
    owlpost.control("concurrencylocal", "22")
    owlpost.start()

    seen = []
    with clients(owlpost, count) as going:
        for _ in going.passes():
            seen.append(len(sizes(owlpost)))
    assert sizes(owlpost) == names_say(owlpost)
    assert len(sizes(owlpost)) == going.injected >= count
    assert seen == sorted(seen)
