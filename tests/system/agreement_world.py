"""One place for set-ups after one another, with what answers RCPT and what delivers.

No instance is started: owl-smtpd is given a socket, as by inetd, and owl-lspawn
the runner's, so that a set-up costs some ten processes and no queue.
"""
import json
import os
import pwd
import re
import socket
import subprocess

import agent
from instance import SANITIZER_REPORT
from waiting import wait_until

BODY = b"Subject: x\n\nbody\n"
ATOM = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*")


def quoted(address, always=False):
    """As SMTP writes it."""
    local, _, domain = address.rpartition("@")
    if always or not ATOM.fullmatch(local):
        local = '"' + re.sub(r'([\\"])', r"\\\1", local) + '"'
    return f"{local}@{domain}"


class World:
    def __init__(self, owlpost):
        self.owlpost = owlpost
        self.folder = f"{owlpost.folder}/world"
        os.mkdir(self.folder)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=711", "none", self.folder], check=True)
        with open("/etc/passwd") as f:
            self.passwd = f.read()
        for name, value in (("maxerrors", "1000"), ("aliasfile", f"{self.folder}/aliases"),
                            ("smtproutes", ":127.0.0.1:9"), ("rcpthosts", "local.test\nv.test\n.w.test\nhack.test")):
            owlpost.control(name, value)
        owlpost.setup()
        self.log = open(f"{self.folder}/log", "a+b")
        self.spawner = None
        self.setup = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.leave()
        finally:
            self.log.close()
            self.write("/etc/passwd", self.passwd)
            subprocess.run(["umount", "--lazy", self.folder], check=True)

    @staticmethod
    def write(path, text):
        with open(path, "w") as f:
            f.write(text)

    def furnish(self, setup):
        """Its files."""
        self.setup = setup
        accounts = "".join(line for line in self.passwd.splitlines(True)
                           if not re.match("(joe|ann|alias):", line))
        self.write("/etc/passwd", accounts + ("" if setup.controls["passwdfile"] else setup.passwd()))
        for name, value in setup.controls.items():
            self.owlpost.control(name, value)
        setup.write()
        self._compile(setup)

    def enter(self, setup):
        """And somebody who answers."""
        self.furnish(setup)
        for path in (self.owlpost.run, f"{self.owlpost.run}/rcpt"):
            os.makedirs(path, 0o711, exist_ok=True)
            os.chmod(path, 0o711)
        self.log.truncate(0)
        self.spawner = agent.Spawner([self.owlpost.program("owl-lspawn")], self.owlpost.environment, stderr=self.log)
        wait_until(self._answers, 20, self.said, every=0.001)

    def _compile(self, setup):
        users, aliases = f"{self.owlpost.controls}/users", f"{self.owlpost.controls}/aliases.cdb"
        os.makedirs(users, exist_ok=True)
        for path in (f"{users}/cdb", aliases):
            if os.path.exists(path):
                os.unlink(path)
        if setup.assigned:
            self.write(f"{users}/assign", "".join(f"{line}\n" for line in (*setup.assigned, ".")))
            self.owlpost.call("owl-newu", check=True)
            if setup.assigned_is == "writable":
                os.chmod(f"{users}/cdb", 0o666)
            if setup.assigned_is == "damaged":
                os.truncate(f"{users}/cdb", 2000)
        if setup.aliases:
            self.write(f"{self.folder}/aliases", "".join(f"{k}: {v}\n\n" for k, v in setup.aliases.items()))
            done = self.owlpost.call("owl-newaliases")
            assert done.returncode == 0, (setup.number, setup.aliases, done.stderr)

    def _answers(self):
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(f"{self.owlpost.run}/rcpt/socket") == 0

    def leave(self):
        if self.spawner:
            self.spawner.close()
            with open(self.log.name, encoding="utf-8", errors="replace") as log:
                assert not (report := SANITIZER_REPORT.search(log.read())), report.group(0)
        if self.setup:
            self.setup.remove()
        self.spawner = self.setup = None

    def said(self):
        """By owl-lspawn."""
        self.log.seek(0)
        return [line for line in self.log.read().decode(errors="replace").splitlines() if "owl-lspawn" in line]

    # ---- the same question, in three ways

    def rcpt(self, addresses):
        """{address: (reply code, status)} of one session."""
        account = pwd.getpwnam("owlsmtpd")
        ours, theirs = socket.socketpair()
        ours.settimeout(60)
        with theirs:
            process = subprocess.Popen(
                [self.owlpost.program("owl-smtpd")], stdin=theirs, stdout=theirs, stderr=self.log, extra_groups=[],
                user=account.pw_uid, group=account.pw_gid, env=self.owlpost.environment | {
                    "PROTO": "TCP", "TCPREMOTEIP": "127.0.0.1", "TCPREMOTEPORT": "1024", "TCPLOCALIP": "127.0.0.1",
                    "TCPLOCALPORT": "25"})
        with ours, ours.makefile("r", encoding="utf-8", newline="\r\n") as replies:
            say = "".join(f"RCPT TO:<{quoted(a)}>\r\n" for a in addresses)
            self._reply(replies)
            ours.sendall(b"EHLO client.test\r\n")
            self._reply(replies)
            ours.sendall(f"MAIL FROM:<sender@sender.test> SMTPUTF8\r\n{say}QUIT\r\n".encode())
            assert self._reply(replies)[0] == 250
            found = {address: self._reply(replies) for address in addresses}
            replies.read()
        assert process.wait(20) == 0
        return found

    @staticmethod
    def _reply(replies):
        while (line := replies.readline())[3:4] == "-":
            pass
        return int(line[:3]), line[4:].split(" ", 1)[0]

    def deliver(self, addresses):
        """[(class, status, text)] of a message for each."""
        workers = [self.spawner.worker(agent.LOCAL, address=a) for a in addresses]
        for number, (worker, address) in enumerate(zip(workers, addresses)):
            try:
                worker.send(agent.Job(number, "sender@sender.test", [address], BODY))
                agent.send_frame(worker.sock, agent.CLOSE)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it has refused, which is to be read
        results = [worker.receive()[1] for worker in workers]
        for worker in workers:
            worker.sock.close()
        return [(r["class"], r.get("status", ""), r.get("text", "")) for r in results]

    def explain(self, address):
        """(outcome, status, text, kinds of instructions) of what owl-lspawn foretells for a routed address."""
        done = self.owlpost.call("owl-lspawn", "--explain", address)
        lines = [dict(part.split("=", 1) for part in line.split("\t")[2:] if "=" in part) | {"fact": line.split("\t")[0]}
                 for line in done.stdout.decode(errors="replace").splitlines()]
        last = [f for f in lines if f["fact"] == "result"][-1]
        return last["outcome"], last.get("status", ""), [f for f in lines if f["fact"] == "instruction"]

    def owlq(self, address):
        """What owlq explain says: (reply code, status), and the routed address or None."""
        # quoted, a local part that begins with a dash is no option
        facts = json.loads(self.owlpost.owlq("explain", "--json", "--sender", "sender@sender.test", quoted(address, True)))
        reply = facts["smtp"][-1]
        route = [f for f in facts["route"] if f["fact"] == "route"][-1]
        return (int(reply["code"]), reply["status"]), route["address"] if route["channel"] == "local" else None
