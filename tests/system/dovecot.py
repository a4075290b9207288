"""Debian's Dovecot as a mailbox server: LMTP, Maildirs, quotas and Sieve; and
IMAP for mailboxes that owlpost fills.

Its paths are compiled in, so it runs in a mount namespace of its own, in which
the unpacked packages lie over /usr.
"""
import contextlib
import glob
import imaplib
import os
import pwd
import signal
import tempfile

import processes
from instance import WORK
from overlay import over_usr
from waiting import wait_until

PACKAGES = ("dovecot-core", "dovecot-imapd", "dovecot-lmtpd", "dovecot-sieve")
POP3_PACKAGES = ("dovecot-core", "dovecot-pop3d")
COMMON = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
default_vsz_limit = 0
protocols = {protocol}
ssl = no
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
first_valid_uid = 1
auth_username_format = %Ln
passdb {{
  driver = static
  args = {password}
}}
"""
LMTP = """
hostname = store.test
postmaster_address = postmaster@owlpost.test
sendmail_path = {sendmail}
mail_location = maildir:~/Maildir
lmtp_save_to_detail_mailbox = no
lda_mailbox_autocreate = yes
lmtp_rawlog_dir = {folder}/rawlog
userdb {{
  driver = passwd-file
  args = {folder}/users
}}
service lmtp {{
  unix_listener {folder}/lmtp {{
    user = {client}
    mode = 0600
  }}
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
}}
protocol lmtp {{
  mail_plugins = quota sieve
}}
plugin {{
  quota = maildir:User quota
  quota_grace = 0
  sieve = ~/.dovecot.sieve
}}
"""

IMAP = """
disable_plaintext_auth = no
mail_location = {location}
# what Debian's other programs do, too
mbox_read_locks = fcntl
mbox_write_locks = fcntl dotlock
# with lazy writes it forgets a flag when mail comes before the flag is in the file
mbox_lazy_writes = no
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = 143
  }}
}}
"""

POP3 = """
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login apop
mail_location = maildir:~/Maildir
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    address = 127.0.0.1
  }}
  inet_listener pop3s {{
    address = 127.0.0.1
  }}
}}
"""


class Master:
    """A Dovecot in a folder of its own, which users may pass through."""

    def __init__(self, bystanders, protocol, packages=PACKAGES):
        self.bystanders, self.protocol, self.packages = bystanders, protocol, packages
        self.folder = tempfile.mkdtemp(dir=WORK, prefix="dovecot.")  # its sockets' paths have to be short
        os.chmod(self.folder, 0o711)
        os.mkdir(f"{self.folder}/state")
        self.master = None

    def configure(self, text, password="nopassword=y", **values):
        with open(f"{self.folder}/conf", "w", encoding="ascii") as f:
            f.write((COMMON + text).format(folder=self.folder, protocol=self.protocol, password=password, **values))

    def start(self):
        log = f"{self.folder}/log"
        at = os.path.getsize(log) if os.path.exists(log) else 0
        self.master = self.bystanders.start(over_usr(self.packages, "dovecot", "-F", "-c", f"{self.folder}/conf"))
        wait_until(lambda: f"starting up for {self.protocol}" in self.log()[at:] or self.master.poll() is not None, 20,
                   self.log)
        assert self.master.poll() is None, self.log()
        return self

    def log(self):
        try:
            with open(f"{self.folder}/log", encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def pids(self):
        return [self.master.pid, *processes.descendants(self.master.pid)]

    def kill(self):
        """All of it at one instant."""
        killed = processes.freeze(self.pids)
        for pid in killed:
            processes.send(pid, signal.SIGKILL)
        self.master.wait()
        wait_until(lambda: all((processes.stat(pid) or "?Z")[1] in "ZX" for pid in killed), 20, "Dovecot's end")
        self.bystanders.running.remove(self.master)


class Dovecot(Master):
    """users: {name: extra fields of Dovecot's passwd-file}.  Their mailboxes are
    owned by nobody."""

    def __init__(self, bystanders, users, sendmail, client="owlremote", port=24):
        super().__init__(bystanders, "lmtp")
        self.port = port
        self.socket = f"{self.folder}/lmtp"
        os.mkdir(f"{self.folder}/rawlog")
        os.chmod(f"{self.folder}/rawlog", 0o777)
        self.write_users(users)
        self.configure(LMTP, sendmail=sendmail, client=client, port=port)

    def write_users(self, users):
        """Dovecot sees at once what has changed."""
        account = pwd.getpwnam("nobody")
        with open(f"{self.folder}/users.new", "w") as f:
            for user, fields in users.items():
                f.write(f"{user}:x:{account.pw_uid}:{account.pw_gid}::{self.home(user)}::{fields}\n")
                os.makedirs(self.home(user), exist_ok=True)
                os.chown(self.home(user), account.pw_uid, account.pw_gid)
        os.rename(f"{self.folder}/users.new", f"{self.folder}/users")

    def home(self, user):
        return f"{self.folder}/mail/{user}"

    def script(self, user, text):
        """The user's Sieve script."""
        with open(f"{self.home(user)}/.dovecot.sieve", "w") as f:
            f.write(text)

    def kill(self):
        """Lock files that it leaves are nobody's;
        Dovecot would wait minutes before it takes them for that."""
        super().kill()
        for lock in glob.glob(f"{self.home('*')}/Maildir/*.lock") + glob.glob(f"{self.home('*')}/Maildir/.*/*.lock"):
            os.unlink(lock)

    def messages(self, user, mailbox=""):
        """The octets of what lies in a mailbox, the oldest first."""
        folder = f"{self.home(user)}/Maildir/{mailbox}/new"
        found = []
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            with open(f"{folder}/{name}", "rb") as f:
                found.append(f.read())
        return found

    def count(self, user):
        folder = f"{self.home(user)}/Maildir/new"
        return len(os.listdir(folder)) if os.path.isdir(folder) else 0

    def wait_for_mail(self, user, count=1, mailbox="", seconds=30):
        wait_until(lambda: len(self.messages(user, mailbox)) >= count, seconds,
                   lambda: f"{len(self.messages(user, mailbox))} of {count} for {user}; {self.log()[-3000:]}")
        return self.messages(user, mailbox)

    def dialogs(self):
        """What clients said, session by session."""
        found = []
        for name in sorted(os.listdir(f"{self.folder}/rawlog")):
            if name.endswith(".in"):
                with open(f"{self.folder}/rawlog/{name}", "rb") as f:
                    found.append(f.read())
        return found


class Imap(Master):
    """Shows one user's mailboxes by IMAP; location as in mail_location."""

    def __init__(self, bystanders, owlpost, user, location):
        super().__init__(bystanders, "imap")
        account = pwd.getpwnam(user)
        self.user = user
        self.configure(IMAP, location=location, uid=account.pw_uid, gid=account.pw_gid, home=owlpost.home(user))

    @contextlib.contextmanager
    def inbox(self):
        """A session in which INBOX is selected; afterwards Dovecot writes to it no more."""
        with imaplib.IMAP4("127.0.0.1", 143, timeout=60) as session:
            self.ask(session.login, self.user, "x")
            self.ask(session.select, "INBOX")
            yield session
            self.ask(session.unselect)

    def ask(self, command, *arguments):
        """What the server answers; it must agree."""
        kind, answer = command(*arguments)
        assert kind == "OK", f"{arguments}: {answer} {self.log()[-2000:]}"
        return answer


class Pop3(Master):
    """Shows one user's Maildir by POP3, on ports 110 and 995, with this
    certificate (certificates.py) and password."""

    def __init__(self, bystanders, user, home, certificate, password):
        super().__init__(bystanders, "pop3", POP3_PACKAGES)
        account = pwd.getpwnam(user)
        cert, key = certificate.write(self.folder, "server")
        self.configure(POP3, password=f"password={{PLAIN}}{password}", certificate=cert, key=key, uid=account.pw_uid,
                       gid=account.pw_gid, home=home)
