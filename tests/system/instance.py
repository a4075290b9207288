"""The one builder of instances: an owlpost of its own for each test.

As root, in the namespaces that ./run makes, an instance is as in production:
the compiled-in control folder, owlpost's accounts, the set-gid injector, mail
users with homes of their own, port 25.  As anybody else it is a private
instance: all processes run as that user, who also owns all mailboxes; ports
are free ones, and the environment names the folders.
"""
import os
import pwd
import re
import shutil
import signal
import smtplib
import subprocess
import tempfile

import processes
from peers import free_port, listens
from waiting import wait_until

ROOT = os.geteuid() == 0
PREFIX = "/srv/owlpost"
WORK = os.environ.get("OWLPOST_WORK", "")
USERS = ("joe", "ann", "mallory", "alias")
SANITIZER_REPORT = re.compile(r"(?:ERROR: \w+Sanitizer|runtime error:)(?:.*\n){1,12}")
DEFAULTS = {
    "me": "owlpost.test",
    "locals": "owlpost.test\nlocal.test",
    "rcpthosts": "owlpost.test\nlocal.test",
    "timeoutconnect": "5",
    "timeoutdns": "5",
    "timeoutremote": "20",
    "timeoutsmtpd": "60",
    "tlsdaemon": "0",
}


class Instance:
    def __init__(self, folder, bystanders, build="plain"):
        self.folder, self.bystanders, self.build = str(folder), bystanders, build
        self.starter = None
        self.listeners = []
        self.logs = []
        self.port = None
        self.queue, self.run = f"{self.folder}/queue", f"{self.folder}/run"
        self.prefix = f"{WORK}/srv/{build}"
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        if ROOT:
            self.prefix = PREFIX
            subprocess.run(["mount", "--bind", f"/srv/{build}", PREFIX], check=True)
            self.controls = f"{PREFIX}/etc/owlpost"
            shutil.rmtree(self.controls, ignore_errors=True)
        else:
            self.controls = f"{self.folder}/control"
            self.environment |= {"OWLPOST_CONTROL": self.controls,
                                 "OWLPOST_LIBEXEC": f"{self.prefix}/libexec/owlpost"}
        os.makedirs(self.controls)
        for name, value in DEFAULTS.items():
            self.control(name, value)
        self.control("queuedir", self.queue)
        self.control("rundir", self.run)
        self.control("remotedir", f"{self.folder}/remote")
        self._make_homes()

    # ---- furnishing

    def control(self, name, value):
        """Writes a control file; None takes it away."""
        path = f"{self.controls}/{name}"
        if value is None:
            if os.path.exists(path):
                os.unlink(path)
            return
        with open(path, "w") as f:
            f.write(f"{value}\n")

    def _make_homes(self):
        lines = []
        for user in USERS:
            home = self.home(user)
            shutil.rmtree(home, ignore_errors=True)
            os.makedirs(f"{home}/Maildir/tmp", mode=0o700)
            for part in ("new", "cur"):
                os.mkdir(f"{home}/Maildir/{part}", 0o700)
            for path in (home, f"{home}/Maildir", *(f"{home}/Maildir/{p}" for p in ("tmp", "new", "cur"))):
                os.chmod(path, 0o700)
                self.give(user, path)
            lines.append(f"{user}:x:{os.getuid()}:{os.getgid()}::{home}:/bin/sh\n")
        if not ROOT:
            with open(f"{self.folder}/passwd", "w") as f:
                f.writelines(lines)
            self.control("passwdfile", f"{self.folder}/passwd")

    def home(self, user):
        return f"{WORK}/home/{user}" if ROOT else f"{self.folder}/home/{user}"

    def give(self, user, path):
        if ROOT:
            account = pwd.getpwnam(user)
            os.chown(path, account.pw_uid, account.pw_gid)

    def dot_qmail(self, user, extension, text, mode=0o600):
        """Writes a .qmail file: extension "" or "-list"."""
        path = f"{self.home(user)}/.qmail{extension}"
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, mode)
        self.give(user, path)

    def tls(self, *certificates, staple=None):
        """Sets owl-tlsd up with these (certificates.py); the first may have an OCSP answer."""
        folder = f"{self.controls}/certificates"
        os.makedirs(folder, exist_ok=True)
        lines = []
        for certificate in certificates:
            name = certificate.fingerprint()[:16]
            files = list(certificate.write(folder, name))
            if staple and not lines:
                files.append(f"{folder}/{name}.ocsp")
                with open(files[-1], "wb") as f:
                    f.write(staple)
            for path in files:
                os.chmod(path, 0o640)
                self.give("owltls", path)
            lines.append(" ".join(files))
        self.control("tlscertificates", "\n".join(lines))
        self.control("tlsdaemon", "1")

    def mailboxes(self, passwords):
        """owl-authd with owlpost's own password file: {log-in name: password}."""
        folder = f"{self.controls}/auth"
        os.makedirs(folder, exist_ok=True)
        if ROOT:
            os.chown(folder, 0, pwd.getpwnam("owlauth").pw_gid)
        os.chmod(folder, 0o2750)
        for user, password in passwords.items():
            self.call("owl-passwd", "-i", "4096", "-s", "scram,cram-md5,plain", "add", user,
                      input=password.encode() + b"\n", check=True)
        for name, value in {"authbackend": "checkpw", "authdelay": "0", "authdelaymax": "0", "authfailures": "0"}.items():
            self.control(name, value)

    # ---- programs

    def program(self, name):
        for folder in ("libexec/owlpost", "libexec/owlpost/dotqmail", "bin", "sbin"):
            path = f"{self.prefix}/{folder}/{name}"
            if os.path.exists(path):
                return path
        raise FileNotFoundError(f"{name} is not installed under {self.prefix}")

    def call(self, name, *arguments, user=None, environment=None, check=False, timeout=30, **options):
        """Runs one of owlpost's programs to its end."""
        return subprocess.run(
            [self.program(name), *arguments], env=self.environment | (environment or {}), timeout=timeout,
            check=check, **{"capture_output": True, "stdin": subprocess.DEVNULL if "input" not in options else None}
            | self.identity(user) | options)

    @staticmethod
    def identity(user):
        """Options of subprocess that make it run as that user."""
        if not ROOT or user is None:
            return {}
        account = pwd.getpwnam(user)
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def owlq(self, *arguments):
        """The output of owlq, which must work."""
        done = self.call("owlq", *arguments)
        assert done.returncode == 0, f"owlq {arguments}: exit {done.returncode}: {done.stderr.decode()}"
        return done.stdout.decode("utf-8", "replace")

    def inject(self, message, *recipients, sender=None, user="ann", arguments=(), environment=None):
        """The sendmail command; CompletedProcess."""
        if isinstance(message, str):
            message = message.encode()
        who = ("-f", sender) if sender is not None else ()
        return self.call("sendmail", "-i", *who, *arguments, "--", *recipients, user=user,
                         input=message, environment={"HOME": self.home(user), "USER": user} | (environment or {}))

    def put(self, body, sender, recipient):
        """By the injector."""
        with tempfile.TemporaryFile() as message, tempfile.TemporaryFile() as envelope:
            message.write(body)
            envelope.write(b"F%s\0T%s\0\0" % (sender.encode(), recipient.encode()))
            for each in (message, envelope):
                each.seek(0)
            self.call("owl-queue", stdin=message, stdout=envelope, capture_output=False, check=True)

    # ---- life

    def setup(self):
        self.call("owlq", "setup", check=True)

    def _log(self, name):
        path = f"{self.folder}/{name}.log"
        if path not in self.logs:
            self.logs.append(path)
        return open(path, "ab")

    def start(self, wrapper=(), setup=True):
        if setup and not os.path.isdir(f"{self.queue}/todo"):
            self.setup()
        with self._log("owlpost") as log:
            at = log.tell()
            self.starter = subprocess.Popen([*wrapper, self.program("owl-start")], env=self.environment,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: self.starter.poll() is not None or self._answers(at), 20,
                   lambda: f"owl-start does not come up: {self.log()}")
        assert self.starter.poll() is None, f"owl-start ended with {self.starter.returncode}: {self.log()}"

    def _answers(self, at):
        return (os.path.exists(f"{self.run}/rcpt/socket") and "status: " in self.log()[at:]
                and (self._setting("injectors") == "0" or os.path.exists(f"{self.run}/inject/socket")
                     or "no injectors are kept ready" in self.log()[at:])
                and (not self._setting("tlscertificates") or os.path.exists(f"{self.run}/tls/certificate")))

    def _setting(self, name):
        path = f"{self.controls}/{name}"
        return open(path).read().strip() if os.path.exists(path) else ""

    def listen(self, relay=False, wrapper=(), port=None, environment=None, concurrency=200, arguments=(),
               program="owl-smtpd", guard=()):
        """A receiver under tcpserver, behind the guard's command; the port."""
        if port is None:
            port = 25 if ROOT and not self.listeners else free_port()
        environment = self.environment | (environment or {}) | ({"RELAYCLIENT": ""} if relay else {})
        who, service = [], "pop" if program == "owl-popup" else "smtpd"
        if ROOT:
            account = pwd.getpwnam(f"owl{service}")
            who = ["-u", str(account.pw_uid), "-g", str(account.pw_gid)]
        with self._log(service) as log:
            self.listeners.append(subprocess.Popen(
                [*wrapper, "tcpserver", "-H", "-R", "-l", "owlpost.test", "-c", str(concurrency), *who, *arguments,
                 "127.0.0.1", str(port), *guard, self.program(program)],
                env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        wait_until(lambda: listens(port), 10, f"tcpserver on port {port}")
        self.port = self.port or port
        return port

    def up(self, **how):
        """Starts it with one listener; itself."""
        self.start()
        self.listen(**how)
        return self

    def pids(self):
        """Every living process of the instance."""
        return processes.descendants(os.getpid(), without=self.bystanders.pids())

    def named(self, name):
        """Its processes of that name."""
        return [p for p in self.pids() if processes.name(p) == name[:15]]

    def leader(self, name):
        """The one of them that another program has started.  Numbers wrap: it need not have the least."""
        pids = self.named(name)
        [pid] = [p for p in pids if processes.stat(p)[2] not in pids]
        return pid

    def kill_all(self):
        processes.kill(self.pids)
        for p in [self.starter, *self.listeners]:
            if p:
                p.wait()
        self.starter, self.listeners, self.port = None, [], None

    def stop(self, seconds=20):
        """The ordinary end; everything must be gone in time."""
        for p in self.listeners:
            p.terminate()
            p.wait()
        self.listeners, self.port = [], None
        if self.starter:
            self.starter.send_signal(signal.SIGTERM)
            self.starter.wait(seconds)
            self.starter = None
        try:
            wait_until(lambda: not self.pids(), seconds,
                       lambda: f"still running: {[(p, processes.name(p)) for p in self.pids()]}")
        finally:
            self.kill_all()

    def dismantle(self):
        """Ends it however it is; fails where a sanitizer complained."""
        self.kill_all()
        self.bystanders.end()
        processes.reap_all()
        reports = [m.group(0) for path in self.logs for m in SANITIZER_REPORT.finditer(read(path))]
        if ROOT:
            # what a bystander has started may need a moment for its end
            wait_until(lambda: subprocess.run(["umount", PREFIX], stderr=subprocess.DEVNULL).returncode == 0, 10, PREFIX)
        assert not reports, "\n".join(reports)

    # ---- what became of it

    def log(self, name="owlpost"):
        return read(f"{self.folder}/{name}.log")

    def log_size(self):
        """Octets of the log, as deliveries_under_way() takes them."""
        path = f"{self.folder}/owlpost.log"
        return os.path.getsize(path) if os.path.exists(path) else 0

    def deliveries_under_way(self, since=0):
        """Delivery numbers that the log starts, behind that octet, and does not end."""
        with open(f"{self.folder}/owlpost.log", "rb") as f:
            f.seek(since)
            log = f.read()
        begun = re.findall(rb"starting delivery (\d+):", log)
        return set(begun) - set(re.findall(rb"delivery (\d+): (?:success|failure|deferral|report)", log))

    def maildir(self, user):
        """Paths of the messages in new/, the oldest first."""
        folder = f"{self.home(user)}/Maildir/new"
        return sorted(f"{folder}/{name}" for name in os.listdir(folder))

    def messages(self, user):
        """The messages' octets."""
        found = []
        for path in self.maildir(user):
            with open(path, "rb") as f:
                found.append(f.read())
        return found

    def wait_for_mail(self, user, count=1, seconds=30):
        wait_until(lambda: len(self.maildir(user)) >= count, seconds,
                   lambda: f"{len(self.maildir(user))} of {count} messages for {user}; log: {self.log()[-2000:]}")
        return self.messages(user)

    def queued(self):
        """Files of messages and logs in the queue."""
        return [os.path.join(folder, name)
                for top in ("todo", "wait", "bad") for folder, _, names in os.walk(f"{self.queue}/{top}")
                for name in names]

    def wait_for_empty_queue(self, seconds=30):
        wait_until(lambda: not self.queued(), seconds,
                   lambda: f"in the queue: {self.queued()[:5]}; log: {self.log()[-2000:]}")

    # ---- SMTP

    def client(self, port=None):
        return smtplib.SMTP("127.0.0.1", port or self.port, local_hostname="client.test", timeout=30)

    def submit(self, message, *recipients, sender="sender@sender.test", port=None, options=()):
        """One message in a session of its own; smtplib's exceptions."""
        with self.client(port) as session:
            session.sendmail(sender, recipients, message, mail_options=options)


def read(path):
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()
