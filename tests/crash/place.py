"""A private instance, and its runner with us as the remote spawner.

    place = Place(folder, programs)     # folders, control files, mailboxes
    place.inject(message, sender, recipients)
    place.submit(message, sender, recipients)   # by SMTP, when a runner is there
    place.owlq("hold", "--yes", "--all")
    runner = place.start(policy)        # owl-send and owl-lspawn
    runner.wait(lambda: ...)            # plays the other hosts meanwhile
    runner.stop()

place.root is what a crash concerns: queue/ and home/.  All runs as one user.
"""
import contextlib
import os
import re
import select
import signal
import smtplib
import socket
import subprocess
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
import agent  # noqa: E402

CONTROLS = {"me": "here.test", "locals": "here.test", "syncinterval": "0", "timeoutidle": "1"}
USERS = ("joe", "ann", "alias")
QUEUE_FOLDERS = ("todo", "tmp", "bad", *(f"wait/{n:02x}" for n in range(256)))
PATIENCE_S = 2
HURRIES_MAX = 20  # for each second of patience: more attempts will not help


class Place:
    def __init__(self, folder, programs, controls=(), dot_qmail=(), has_orders=False):
        self.folder, self.programs, self.has_orders = folder, programs, has_orders
        self.root, self.run = f"{folder}/root", f"{folder}/run"
        self.queue, self.home = f"{self.root}/queue", f"{self.root}/home"
        self.environment = {"OWLPOST_CONTROL": f"{folder}/control", "OWLPOST_LIBEXEC": programs,
                            "PATH": os.environ["PATH"]}
        for path in (f"{folder}/control", self.home, f"{self.run}/control", f"{self.run}/etrn", f"{self.run}/rcpt"):
            os.makedirs(path, mode=0o700, exist_ok=True)
        for name, value in {**CONTROLS, "queuedir": self.queue, "rundir": self.run,
                            "passwdfile": f"{folder}/passwd", **dict(controls)}.items():
            self.control(name, value)
        self._make_homes()
        for name, text in dict(dot_qmail).items():
            with open(f"{self.home}/{name}", "w") as f:
                f.write(text)
            os.chmod(f"{self.home}/{name}", 0o600)
        self.owlq_path = os.path.normpath(f"{programs}/../../bin/owlq")
        self.owlq("setup")

    def control(self, name, value):
        with open(f"{self.folder}/control/{name}", "w") as f:
            f.write(f"{value}\n")

    def _make_homes(self):
        """ann's Maildir is for owl-local to make."""
        with open(f"{self.folder}/passwd", "w") as f:
            for user in USERS:
                home = f"{self.home}/{user}"
                for part in ("tmp", "new", "cur") if user != "ann" else ():
                    os.makedirs(f"{home}/Maildir/{part}", mode=0o700)
                os.makedirs(home, mode=0o700, exist_ok=True)
                f.write(f"{user}:x:{os.getuid()}:{os.getgid()}::{home}:/bin/sh\n")

    def inject(self, message, sender, recipients):
        """The injector's exit code."""
        envelope = b"F%s\0" % sender.encode() + b"".join(b"T%s\0" % r.encode() for r in recipients) + b"\0"
        ends = [os.memfd_create("inject") for _ in range(2)]
        for fd, octets in zip(ends, (message, envelope)):
            os.write(fd, octets)
            os.lseek(fd, 0, os.SEEK_SET)
        done = subprocess.run([f"{self.programs}/owl-queue"], env=self.environment, stdin=ends[0], stdout=ends[1])
        for fd in ends:
            os.close(fd)
        return done.returncode

    @contextlib.contextmanager
    def session(self):
        client, server = socket.socketpair()
        with subprocess.Popen([f"{self.programs}/owl-smtpd"], env=self.environment | {"RELAYCLIENT": ""},
                              stdin=server, stdout=server, stderr=subprocess.DEVNULL), server, client:
            session = smtplib.SMTP(local_hostname="client.test")
            session.sock = client
            session.getreply()
            session.ehlo()
            yield session
            session.quit()

    def submit(self, message, sender, recipients):
        """In a session of its own; the reply to the data."""
        return self.submit_together([message], sender, recipients)[0]

    def submit_together(self, messages, sender, recipients):
        """In sessions that all come to the end of their data before one has its reply; the
        replies."""
        with contextlib.ExitStack() as stack:
            sessions = [stack.enter_context(self.session()) for _ in messages]
            for session, message in zip(sessions, messages):
                session.mail(sender)
                for address in recipients:
                    session.rcpt(address)
                session.docmd("data")
                session.send(message.replace(b"\n", b"\r\n"))
            for session in sessions:
                session.send(b".\r\n")
            return [session.getreply() for session in sessions]

    @contextlib.contextmanager
    def ready_injectors(self):
        """One, which takes what comes by SMTP."""
        self.control("injectors", "1")
        with subprocess.Popen([f"{self.programs}/owl-queued"], env=self.environment) as process:
            until = time.monotonic() + 20
            while not os.path.exists(f"{self.run}/inject/socket"):
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError("owl-queued does not come up")
                time.sleep(0.01)
            try:
                yield
            finally:
                process.terminate()
        if process.returncode:
            raise RuntimeError(f"owl-queued: exit {process.returncode}")

    def owlq(self, *arguments):
        subprocess.run([self.owlq_path, *arguments], env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def status(self):
        """How many messages wait, are active, are held, as the runner says."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(f"{self.run}/control/socket")
            sock.sendall(agent.frame(1, protocol=b"C"))
            octets = sock.recv(65536)
        numbers = {tag: int.from_bytes(value, "big") for tag, value in agent.items(octets[agent.HEAD.size:])}
        return [numbers.get(tag, 0) for tag in (0x0504, 0x0505, 0x0513)]  # lib/tag.h

    def waiting(self):
        """Ids of messages: one may have both names."""
        return {os.path.basename(p) for p in self.queue_files()
                if p.startswith(("todo/", "wait/")) and not p.endswith(".log")}

    def queue_files(self):
        found = []
        for folder in QUEUE_FOLDERS:
            with os.scandir(f"{self.queue}/{folder}") as entries:
                found += [f"{folder}/{e.name}" for e in entries]
        return found

    def start(self, policy):
        return Runner(self, policy)


class Runner:
    """policy(address): (class, status) of a remote delivery.  .log has what it
    said, .remote [(address, body)] what other hosts took."""

    def __init__(self, place, policy):
        self.place, self.policy = place, policy
        self.log, self.remote, self.jobs = [], [], {}
        self.code = None
        self._partial = b""
        self._poll = select.poll()
        log, log_end = os.pipe()
        local = socket.socketpair()
        self._spawner, remote_end = socket.socketpair()
        self._log = log
        self._buffers = {}
        programs = place.programs
        self._lspawn = self._spawn(f"{programs}/owl-lspawn", [local[1].fileno(), os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC), log_end])
        self.pid = self._spawn(f"{programs}/owl-send", [local[0].fileno(), remote_end.fileno(), log_end])
        for end in (*local, remote_end):
            end.close()
        os.close(log_end)
        self._workers = {}
        for fd in (log, self._spawner.fileno()):
            os.set_blocking(fd, False)
            self._poll.register(fd, select.POLLIN)

    def _spawn(self, program, descriptors):
        actions = [(os.POSIX_SPAWN_DUP2, fd, at) for at, fd in enumerate(descriptors)]
        pid = os.posix_spawn(program, [program], self.place.environment, file_actions=actions)
        if descriptors[1] != descriptors[0] and len(descriptors) == 3 and program.endswith("lspawn"):
            os.close(descriptors[1])
        return pid

    def pump(self, ms):
        """Handles what comes within ms; whether anything did."""
        ready = self._poll.poll(ms)
        for fd, _ in ready:
            if fd == self._log:
                self._read_log()
            elif fd == self._spawner.fileno():
                self._take_worker()
            elif fd in self._workers:
                self._serve(fd)
        return bool(ready)

    def wait(self, true, seconds=20):
        until = time.monotonic() + seconds
        while not true():
            if time.monotonic() > until:
                raise TimeoutError("the runner does not come that far:\n" + "\n".join(self.log))
            self.pump(50)

    def wait_log(self, pattern, count=1, seconds=20):
        """Until count lines match."""
        self.wait(lambda: sum(bool(re.search(pattern, line)) for line in self.log) >= count, seconds)

    def rest(self, ms):
        """Until nothing has happened for so long."""
        while self.pump(ms):
            pass

    def has_ended(self):
        return self._log is None

    def all_held(self):
        """Nothing but held messages is left."""
        waiting, active, held = self.place.status()
        return held == waiting == len(self.place.waiting()) and not active

    def work_off(self, patience_s=PATIENCE_S):
        """Hurries it until the queue is empty, or what is left is held; whether it
        came to that."""
        seen, until, hurries = 0, time.monotonic() + patience_s, 0
        while hurries < HURRIES_MAX * patience_s and time.monotonic() < until and not self.has_ended():
            quiet = not self.pump(4 if hurries < 20 else 40)
            if len(self.log) > seen:
                seen, until = len(self.log), time.monotonic() + patience_s
            if not quiet or not self.log or self._deliveries():  # a log: its signals are set up
                continue
            if not any(p.startswith(("todo/", "wait/")) for p in self.place.queue_files()):
                return True
            if self.place.has_orders and hurries and self.all_held():
                return True
            self.hurry()
            hurries += 1
        return False

    def _deliveries(self):
        """That are under way."""
        return (sum(line.startswith("starting delivery") for line in self.log)
                - sum(line.startswith("delivery ") for line in self.log))

    def hurry(self):
        os.kill(self.pid, signal.SIGALRM)

    def stop(self):
        """Lets it end; its exit code."""
        os.kill(self.pid, signal.SIGTERM)  # it may be dead, but it was not waited for
        return self._end()

    def _end(self):
        while self._log is not None:
            self.pump(1000)
        self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.waitpid(self._lspawn, 0)
        for worker in list(self._workers):
            self._drop(worker)
        self._spawner.close()
        return self.code

    def _read_log(self):
        octets = os.read(self._log, 65536)
        if not octets:
            self._poll.unregister(self._log)
            os.close(self._log)
            self._log = None
        *lines, self._partial = (self._partial + octets).split(b"\n")
        self.log += [line.decode("utf-8", "replace") for line in lines]

    def _take_worker(self):
        octets, fds, _, _ = socket.recv_fds(self._spawner, 65536, 4)
        if not octets:
            self._poll.unregister(self._spawner.fileno())
        for fd in fds:
            worker = socket.socket(fileno=fd)
            self._workers[fd], self._buffers[fd] = worker, bytearray()
            self._poll.register(fd, select.POLLIN)

    def _drop(self, fd):
        self._poll.unregister(fd)
        self._workers.pop(fd).close()

    def _serve(self, fd):
        worker = self._workers[fd]
        try:
            octets, fds, _, _ = socket.recv_fds(worker, 1 << 20, 4)
        except ConnectionError:  # the runner was killed
            octets, fds = b"", []
        buffer = self._buffers[fd]
        buffer += octets
        if not octets:
            self._drop(fd)
            return
        body = None
        if fds:
            with open(fds[0], "rb") as f:
                body = os.pread(f.fileno(), 1 << 24, 0)
        while len(buffer) >= agent.HEAD.size:
            length, _, _, _, kind = agent.HEAD.unpack_from(buffer)
            if len(buffer) < agent.HEAD.size + length:
                return
            payload = bytes(buffer[agent.HEAD.size:agent.HEAD.size + length])
            del buffer[:agent.HEAD.size + length]
            if kind == agent.CLOSE:
                self._drop(fd)
                return
            self._do_job(worker, payload, body)

    def _do_job(self, worker, payload, body):
        job, addresses = 0, []
        for tag, value in agent.items(payload):
            if tag == 0x0300:
                job = int.from_bytes(value, "big")
            elif tag == 0x0303:
                body = value
            elif tag == agent.RECIPIENT_ADDRESS:
                addresses.append(value.decode())
        for index, address in enumerate(addresses):
            kind, status = self.policy(address)
            if kind == agent.SUCCESS:
                self.remote.append((address, body))
            result = agent.item(0x0300, job) + agent.item(0x0202, index) + agent.item(0x0100, kind)
            result += agent.item(0x0101, status) + agent.item(0x0103, "so says the other host")
            with contextlib.suppress(ConnectionError):
                worker.sendall(agent.frame(agent.RESULT, result))
