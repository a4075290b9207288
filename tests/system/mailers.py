"""Debian's mail servers as clients: what they are given they send on to one port."""
import os
import subprocess
import tempfile

from instance import WORK, read
from overlay import need_account, need_group, over_usr
from waiting import wait_until

SECONDS = 120

POSTFIX_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = postfix.test
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [127.0.0.1]:{port}
append_dot_mydomain = no
smtputf8_enable = yes
smtp_tls_security_level = none
smtp_host_lookup = native
"""
POSTFIX_SERVICES = """
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
"""

EXIM = """
primary_hostname = exim.test
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
log_selector = +all
keep_environment =
smtp_enforce_sync = false
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
chunking_advertise_hosts = *
acl_smtp_rcpt = accept
acl_smtp_data = accept
begin routers
everything:
  driver = manualroute
  route_list = * 127.0.0.1::{port}
  self = send
  transport = away
begin transports
away:
  driver = smtp
  hosts_try_chunking = {chunking}
  {more}
"""


def folder_for(name, *owner):
    """Short, for its sockets' paths."""
    folder = tempfile.mkdtemp(dir=WORK, prefix=f"{name}.")
    os.chmod(folder, 0o755)
    os.chown(folder, *(owner or (0, 0)))
    return folder


class Postfix:
    """Without more services a server without a port: mail comes by its sendmail command."""

    def __init__(self, bystanders, port, more="", services=""):
        self.folder = folder_for("postfix")
        self.uid, _ = need_account("postfix")
        self._make_queue(need_group("postdrop"))
        with open(f"{self.folder}/main.cf", "w", encoding="ascii") as f:
            f.write(POSTFIX_MAIN.format(folder=self.folder, port=port) + more)
        with open(f"{self.folder}/master.cf", "w", encoding="ascii") as f:
            f.write(POSTFIX_SERVICES + services)
        self.process = bystanders.start(self.command("/usr/lib/postfix/sbin/master", "-c", self.folder, "-d"),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: "daemon started" in self.log() or self.process.poll() is not None, SECONDS, self.log)
        assert self.process.poll() is None, self.log()

    def _make_queue(self, postdrop):
        for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop",
                     "pid", "private", "public", "saved", "trace", "../data"):
            path = f"{self.folder}/queue/{name}"
            os.makedirs(path)
            os.chmod(path, {"maildrop": 0o1730, "public": 0o710, "pid": 0o755}.get(name, 0o700))
            os.chown(path, 0 if name == "pid" else self.uid, postdrop if name in ("maildrop", "public") else 0)

    @staticmethod
    def command(*argv):
        return over_usr(["postfix"], *argv)

    def log(self):
        return read(f"{self.folder}/log")

    def send(self, message, *arguments):
        """Its sendmail command; taken when it returns."""
        done = subprocess.run(self.command("/usr/sbin/sendmail", "-C", self.folder, "-i", *arguments),
                              input=message, capture_output=True, timeout=SECONDS, check=False)
        assert done.returncode == 0, done.stderr

    def wait_for(self, words):
        wait_until(lambda: words in self.log(), SECONDS, self.log)


class Exim:
    """Each message by a process of its own that has tried to deliver when it ends."""

    def __init__(self, port, chunking="*", more=""):
        """more: of its transport."""
        self.folder = folder_for("exim", *need_account("Debian-exim"))
        with open(f"{self.folder}/conf", "w", encoding="ascii") as f:
            f.write(EXIM.format(folder=self.folder, port=port, chunking=chunking, more=more))

    def log(self):
        return read(f"{self.folder}/mainlog")

    def say(self, *lines):
        """SMTP on its descriptors; lines without their ends."""
        done = subprocess.run(
            over_usr(["exim4-daemon-light"], "/usr/sbin/exim4", "-C", f"{self.folder}/conf", "-odf", "-bs"),
            input="".join(f"{line}\r\n" for line in lines).encode(), capture_output=True, timeout=SECONDS, check=False)
        assert done.returncode == 0, (done.stdout, done.stderr)
        return done.stdout.decode()
