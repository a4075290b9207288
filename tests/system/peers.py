"""Who the tests talk with: Debian's programs, unpacked, and a sink of our own."""
import asyncio
import glob
import os
import re
import select
import socket
import subprocess
import threading
import time

from waiting import wait_until

PEERS = os.environ.get("OWLPOST_PEERS", "")


def unpacked(package, program):
    """(path of the program, environment to run it in)"""
    root = f"{PEERS}/{package}"
    found = glob.glob(f"{root}/usr/*bin/{program}") + glob.glob(f"{root}/usr/lib/{package}/{program}")
    if not found:
        raise FileNotFoundError(f"{program} is not under {root}: run tests/peers.sh")
    libraries = [f"{root}/usr/lib", f"{root}/usr/lib/postfix", *glob.glob(f"{root}/usr/lib/*-linux-*"), *glob.glob(f"{root}/lib/*-linux-*")]
    return found[0], {**os.environ, "LD_LIBRARY_PATH": ":".join(libraries)}


def for_users(package, *more):
    """(folder with the package's programs, value of LD_LIBRARY_PATH), where mail
    users reach both.  Without set-id bits, which would make the loader pass over
    the other packages' libraries."""
    work = os.environ["OWLPOST_WORK"]
    for each in (package, *more):
        if not os.path.isdir(f"{PEERS}/{each}"):
            raise FileNotFoundError(f"{PEERS}/{each} is not there: run tests/peers.sh")
        if not os.path.isdir(f"{work}/{each}"):
            subprocess.run(["cp", "-r", f"{PEERS}/{each}/usr", f"{work}/{each}"], check=True)
            subprocess.run(["chmod", "-R", "ug-s,go+rX", f"{work}/{each}"], check=True)
    libraries = [each for name in (package, *more) for each in (f"{work}/{name}/lib", *glob.glob(f"{work}/{name}/lib/*-linux-*"))]
    return f"{work}/{package}/bin", ":".join(libraries)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answers(port, address="127.0.0.1"):
    try:
        socket.create_connection((address, port), 1).close()
        return True
    except OSError:
        return False


def listens(port, address="127.0.0.1"):
    """Whether a process of this network namespace does, there or on all
    addresses; no connection is made."""
    hosts = {socket.inet_aton(each)[::-1].hex().upper() for each in (address, "0.0.0.0")}
    with open("/proc/net/tcp") as f:
        rows = [line.split() for line in list(f)[1:]]
    places = [row[1].split(":") for row in rows if row[3] == "0A"]
    return any(host in hosts and int(number, 16) == port for host, number in places)


class Bystanders:
    """Processes that are no part of the instance under test."""

    def __init__(self):
        self.running = []

    def start(self, argv, **options):
        p = subprocess.Popen(argv, stdin=options.pop("stdin", subprocess.DEVNULL), **options)
        self.running.append(p)
        return p

    def pids(self):
        return {p.pid for p in self.running if p.poll() is None}

    def end(self):
        for p in self.running:
            if p.poll() is None:
                p.kill()
            p.wait()
        self.running = []


def smtp_source(bystanders, port, recipient, count, sessions, size=None, *more):
    """Debian's load generator, started."""
    program, environment = unpacked("postfix", "smtp-source")
    argv = [program, "-4", "-C", "20", "-s", str(sessions), "-m", str(count), "-f", "sender@sender.test",
            "-t", recipient, "-M", "client.test", *more]
    if size:
        argv += ["-l", str(size)]
    return bystanders.start([*argv, f"127.0.0.1:{port}"], env=environment, stdout=subprocess.DEVNULL)


class CountingSink:
    """Debian's smtp-sink: counts sessions and messages, keeps nothing."""

    def __init__(self, bystanders, port):
        program, environment = unpacked("postfix", "smtp-sink")
        as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
        self.process = bystanders.start(
            [program, "-4", "-c", *as_nobody, "-h", "sink.test", f"127.0.0.1:{port}", "512"],
            env=environment, stdout=subprocess.PIPE)
        self.tail = b""
        self.sessions = self.messages = 0
        wait_until(lambda: answers(port), 10, "smtp-sink")
        wait_until(lambda: self.poll().sessions > 0, 10, "smtp-sink's own count")
        self.probes = self.sessions

    def poll(self):
        while select.select([self.process.stdout], [], [], 0)[0]:
            octets = os.read(self.process.stdout.fileno(), 1 << 20)
            if not octets:
                break
            self.tail += octets
            if found := re.findall(rb"sess=\s*(\d+) quit=\s*\d+ mesg=\s*(\d+)", self.tail):
                self.sessions, self.messages = map(int, found[-1])
            self.tail = self.tail[-80:]
        return self


