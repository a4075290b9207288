"""What the benchmarks of the queue share: a file system of its own, private instances on it.

Root only: a file system is made in a sparse file and mounted; it is unmounted
and removed at the end.  The instances run as nobody.
"""
import argparse
import asyncio
import contextlib
import ctypes
import multiprocessing
import os
import pwd
import re
import resource
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

NOBODY = pwd.getpwnam("nobody")
PROGRAMS = ("queue/owl-start", "queue/owl-send", "queue/owl-queue", "queue/queued/owl-queued", "local/owl-lspawn", "local/owl-local",
            "smtpd/owl-smtpd", "remote/owl-rspawn", "remote/owl-remote", "queue/owlq/owlq", "tests/bench/fillqueue")
IN_MOVED_TO, IN_CREATE, IN_CLOEXEC = 0x80, 0x100, 0o2000000
libc = ctypes.CDLL(None, use_errno=True)


def wait_until(condition, seconds, what):
    """(the first true value, the seconds that it took)"""
    start = time.monotonic()
    while True:
        value = condition()
        took = time.monotonic() - start
        if value:
            return value, took
        if took > seconds:
            raise SystemExit(f"waited {seconds} s in vain: {what() if callable(what) else what}")
        time.sleep(0.01)


class Disk:
    """ext4 in a sparse file below folder, with an inode for every 4 KiB."""

    def __init__(self, folder, gigabytes):
        self.image = tempfile.NamedTemporaryFile(dir=folder, prefix="owlpost-bench.", suffix=".ext4")
        os.truncate(self.image.name, gigabytes << 30)
        subprocess.run(["mkfs.ext4", "-q", "-i", "4096", self.image.name], check=True)
        self.path = tempfile.mkdtemp(prefix="owlpost-bench.")
        self.mount()

    def mount(self):
        # past the page cache of the file below, so that "cold" means the disk
        self.device = subprocess.run(["losetup", "--find", "--show", "--direct-io=on", self.image.name], check=True,
                                     capture_output=True, text=True).stdout.strip()
        subprocess.run(["mount", self.device, self.path], check=True)
        os.chmod(self.path, 0o755)

    def unmount(self):
        subprocess.run(["umount", self.path], check=True)
        subprocess.run(["losetup", "--detach", self.device], check=True)

    def cool(self):
        """Nothing of it is left in memory."""
        self.unmount()
        self.mount()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.unmount()
        os.rmdir(self.path)
        self.image.close()


