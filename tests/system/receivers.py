"""Debian's mail servers as next hops: what comes for peer.test lies in a Maildir."""
import os
import pwd
import re
import subprocess

from mailers import Postfix, folder_for
from opensmtpd import OpenSmtpd
from overlay import need_account, over_usr
from peers import answers, free_port
from waiting import wait_until

SECONDS = 1800
RETURN_PATH = re.compile(rb"Return-path: <s(\d+)@sender\.test>\n", re.IGNORECASE)

POSTFIX_MAIN = """
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = peer.test
virtual_mailbox_maps = static:new/
virtual_mailbox_base = {box}
virtual_mailbox_limit = 0
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_discard_ehlo_keywords = {without}
"""
POSTFIX_SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
"""

EXIM = """
primary_hostname = exim.test
local_interfaces = 127.0.0.1
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
keep_environment =
queue_only = true
smtp_accept_queue_per_connection = 0
smtputf8_advertise_hosts = *
chunking_advertise_hosts = {chunking}
message_size_limit = 100M
acl_smtp_rcpt = accept domains = peer.test
acl_smtp_data = accept
begin routers
here:
  driver = accept
  domains = peer.test
  transport = box
begin transports
box:
  driver = appendfile
  maildir_format
  directory = {box}/new
  create_directory
  user = joe
  return_path_add
"""

OPENSMTPD = """
table users {{ "@peer.test" = "joe" }}
smtp max-message-size 100M
smtp limit max-mails 100000
listen on 127.0.0.1 port {port} hostname opensmtpd.test
action "box" maildir "{box}/new" virtual <users>
match from any for domain "peer.test" action "box"
"""


class Receiver:
    """port: where it listens.  letters(count): waits until so many have been taken
    care of, and gives (number in the reverse-path, octets) of each."""

    def __init__(self, name, *owner):
        self.folder, self.box = folder_for(name, *owner), folder_for("box")
        account = pwd.getpwnam("joe")
        os.chown(self.box, account.pw_uid, account.pw_gid)
        self.port = free_port()

    def paths(self):
        new = f"{self.box}/new/new"
        return [f"{new}/{name}" for name in os.listdir(new)] if os.path.isdir(new) else []

    def deliver(self, count):
        wait_until(lambda: len(self.paths()) >= count, SECONDS, lambda: f"{len(self.paths())} of {count}")

    def letters(self, count):
        self.deliver(count)
        for path in self.paths():
            with open(path, "rb") as f:
                octets = f.read()
            numbers = RETURN_PATH.findall(octets)
            yield int(numbers[0]) if numbers else None, octets


class PostfixReceiver(Receiver):
    def __init__(self, bystanders, chunking):
        super().__init__("postfix-box")
        joe = pwd.getpwnam("joe")
        more = POSTFIX_MAIN.format(box=self.box, uid=joe.pw_uid, gid=joe.pw_gid, without="" if chunking else "chunking")
        self.postfix = Postfix(bystanders, free_port(), more,
                               POSTFIX_SERVICES.format(port=self.port))
        wait_until(lambda: answers(self.port), SECONDS, self.postfix.log)


class EximReceiver(Receiver):
    def __init__(self, bystanders, chunking):
        super().__init__("exim-box", *need_account("Debian-exim"))
        with open(f"{self.folder}/conf", "w", encoding="ascii") as f:
            f.write(EXIM.format(folder=self.folder, box=self.box, chunking="*" if chunking else ":"))
        self.process = bystanders.start(self.command("-bdf", "-oX", str(self.port)), stderr=subprocess.DEVNULL)
        wait_until(lambda: answers(self.port) or self.process.poll() is not None, 60, "exim")

    def command(self, *arguments):
        return over_usr(["exim4-daemon-light"], "/usr/sbin/exim4", "-C", f"{self.folder}/conf", *arguments)

    def deliver(self, count):
        """Two at a time go through what lies there."""
        for runner in [subprocess.Popen(self.command("-q")) for _ in range(2)]:
            assert runner.wait(SECONDS) == 0
        super().deliver(count)


class OpenSmtpdReceiver(Receiver):
    def __init__(self, bystanders):
        super().__init__("opensmtpd-box")
        OpenSmtpd(bystanders, self.port, OPENSMTPD.format(port=self.port, box=self.box))
