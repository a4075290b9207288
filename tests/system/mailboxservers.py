"""Debian's Dovecot and Courier as what had a Maildir before: their mailbox
processes alone, as they are when a user has logged in, on descriptors 0 and 1."""
import os
import pwd
import re
import subprocess

from instance import WORK
from overlay import over_usr
from peers import for_users

DOVECOT = """
base_dir = {folder}
state_dir = {folder}
log_path = {folder}/log
default_vsz_limit = 0
default_internal_user = {user}
default_internal_group = nogroup
default_login_user = {user}
first_valid_uid = 1
ssl = no
mail_location = maildir:~/Maildir
mail_uid = {user}
mail_gid = {gid}
maildir_very_dirty_syncs = no
{more}
"""


class Server:
    """One user's; each call is a session."""

    def __init__(self, owlpost, user):
        self.owlpost, self.user, self.home = owlpost, user, owlpost.home(user)

    def talk(self, kind, words):
        done = subprocess.run(self.command(kind), input=words.encode(), capture_output=True, timeout=60, check=False,
                              env={"PATH": os.environ["PATH"], "HOME": self.home, "USER": self.user} | self.environment(kind),
                              cwd=self.home, **self.identity())
        assert done.returncode == 0, (done.stdout, done.stderr)
        return done.stdout.decode()

    def identity(self):
        return self.owlpost.identity(self.user)

    def environment(self, _kind):
        return {}

    def pop3(self, *commands):
        return self.talk("pop3", "".join(f"{c}\r\n" for c in (*commands, "QUIT")))

    def uidls(self):
        """{Subject: UIDL}"""
        count = len(re.findall(r"^\d+ \d+\r$", self.pop3("LIST"), re.MULTILINE))
        said = self.pop3("UIDL", *[f"TOP {n} 0" for n in range(1, count + 1)])
        uidls = re.findall(r"^\d+ (\S+)\r$", said, re.MULTILINE)
        return dict(zip(re.findall(r"^Subject: (\S+)\r$", said, re.MULTILINE), uidls, strict=True))

    def uids(self, folder="INBOX", *more):
        """({Subject: UID}, UIDVALIDITY), by IMAP, after more commands."""
        commands = [*more, f"SELECT {folder}", "UID FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])", "LOGOUT"]
        said = self.talk("imap", "".join(f"{n} {c}\r\n" for n, c in enumerate(commands)))
        pairs = re.findall(r"UID (\d+).*?Subject: (\S+)\r", said, re.DOTALL)
        return {subject: int(uid) for uid, subject in pairs}, int(re.search(r"UIDVALIDITY (\d+)", said)[1])


class Dovecot(Server):
    def __init__(self, owlpost, user, more=""):
        super().__init__(owlpost, user)
        self.folder = f"{WORK}/dovecot-{user}"
        os.makedirs(self.folder, exist_ok=True)
        owlpost.give(user, self.folder)
        with open(f"{self.folder}/conf", "w", encoding="ascii") as f:
            f.write(DOVECOT.format(folder=self.folder, user=user, gid=pwd.getpwnam(user).pw_gid, more=more))

    def identity(self):
        return {}  # it needs root for its /usr

    def command(self, kind):
        who = ("setpriv", f"--reuid={self.user}", f"--regid={pwd.getpwnam(self.user).pw_gid}", "--clear-groups")
        return over_usr(("dovecot-core", "dovecot-imapd", "dovecot-pop3d"), *who,
                        "doveadm", "-c", f"{self.folder}/conf", "exec", kind)


class Courier(Server):
    def command(self, kind):
        package, program = {"pop3": ("courier-pop", "lib/courier/courier/courierpop3d"), "imap": ("courier-imap", "bin/imapd")}[kind]
        return [f"{os.path.dirname(for_users(package, 'courier-authlib')[0])}/{program}", "Maildir"]

    def environment(self, kind):
        libraries = for_users({"pop3": "courier-pop", "imap": "courier-imap"}[kind], "courier-authlib")[1]
        return {"AUTHENTICATED": self.user, "LD_LIBRARY_PATH": libraries, "IMAP_CAPABILITY": "IMAP4rev1"}


class Owlpost(Server):
    def command(self, kind):
        return [self.owlpost.program("owl-pop3d"), f"{self.home}/Maildir"]

    def environment(self, _kind):
        return self.owlpost.environment