class Arrivals:
    """Says when a file has come into a folder."""

    def __init__(self, folder):
        self.fd = libc.inotify_init1(IN_CLOEXEC)
        if self.fd < 0 or libc.inotify_add_watch(self.fd, folder.encode(), IN_MOVED_TO | IN_CREATE) < 0:
            raise OSError(ctypes.get_errno(), "inotify")

    def wait(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            raise SystemExit(f"no message came within {seconds} s")
        os.read(self.fd, 65536)

    def close(self):
        os.close(self.fd)


class Sink:
    """An SMTP server on a port of all of 127.0.0.0/8, in a process of its own.

    It greets after delay_s seconds, or hangs up instead (dead), and gives every
    other reply after reply_s.  It counts, and keeps nothing.
    """

    NAMES = ("connections", "open", "most_open", "messages", "recipients")

    def __init__(self, delay_s=0, dead=False, reply_s=0):
        self.delay_s, self.dead, self.reply_s = delay_s, dead, reply_s
        self.counts = multiprocessing.Array("Q", len(self.NAMES), lock=False)
        self.arrived, self.told = os.pipe()
        self.listener = socket.socket()
        self.listener.bind(("0.0.0.0", 0))
        self.port = self.listener.getsockname()[1]
        self.process = multiprocessing.Process(target=self.run, daemon=True)
        self.process.start()
        self.listener.close()

    def __getattr__(self, name):
        if name not in Sink.NAMES:
            raise AttributeError(name)
        return self.counts[Sink.NAMES.index(name)]

    def count(self, name, by=1):
        self.counts[self.NAMES.index(name)] += by

    def wait(self, seconds):
        """Until a message has come; for one at a time."""
        if not select.select([self.arrived], [], [], seconds)[0]:
            raise SystemExit(f"no message came within {seconds} s")
        os.read(self.arrived, 1)

    def run(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        asyncio.run(self.serve())

    async def serve(self):
        server = await asyncio.start_server(self.session, sock=self.listener, backlog=4096)
        await server.serve_forever()

    async def session(self, reader, writer):
        self.count("connections")
        self.count("open")
        self.counts[2] = max(self.counts[1], self.counts[2])
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if not self.dead:
                await asyncio.sleep(self.delay_s)
                await self.talk(reader, writer)
        self.count("open", -1)
        writer.close()

    async def talk(self, reader, writer):
        writer.write(b"220 sink.test ESMTP\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go ahead\r\n")
                while (line := await reader.readline()) not in (b".\r\n", b""):
                    pass
                self.count("messages")
                if not self.delay_s:
                    os.write(self.told, b".")
            self.count("recipients", verb == b"RCPT")
            await asyncio.sleep(self.reply_s)
            writer.write({b"EHLO": b"250-sink.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
                          b"QUIT": b"221 2.0.0 bye\r\n"}.get(verb, b"250 2.0.0 ok\r\n"))
            await writer.drain()
            if verb == b"QUIT":
                break

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.join()


class Silence:
    """A port of all of 127.0.0.0/8 that never answers: who waits to be accepted is enough already."""

    def __init__(self):
        self.sockets = [socket.socket()]
        self.sockets[0].bind(("0.0.0.0", 0))
        self.sockets[0].listen(0)
        self.port = self.sockets[0].getsockname()[1]
        for _ in range(4):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", self.port))
            self.sockets.append(s)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for s in self.sockets:
            s.close()


class Instance:
    """An owlpost of its own below folder: everything as nobody, one mailbox, joe's."""

    def __init__(self, build, folder, **controls):
        self.folder, self.queue, self.starter = folder, f"{folder}/queue", None
        self.make_folders(folder, f"{folder}/bin", f"{folder}/control")
        for program in PROGRAMS:
            shutil.copy(f"{build}/{program}", f"{folder}/bin")
        self.add_user("joe")
        for name, value in {"me": "bench.test", "tlsdaemon": "0", "locals": "bench.test", "queuedir": self.queue,
                            "rundir": f"{folder}/run", "passwdfile": f"{folder}/passwd", **controls}.items():
            self.control(name, value)
        self.environment = {**os.environ, "OWLPOST_CONTROL": f"{folder}/control", "OWLPOST_LIBEXEC": f"{folder}/bin"}
        self.owlq("setup")

    @staticmethod
    def make_folders(*paths):
        for path in paths:
            os.makedirs(path, exist_ok=True)
            os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)

    def add_user(self, name, rest=None):
        """With a Maildir; rest: what .qmail-default says."""
        home = f"{self.folder}/{name}"
        self.make_folders(home, f"{home}/Maildir", *(f"{home}/Maildir/{part}" for part in ("tmp", "new", "cur")))
        with open(f"{self.folder}/passwd", "a") as f:
            f.write(f"{name}:x:{NOBODY.pw_uid}:{NOBODY.pw_gid}::{home}:/bin/sh\n")
        if rest:
            with open(f"{home}/.qmail-default", "w") as f:
                f.write(f"{rest}\n")

    def control(self, name, value):
        with open(f"{self.folder}/control/{name}", "w") as f:
            f.write(f"{value}\n")

    def options(self):
        return {"env": self.environment, "user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []}

    def owlq(self, *arguments):
        return subprocess.run([f"{self.folder}/bin/owlq", *arguments], check=True, capture_output=True, text=True,
                              **self.options()).stdout

    def fill(self, count, *options):
        """Fills the queue; what the generator says."""
        return subprocess.run([f"{self.folder}/bin/fillqueue", *options, self.queue, str(count)], check=True,
                              capture_output=True, text=True).stdout.strip()

    # ---- the runner

    def start(self):
        # anew: the file system may have been unmounted in between
        self.arrivals = Arrivals(f"{self.folder}/joe/Maildir/new")
        with open(f"{self.folder}/log", "ab") as log:
            self.starter = subprocess.Popen([f"{self.folder}/bin/owl-start"], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, **self.options())

    def stop(self):
        self.arrivals.close()
        self.starter.send_signal(signal.SIGTERM)
        self.starter.wait(60)
        self.starter = None

    @contextlib.contextmanager
    def running(self):
        self.start()
        try:
            yield self
        finally:
            self.stop()

    def runner(self):
        """Its process id."""
        children = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(self.starter.pid)], capture_output=True,
                                  text=True).stdout
        return next(int(pid) for pid, name in map(str.split, children.splitlines()) if name == "owl-send")

    def counts(self):
        """(waiting, active) messages as the runner sees them; None while it does not answer."""
        try:
            status = self.owlq("status")
        except subprocess.CalledProcessError:
            return None
        return tuple(int(re.search(rf"{word} messages: (\d+)", status).group(1)) for word in ("waiting", "active"))

    def waiting(self):
        counts = self.counts()
        return counts[0] if counts else -1

    def memory(self):
        """Octets in memory, now and at most."""
        with open(f"/proc/{self.runner()}/status") as f:
            text = f.read()
        return tuple(1024 * int(re.search(rf"{name}:\s*(\d+) kB", text).group(1)) for name in ("VmRSS", "VmHWM"))

    def cpu_s(self):
        with open(f"/proc/{self.runner()}/schedstat") as f:
            return int(f.read().split()[0]) / 1e9

    def cpu_share(self, seconds):
        before = self.cpu_s()
        time.sleep(seconds)
        return (self.cpu_s() - before) / seconds

    def log(self):
        with open(f"{self.folder}/log", encoding="utf-8", errors="replace") as f:
            return f.read()

    # ---- fresh mail

    def inject(self, recipient="joe@bench.test"):
        with open(f"{self.folder}/message", "w+") as message, open(f"{self.folder}/envelope", "w+") as envelope:
            message.write("From: <ann@bench.test>\nTo: <joe@bench.test>\nSubject: fresh\n\n" + "Hoo.\n" * 150)
            envelope.write(f"Fann@bench.test\0T{recipient}\0\0")
            for f in (message, envelope):
                f.flush()
                f.seek(0)
            subprocess.run([f"{self.folder}/bin/owl-queue"], stdin=message, stdout=envelope, check=True, **self.options())

    def deliver(self, recipient="joe@bench.test", arrivals=None, seconds=60):
        """A message from the start of its injector until it has arrived; the seconds that it took."""
        start = time.monotonic()
        self.inject(recipient)
        (arrivals or self.arrivals).wait(seconds)
        return time.monotonic() - start


