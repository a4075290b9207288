"""Mailbox servers that the benchmark measures, each with Maildirs of its own.

users() says whose Maildir it is; files are what the server keeps in one.
"""
import os
import pwd
import re
import signal
import socket
import subprocess
import sys

from rig import NOBODY, wait_until

sys.path.insert(0, f"{os.path.dirname(os.path.abspath(__file__))}/../system")
import instance  # noqa: E402

PASSWORD = "secret"
# for both: a hash that costs little
CRYPTED = "{CRYPT}$5$rounds=1000$benchbench$eD.lwpTEs1cDocuYAIm6q71z0ynpqeujFJioPwGstW2"
OWNER = (NOBODY.pw_uid, NOBODY.pw_gid)
PACKAGES = ("dovecot-core", "dovecot-pop3d")
OVER_USR = 'mount -t overlay overlay -o "lowerdir=$1:/usr" /usr && shift && exec "$@"'
# as it comes, but for paths and accounts
DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = pop3
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
first_valid_uid = 1
mail_location = maildir:~/Maildir
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={owner[0]} gid={owner[1]} home={folder}/home/%u
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {port}
  }}
}}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def children():
    found = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="latin-1") as f:
                found.setdefault(int(f.read().rsplit(")", 1)[1].split()[1]), []).append(int(entry))
        except OSError:
            pass  # it has ended
    return found


def pss_kib(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            return int(re.search(r"^Pss:\s+(\d+)", f.read(), re.M)[1])
    except (OSError, TypeError):
        return 0  # it has ended


class Server:
    def __init__(self, folder):
        self.folder, self.port, self.process = folder, free_port(), None
        os.makedirs(f"{folder}/home")
        for path in (os.path.dirname(folder), folder, f"{folder}/home"):
            os.chmod(path, 0o755)

    def launch(self, *argv):
        self.process = subprocess.Popen(argv, start_new_session=True)
        wait_until(self.answers, 20, f"{self.name} to answer")

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as s:
                return s.recv(1) == b"+"
        except OSError:
            return False

    def maildir(self, user):
        home = f"{self.folder}/home/{user}"
        if not os.path.isdir(home):
            os.mkdir(home)
            os.chown(home, *OWNER)
        return f"{home}/Maildir"

    def pids(self):
        tree, found, todo = children(), [], [self.process.pid]
        while todo:
            found.append(todo.pop())
            todo += tree.get(found[-1], [])
        return found

    def memory_kib(self):
        return sum(map(pss_kib, self.pids()))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Dovecot(Server):
    name, files = "Dovecot", ("dovecot*", "maildirfolder")

    def __init__(self, folder, users, peers):
        super().__init__(folder)
        os.mkdir(f"{folder}/state")
        with open(f"{folder}/users", "w") as f:
            f.writelines(f"{user}:{CRYPTED}::::::\n" for user in users)
        with open(f"{folder}/conf", "w", encoding="ascii") as f:
            f.write(DOVECOT.format(folder=folder, port=self.port, owner=OWNER))
        lower = ":".join(f"{peers}/{package}/usr" for package in PACKAGES)
        self.launch("unshare", "-m", "sh", "-c", OVER_USR, "sh", lower, "dovecot", "-F", "-c", f"{folder}/conf")


class Owlpost(Server):
    """In the place that tests/system/run makes: accounts, and the programs at their prefix."""
    name, files = "owlpost", ("owlpost-*",)

    def __init__(self, folder, users):
        super().__init__(folder)
        self.instance = instance.Instance(f"{folder}/instance", None)
        controls = self.instance.controls
        for setting, value in {"pop3listen": f"127.0.0.1:{self.port}", "authwithouttls": "1", "authbackend": "checkpw",
                               "maxmailboxsessions": "1000", "maxpop3sessionsperip": "0"}.items():
            self.instance.control(setting, value)
        os.mkdir(f"{controls}/auth")
        os.chown(f"{controls}/auth", 0, pwd.getpwnam("owlauth").pw_gid)
        os.chmod(f"{controls}/auth", 0o2750)
        with open(f"{controls}/auth/passwords", "w") as passwords:
            passwords.write("".join(f"{user}:{CRYPTED}\n" for user in ("", *users)))
        self.instance.call("owl-passwd", "rebuild", check=True)
        os.makedirs(f"{controls}/users", exist_ok=True)
        uid, gid = OWNER
        with open(f"{controls}/users/assign", "w") as f:
            f.writelines(f"={user}:nobody:{uid}:{gid}:{folder}/home/{user}:::\n" for user in users)
            f.write(".\n")
        self.instance.call("owl-newu", check=True)
        self.instance.start()
        self.process = self.instance.starter
        wait_until(self.answers, 20, self.instance.log)

    def stop(self):
        super().stop()
        self.instance.starter = None