class DumpingSink:
    """Debian's smtp-sink: keeps each message in a file, without any CR."""

    def __init__(self, bystanders, folder, *more):
        program, environment = unpacked("postfix", "smtp-sink")
        self.folder, self.port = f"{folder}/dumped", free_port()
        os.mkdir(self.folder)
        os.chmod(self.folder, 0o777)
        as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
        bystanders.start([program, "-4", *as_nobody, *more, "-h", "sink.test", "-d", f"{self.folder}/m.",
                          f"127.0.0.1:{self.port}", "512"], env=environment)
        wait_until(lambda: answers(self.port), 10, "smtp-sink")

    def dumped(self):
        """(recipient, octets) of each message, which has one recipient."""
        found = []
        for name in os.listdir(self.folder):
            with open(f"{self.folder}/{name}", "rb") as f:
                octets = f.read()
            head = re.match(rb"(?:X-[\w-]+: .*\n)+Received: .*\n\t.*\n\t.*\n", octets)
            recipient, = re.findall(rb"^X-Rcpt-Args: <(.*)>$", head[0], re.MULTILINE)
            found.append((recipient.decode(), octets[head.end():-1]))
        return found


def start_unbound(bystanders, folder, modules, lines):
    """A name server on port 53 of the namespace, with these lines of configuration behind what all have."""
    program, environment = unpacked("unbound", "unbound")
    with open(f"{folder}/unbound.conf", "w") as f:
        f.write(f"""server:
  interface: 127.0.0.1
  do-daemonize: no
  chroot: ""
  username: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  logfile: ""
  module-config: "{modules}"
{lines}
""")
    with open(f"{folder}/unbound.log", "w") as log:
        process = bystanders.start([program, "-d", "-c", f"{folder}/unbound.conf"], env=environment, stderr=log)
    wait_until(lambda: answers(53), 10, lambda: open(f"{folder}/unbound.log").read())
    return process


class Unbound:
    """A name server with these records and no others."""

    def __init__(self, bystanders, folder, records):
        zones = "\n".join(f"  local-data: '{r}'" for r in records)
        self.process = start_unbound(bystanders, folder, "iterator",
                                     f'  do-not-query-localhost: yes\n  local-zone: "." static\n{zones}')


class Silent:
    """A port that does not answer: nobody takes the connections that wait there."""

    def __init__(self, port, address):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen(0)
        self.waiting = []
        for _ in range(4):
            waits = socket.socket()
            waits.setblocking(False)
            waits.connect_ex((address, port))
            self.waiting.append(waits)

    def close(self):
        for s in (*self.waiting, self.listener):
            s.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Received:
    def __init__(self, sender, recipients, octets, session):
        self.sender, self.recipients, self.octets, self.session = sender, recipients, octets, session


class Sink:
    """An SMTP server of our own that keeps what it gets.

    reply(verb, argument) may return a reply line to be given in place of the
    usual one; verb "." is the end of the data.  Where clients come from is added
    to peers.
    """

    def __init__(self, port=None, reply=None, address="127.0.0.1", peers=None):
        self.peers = [] if peers is None else peers
        self.reply = reply or (lambda verb, argument: None)
        self.received = []
        self.sessions = 0
        self.address = address
        self.port = port or free_port()
        self.loop = asyncio.new_event_loop()
        started = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self.thread.start()
        started.wait(10)

    def _run(self, started):
        asyncio.set_event_loop(self.loop)
        self.server = self.loop.run_until_complete(
            asyncio.start_server(self._session, self.address, self.port, limit=1 << 24, backlog=512))
        started.set()
        self.loop.run_forever()

    async def _session(self, reader, writer):
        self.sessions += 1
        self.peers.append(writer.get_extra_info("peername")[0])
        session = self.sessions
        sender, recipients = None, []

        def say(line):
            writer.write(line.encode() + b"\r\n")

        try:
            say(self.reply("CONNECT", "") or "220 sink.test ESMTP")
            while line := await reader.readline():
                words = line.decode("utf-8", "surrogateescape").rstrip("\r\n").split(" ", 1)
                verb, argument = words[0].upper(), words[1] if len(words) > 1 else ""
                other = self.reply(verb, argument)
                address = re.search(r"<(.*)>", argument)
                if other:
                    say(other)
                elif verb == "EHLO":
                    say("250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 0")
                elif verb == "MAIL":
                    sender, recipients = address.group(1), []
                    say("250 2.1.0 ok")
                elif verb == "RCPT":
                    recipients.append(address.group(1))
                    say("250 2.1.5 ok")
                elif verb == "DATA" and recipients:
                    say("354 go ahead")
                    octets = b""
                    while (line := await reader.readline()) != b".\r\n" and line:
                        octets += line[1:] if line.startswith(b".") else line
                    if line:
                        refused = self.reply(".", "")
                        if not refused:
                            self.received.append(Received(sender, recipients, octets, session))
                        say(refused or "250 2.0.0 kept")
                    sender, recipients = None, []
                elif verb == "QUIT":
                    say("221 2.0.0 bye")
                    break
                elif verb == "DATA":
                    say("554 5.5.1 no valid recipients")
                else:
                    say("250 2.0.0 ok")
                await writer.drain()
            await writer.drain()
        except (ConnectionError, OSError):
            pass
        writer.close()

    def close(self):
        async def end():
            self.server.close()
            others = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        asyncio.run_coroutine_threadsafe(end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def wait_for_exit(process, seconds):
    """The exit code of a bystander."""
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() is not None, f"still running after {seconds} s: {process.args}"
    return process.returncode