class Took:
    def __init__(self, seconds):
        self.median, self.worst, self.count = statistics.median(seconds), max(seconds), len(seconds)

    def __str__(self):
        return f"{self.median * 1000:.1f} ms, at most {self.worst * 1000:.0f} ms"


def by_turns(count, *deliveries, pause_s=0.03):
    """Calls each of the functions so often; for each what its calls took."""
    times = [[] for _ in deliveries]
    for _ in range(count):
        for i, deliver in enumerate(deliveries):
            times[i].append(deliver())
            time.sleep(pause_s)
    return [Took(t) for t in times]


def mebi(octets):
    return f"{octets / (1 << 20):.1f} MiB"


def arguments(usage, count, **numbers):
    """The command line: -b, -d, a letter for each of numbers, and the count."""
    parser = argparse.ArgumentParser(description=usage.splitlines()[0])
    parser.add_argument("-b", dest="build", default=".", type=os.path.abspath, help="build folder")
    parser.add_argument("-d", dest="folder", default="/var/tmp", help="where the file system's file is put")
    for name, default in numbers.items():
        parser.add_argument(f"-{name[0]}", dest=name, default=default, type=int)
    parser.add_argument("count", nargs="?", type=int, default=count)
    a = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("needs root")
    print(f"tests/bench/{os.path.basename(sys.argv[0])} {' '.join(sys.argv[1:])}\n")
    return a


def table(heads, rows):
    """In Markdown, on the screen."""
    for row in (heads, ["---"] * len(heads), *rows):
        print("| " + " | ".join(map(str, row)) + " |", flush=True)
