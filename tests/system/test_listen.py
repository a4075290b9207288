"""owl-smtpd's own listener: limits, relay clients, drain, upgrade, handed over sockets."""
import fcntl
import os
import pwd
import re
import select
import signal
import smtplib
import socket
import subprocess
import threading
import time

import pytest

import processes
from instance import read
from peers import free_port, listens
from waiting import wait_until

MESSAGE = b"Subject: hello\r\n\r\ntext\r\n"


class Listener:
    def __init__(self, instance, *addresses, name="listener", **options):
        self.instance, self.name = instance, name
        with instance._log(name) as log:
            self.process = subprocess.Popen(
                [instance.program("owl-smtpd"), "--listen", *addresses], env=instance.environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)
        instance.listeners.append(self.process)
        self.wait_for("listening")

    def log(self):
        return self.instance.log(self.name)

    def wait_for(self, what, count=1):
        wait_until(lambda: self.log().count(what) >= count or self.process.poll() is not None, 10,
                   lambda: f"no {what!r}: {self.log()}")
        assert self.log().count(what) >= count, f"{self.process.poll()}: {self.log()}"

    def signal(self, number):
        self.process.send_signal(number)

    def ended(self):
        return self.process.wait(10)


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def owlpost(instances):
    return instances()


def connect(port, host="127.0.0.1", source=None):
    """A socket and its first reply."""
    s = socket.create_connection((host, port), 10, source_address=(source, 0) if source else None)
    return s, s.recv(1000)


def say(s, line):
    s.sendall(line + b"\r\n")
    return s.recv(4000)


def test_a_message_over_both_families(owlpost, port):
    owlpost.start()
    Listener(owlpost, f"127.0.0.1:{port}", f"[::1]:{port}")
    owlpost.submit(MESSAGE, "joe@owlpost.test", port=port)
    with smtplib.SMTP("::1", port, "client.test", 30) as session:
        session.sendmail("s@sender.test", ["joe@owlpost.test"], MESSAGE)
    found = b"".join(owlpost.wait_for_mail("joe", 2))
    assert b"from client.test ([127.0.0.1])" in found
    assert b"from client.test ([IPv6:::1])" in found


@pytest.mark.needs_root("owl-smtpd's user")
def test_it_is_root_no_longer(owlpost, port):
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    account = pwd.getpwnam("owlsmtpd")
    status = dict(line.split(":\t", 1) for line in read(f"/proc/{listener.process.pid}/status").splitlines())
    assert set(status["Uid"].split()) == {str(account.pw_uid)}
    assert set(status["Gid"].split()) == {str(account.pw_gid)}
    assert status["Groups"].split() == [str(account.pw_gid)]
    assert int(status["CapEff"], 16) == 0


def test_addresses_come_from_the_control_file(owlpost, port):
    owlpost.control("smtplisten", f"127.0.0.1:{port}\n[::1]:{port}")
    Listener(owlpost)
    for host in ("127.0.0.1", "::1"):
        s, greeting = connect(port, host)
        assert greeting.startswith(b"220 ")
        s.close()


@pytest.mark.parametrize("address, reason", [
    ("nowhere", "it is no ADDRESS"),
    ("192.0.2.1:25", "Cannot assign requested address"),
])
def test_an_address_that_cannot_be(owlpost, address, reason):
    done = owlpost.call("owl-smtpd", "--listen", address)
    assert done.returncode == 111
    assert f"unable to listen at {address}: {reason}".encode() in done.stderr


def test_relay_clients_by_address(owlpost, port):
    owlpost.control("relayclients", "127.0.0.2\n127.0.1.0/24")
    Listener(owlpost, f"127.0.0.1:{port}")
    for source, code in (("127.0.0.1", b"553"), ("127.0.0.2", b"250"), ("127.0.1.77", b"250"), ("127.0.2.1", b"553")):
        s, _ = connect(port, source=source)
        say(s, b"EHLO me")
        say(s, b"MAIL FROM:<a@b.test>")
        assert say(s, b"RCPT TO:<x@far.test>").startswith(code), source
        s.close()


def test_sessions_in_all(owlpost, port):
    owlpost.control("maxsessions", "3")
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    held = [connect(port) for _ in range(3)]
    assert all(greeting.startswith(b"220 ") for _, greeting in held)
    s, greeting = connect(port, source="127.0.0.9")
    assert greeting.startswith(b"421 4.7.0 ")
    assert s.recv(10) == b""
    assert "[127.0.0.9] refused: too many sessions" in listener.log()
    for s, _ in held:
        s.close()
    wait_until(lambda: connect(port)[1].startswith(b"220 "), 10, "a place that is free again")


@pytest.mark.parametrize("bits, hosts, refused", [
    ("32", ("127.0.0.5", "127.0.0.5", "127.0.0.6"), "127.0.0.5"),
    ("24", ("127.0.7.5", "127.0.7.6", "127.0.8.1"), "127.0.7.9"),
])
def test_sessions_of_one_client(owlpost, port, bits, hosts, refused):
    owlpost.control("maxsessionsperip", "2")
    owlpost.control("sessionsprefix4", bits)
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    held = [connect(port, source=host) for host in hosts]
    assert all(greeting.startswith(b"220 ") for _, greeting in held)
    _, greeting = connect(port, source=refused)
    assert greeting.startswith(b"421 4.7.0 ")
    assert f"[{refused}] refused: too many sessions of this client" in listener.log()


@pytest.fixture
def addresses():
    """Of loopback, for as long as the test runs: a host with such ones is asked for no IPv4 addresses."""
    own = [f"{address}/128" for address in ("2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:2::1")]
    for address in own:
        subprocess.run(["ip", "addr", "add", address, "dev", "lo", "nodad"], check=True)
    yield
    for address in own:
        subprocess.run(["ip", "addr", "del", address, "dev", "lo"], check=True)


@pytest.mark.needs_root("addresses of its own")
@pytest.mark.usefixtures("addresses")
def test_an_ipv6_client_is_a_network(owlpost, port):
    owlpost.control("maxsessionsperip", "1")
    Listener(owlpost, f"[::1]:{port}", f"[2001:db8:0:1::1]:{port}")
    held = [connect(port, "2001:db8:0:1::1", source) for source in ("2001:db8:0:1::1", "2001:db8:0:2::1")]
    assert all(greeting.startswith(b"220 ") for _, greeting in held)
    assert connect(port, "2001:db8:0:1::1", "2001:db8:0:1::2")[1].startswith(b"421 4.7.0 ")


def begin_message(s):
    say(s, b"EHLO me")
    say(s, b"MAIL FROM:<a@b.test>")
    say(s, b"RCPT TO:<joe@owlpost.test>")
    assert say(s, b"DATA").startswith(b"354 ")


def test_term_lets_a_transaction_finish(owlpost, port):
    owlpost.start()
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    busy, _ = connect(port)
    begin_message(busy)
    busy.sendall(b"Subject: under way\r\n\r\nhalf")
    idle, _ = connect(port)
    say(idle, b"EHLO me")
    listener.signal(signal.SIGTERM)
    assert idle.recv(1000).startswith(b"421 4.3.2 ")
    listener.wait_for("no more connections")
    with pytest.raises(ConnectionRefusedError):
        connect(port)
    assert listener.process.poll() is None
    reply = say(busy, b" and half\r\n.")
    while b"\r\n421 " not in reply:
        more = busy.recv(1000)
        assert more, reply
        reply += more
    assert reply.startswith(b"250 2.0.0 ")
    assert listener.ended() == 0
    assert b"half and half" in owlpost.wait_for_mail("joe")[0]


def test_a_second_term_ends_transactions(owlpost, port):
    owlpost.start()
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    busy, _ = connect(port)
    begin_message(busy)
    listener.signal(signal.SIGTERM)
    listener.wait_for("no more connections")
    assert listener.process.poll() is None
    listener.signal(signal.SIGTERM)
    assert busy.recv(1000).startswith(b"421 4.3.2 ")
    assert listener.ended() == 0


def test_hup_reads_control_files_or_keeps_what_it_had(owlpost, port):
    owlpost.control("smtpgreeting", "one.test")
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    assert connect(port)[1].startswith(b"220 one.test ")
    owlpost.control("smtpgreeting", "two.test")
    listener.signal(signal.SIGHUP)
    listener.wait_for("control files read anew")
    assert connect(port)[1].startswith(b"220 two.test ")
    owlpost.control("smtpgreeting", "three.test")
    owlpost.control("relayclients", "not an address")
    listener.signal(signal.SIGHUP)
    listener.wait_for("those read before stay in force")
    assert "relayclients: a line is no address" in listener.log()
    assert connect(port)[1].startswith(b"220 two.test ")


class Knocker(threading.Thread):
    """Connects again and again, and notes what did not get a greeting."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.over = port, threading.Event()
        self.greeted, self.failures = 0, []
        self.start()

    def run(self):
        while not self.over.is_set():
            try:
                s, greeting = connect(self.port)
                assert greeting.startswith(b"220 "), greeting
                assert say(s, b"QUIT").startswith(b"221 ")
                s.close()
                self.greeted += 1
            except (OSError, AssertionError) as error:
                self.failures.append(repr(error))

    def end(self):
        self.over.set()
        self.join(20)
        assert self.failures == []


def test_upgrades_under_load_refuse_nobody(owlpost, port):
    owlpost.start()
    owlpost.control("maxsessionsperip", "0")
    listener = Listener(owlpost, f"127.0.0.1:{port}", f"[::1]:{port}")
    busy, _ = connect(port)
    begin_message(busy)
    knockers = [Knocker(port) for _ in range(4)]
    for i in range(5):
        before = sum(k.greeted for k in knockers)
        listener.signal(signal.SIGUSR2)
        listener.wait_for(": listening", i + 2)
        wait_until(lambda before=before: sum(k.greeted for k in knockers) >= before + 20, 20, "clients after an upgrade")
    for k in knockers:
        k.end()
    assert say(busy, b"Subject: kept\r\n\r\nx\r\n.").startswith(b"250 ")
    assert connect(port, "::1")[1].startswith(b"220 ")
    busy.close()
    listener.signal(signal.SIGTERM)
    assert listener.ended() == 0


def test_sessions_count_across_an_upgrade(owlpost, port):
    owlpost.control("maxsessionsperip", "2")
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    held = [connect(port)[0] for _ in range(2)]
    listener.signal(signal.SIGUSR2)
    listener.wait_for(": listening", 2)
    assert connect(port)[1].startswith(b"421 4.7.0 ")
    for s in held:
        s.close()
    wait_until(lambda: connect(port)[1].startswith(b"220 "), 10, "a place that is free again")


def test_an_upgrade_that_could_not_start_is_none(owlpost, port):
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    owlpost.control("maxsessions", "many")
    listener.signal(signal.SIGUSR2)
    listener.wait_for("cannot be executed anew: this one stays")
    assert connect(port)[1].startswith(b"220 ")


def activated(owlpost, sockets, pid="$$"):
    """owl-smtpd as systemd starts it for listening sockets."""
    moves = " ".join(f"{3 + i}<&{s.fileno()}" for i, s in enumerate(sockets))
    script = f'exec {moves}; LISTEN_FDS={len(sockets)} LISTEN_PID={pid} exec "$0" --listen'
    with owlpost._log("listener") as log:
        process = subprocess.Popen(["bash", "-c", script, owlpost.program("owl-smtpd")], env=owlpost.environment,
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   pass_fds=[s.fileno() for s in sockets])
    owlpost.listeners.append(process)
    return process


def high(s):
    """The socket at a number that is out of the way."""
    return socket.socket(fileno=fcntl.fcntl(s.detach(), fcntl.F_DUPFD, 50))


def test_sockets_from_systemd(owlpost):
    sockets = [high(socket.create_server(("127.0.0.1", 0))),
               high(socket.create_server(("::1", 0), family=socket.AF_INET6))]
    process = activated(owlpost, sockets)
    for s, host in zip(sockets, ("127.0.0.1", "::1")):
        assert connect(s.getsockname()[1], host)[1].startswith(b"220 ")
    process.send_signal(signal.SIGUSR2)
    wait_until(lambda: owlpost.log("listener").count(": listening") == 2, 10, lambda: owlpost.log("listener"))
    for s, host in zip(sockets, ("127.0.0.1", "::1")):
        assert connect(s.getsockname()[1], host)[1].startswith(b"220 ")


def test_sockets_of_another_process_are_not_taken(owlpost):
    process = activated(owlpost, [high(socket.create_server(("127.0.0.1", 0)))], pid="1")
    assert process.wait(10) == 111
    assert "smtplisten: it has no address" in owlpost.log("listener")


def test_what_is_no_listening_socket_is_an_error(owlpost):
    process = activated(owlpost, [high(socket.socket())])
    assert process.wait(10) == 111
    assert "unable to use the sockets of LISTEN_FDS" in owlpost.log("listener")


V2 = b"\r\n\r\n\0\r\nQUIT\n"
FROM_FAR = socket.inet_aton("192.0.2.77") + socket.inet_aton("198.51.100.2") + bytes.fromhex("30390019")


def open_with(port, header, source=None):
    s = socket.create_connection(("127.0.0.1", port), 30, source_address=(source, 0) if source else None)
    s.sendall(header)
    return s


def submit_on(s):
    assert s.recv(1000).startswith(b"220 ")
    begin_message(s)
    assert say(s, b"Subject: x\r\n\r\nx\r\n.").startswith(b"250 ")
    s.close()


@pytest.mark.parametrize("header, origin", [
    (b"PROXY TCP4 192.0.2.77 198.51.100.2 12345 25\r\n", b"[192.0.2.77]"),
    (b"PROXY TCP6 2001:db8::7 2001:db8::2 12345 25\r\n", b"[IPv6:2001:db8::7]"),
    (b"PROXY UNKNOWN\r\n", b"[127.0.0.1]"),
    (V2 + b"\x21\x11\x00\x0c" + FROM_FAR, b"[192.0.2.77]"),
    (V2 + b"\x21\x11\x01\x0c" + FROM_FAR + b"\x04\0\xfd" + b"n" * 253, b"[192.0.2.77]"),
    (V2 + b"\x20\x00\x00\x00", b"[127.0.0.1]"),
])
def test_a_proxy_names_the_client(owlpost, port, header, origin):
    owlpost.control("proxyclients", "127.0.0.1")
    owlpost.start()
    Listener(owlpost, f"127.0.0.1:{port}")
    submit_on(open_with(port, header))
    assert b"from me (" + origin + b")" in owlpost.wait_for_mail("joe")[0]


def test_a_proxy_s_rights_are_not_its_clients(owlpost, port):
    owlpost.control("proxyclients", "127.0.0.1")
    owlpost.control("relayclients", "127.0.0.1\n192.0.2.0/24")
    Listener(owlpost, f"127.0.0.1:{port}")
    for client, code in ((b"198.51.100.7", b"553"), (b"192.0.2.7", b"250")):
        s = open_with(port, b"PROXY TCP4 " + client + b" 127.0.0.1 1 25\r\n")
        s.recv(1000)
        say(s, b"EHLO me")
        say(s, b"MAIL FROM:<a@b.test>")
        assert say(s, b"RCPT TO:<x@far.test>").startswith(code), client
        s.close()


@pytest.mark.parametrize("header", [b"EHLO me\r\n", b"PROXY TCP4 a b 1 2\r\n", V2 + b"\x21\x12\x00\x0c" + FROM_FAR])
def test_a_proxy_must_send_a_header(owlpost, port, header):
    owlpost.control("proxyclients", "127.0.0.1")
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    s = open_with(port, header)
    assert s.recv(1000) == b""
    listener.wait_for("no PROXY header")


def test_nobody_else_s_header_is_read(owlpost, port):
    owlpost.control("proxyclients", "127.0.0.2")
    Listener(owlpost, f"127.0.0.1:{port}")
    s = open_with(port, b"PROXY TCP4 192.0.2.77 198.51.100.2 12345 25\r\n")
    reply = s.recv(1000)
    while b"\r\n500 5.5.1 " not in reply:
        more = s.recv(1000)
        assert more, reply
        reply += more
    assert reply.startswith(b"220 ")


def test_swaks_as_a_proxy(owlpost, port):
    owlpost.control("proxyclients", "127.0.0.1")
    owlpost.start()
    Listener(owlpost, f"127.0.0.1:{port}")
    for version in ("1", "2"):
        subprocess.run(["swaks", "--server", "127.0.0.1", "--port", str(port), "--to", "joe@owlpost.test",
                        "--proxy-version", version, "--proxy-family", "TCP4" if version == "1" else "AF_INET",
                        *(("--proxy-protocol", "STREAM") if version == "2" else ()),
                        "--proxy-source", "192.0.2.5", "--proxy-source-port", "4000",
                        "--proxy-dest", "192.0.2.6", "--proxy-dest-port", "25"], check=True, capture_output=True)
    assert all(b"([192.0.2.5])" in m for m in owlpost.wait_for_mail("joe", 2))


def proxied(port, client, source="127.0.0.2"):
    """A socket and its first reply, behind a proxy."""
    s = open_with(port, b"PROXY TCP4 " + client + b" 127.0.0.1 1 25\r\n", source)
    return s, s.recv(1000)


def test_a_proxy_s_clients_are_limited_each(owlpost, port):
    owlpost.control("proxyclients", "127.0.0.2")
    owlpost.control("maxsessionsperip", "2")
    owlpost.control("sessionsprefix4", "24")
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    held = [proxied(port, client) for client in (b"192.0.2.1", b"192.0.2.2", b"192.0.3.1", b"192.0.3.2", b"192.0.4.1")]
    assert all(greeting.startswith(b"220 ") for _, greeting in held)
    s, greeting = proxied(port, b"192.0.2.3")
    assert greeting.startswith(b"421 4.7.0 too many connections")
    assert s.recv(10) == b""
    listener.wait_for("client <192.0.2.3> refused: 421 4.7.0")
    listener.wait_for("too many sessions of this client")
    held[0][0].close()
    wait_until(lambda: proxied(port, b"192.0.2.3")[1].startswith(b"220 "), 10, "a place that is free again")


def test_behind_a_proxy_or_not_it_is_one_client(owlpost, port):
    owlpost.control("proxyclients", "127.0.0.2")
    owlpost.control("maxsessionsperip", "1")
    Listener(owlpost, f"127.0.0.1:{port}")
    s, greeting = proxied(port, b"127.0.0.7")
    assert greeting.startswith(b"220 ")
    assert connect(port, source="127.0.0.7")[1].startswith(b"421 4.7.0 ")
    s.close()
    wait_until(lambda: connect(port, source="127.0.0.7")[1].startswith(b"220 "), 10, "a place that is free again")


def test_named_clients_count_across_an_upgrade(owlpost, port):
    owlpost.control("proxyclients", "127.0.0.2")
    owlpost.control("maxsessionsperip", "1")
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    s, greeting = proxied(port, b"192.0.2.1")
    assert greeting.startswith(b"220 ")
    listener.signal(signal.SIGUSR2)
    listener.wait_for(": listening", 2)
    assert proxied(port, b"192.0.2.1")[1].startswith(b"421 4.7.0 ")
    assert say(s, b"NOOP").startswith(b"250 ")


def test_a_proxy_s_header_is_waited_for_ten_seconds(owlpost, port):
    owlpost.control("proxyclients", "127.0.0.1")
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    start = time.monotonic()
    s = open_with(port, b"PROXY TCP4 192.0.2.1 ")
    assert s.recv(1000) == b""
    assert 10 <= time.monotonic() - start < 30
    assert "connect from [127.0.0.1]" in listener.log()
    listener.wait_for("no PROXY header")


def test_xclient_is_for_those_who_may(owlpost, port):
    owlpost.control("xclients", "127.0.0.2")
    owlpost.control("relayclients", "127.0.0.2\n192.0.2.0/24")
    Listener(owlpost, f"127.0.0.1:{port}")
    s, _ = connect(port)
    assert b"XCLIENT" not in say(s, b"EHLO me")
    assert say(s, b"XCLIENT ADDR=192.0.2.1").startswith(b"500 5.5.1 ")
    s.close()
    for client, code in ((b"198.51.100.7", b"553"), (b"192.0.2.7", b"250")):
        s, greeting = connect(port, source="127.0.0.2")
        assert b"XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT\r\n" in say(s, b"EHLO me")
        assert say(s, b"XCLIENT ADDR=nowhere").startswith(b"501 5.5.4 ")
        assert say(s, b"XCLIENT NAME=far.test ADDR=" + client) == greeting
        assert say(s, b"MAIL FROM:<a@b.test>").startswith(b"503 ")
        assert b"XCLIENT" not in say(s, b"EHLO far")
        say(s, b"MAIL FROM:<a@b.test>")
        assert say(s, b"RCPT TO:<x@far.test>").startswith(code), client
        s.close()


def memory_kib(root):
    """Of that process and its children, each shared page counted in part."""
    total = 0
    for pid in [root, *processes.descendants(root)]:
        total += int(re.search(r"^Pss:\s+(\d+)", read(f"/proc/{pid}/smaps_rollup"), re.M)[1])
    return total


def shared_memory(pid):
    """How the process may use each mapping that it shares with others."""
    return sorted(line.split()[1] for line in read(f"/proc/{pid}/maps").splitlines() if line.split()[1][3] == "s")


def test_a_talker_has_no_hand_on_other_sessions(owlpost, port):
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    held = take_places(port, 2)
    sessions = [pid for pid in processes.descendants(listener.process.pid)
                if processes.stat(pid)[2] == listener.process.pid]
    assert len(sessions) == len(held)
    for doorkeeper in sessions:
        talker, = processes.descendants(doorkeeper)
        assert shared_memory(listener.process.pid) == ["rw-s", "rw-s"]  # strain, table
        assert shared_memory(doorkeeper) == ["r--s", "rw-s", "rw-s"]  # strain, table, tally
        assert shared_memory(talker) == ["r--s", "rw-s"]  # strain, tally


def is_strained(pid):
    """What the page says that the listener shares with its sessions."""
    start, = [int(line.split("-")[0], 16) for line in read(f"/proc/{pid}/maps").splitlines() if line.split()[1] == "r--s"]
    with open(f"/proc/{pid}/mem", "rb") as memory:
        memory.seek(start)
        return memory.read(4) != bytes(4)


def test_an_upgrade_leaves_no_session_hurried(owlpost, port):
    """Nobody would tell it any more that there is room again."""
    owlpost.control("maxsessions", "4")
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    held = take_places(port, 4)
    sessions = [pid for pid in processes.descendants(listener.process.pid)
                if processes.stat(pid)[2] == listener.process.pid]
    wait_until(lambda: all(is_strained(pid) for pid in sessions), 10, "sessions that are hurried")
    listener.signal(signal.SIGUSR2)
    listener.wait_for(": listening", 2)
    assert len(sessions) == len(held)
    assert not any(is_strained(pid) for pid in sessions)


def test_an_idle_session_takes_little_memory(owlpost, port):
    if owlpost.build == "sanitized":
        pytest.skip("a sanitizer has memory of its own")
    owlpost.control("maxsessionsperip", "0")
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    before = memory_kib(listener.process.pid)
    held = [connect(port)[0] for _ in range(100)]
    assert all(say(s, b"EHLO me").startswith(b"250") for s in held)
    assert (memory_kib(listener.process.pid) - before) / len(held) <= 64


def wait_for_slow(s, octets=b""):
    """What is said to a client that is slow, in seconds, and the seconds; it sends an octet five times a second."""
    start = time.monotonic()
    for octet in octets:
        s.sendall(bytes([octet]))
        if select.select([s], [], [], 0.2)[0]:
            break
    return s.recv(1000), time.monotonic() - start


def test_a_command_that_drips_in_is_waited_for_once(owlpost, port):
    owlpost.control("timeoutsmtpd", "2")
    Listener(owlpost, f"127.0.0.1:{port}")
    s, _ = connect(port)
    reply, seconds = wait_for_slow(s, b"NOOP " + 100 * b"x")
    assert reply.startswith(b"421 4.4.2 timeout")
    assert 2 <= seconds < 20


def take_places(port, count):
    held = [connect(port) for _ in range(count)]
    assert all(greeting.startswith(b"220 ") for _, greeting in held)
    return [s for s, _ in held]


@pytest.mark.parametrize("others, seconds", [(0, 2), (3, 1)])
def test_a_slow_message_is_given_up(owlpost, port, others, seconds):
    """What comes at once is enough for a window, but not when places run short."""
    owlpost.control("maxsessions", "4")
    owlpost.control("mindatarate", "1000")
    owlpost.control("mindatawindow", "2")
    owlpost.start()
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    s, _ = connect(port)
    held = take_places(port, others)
    begin_message(s)
    s.sendall(b"x" * 2998 + b"\r\n")
    reply, waited = wait_for_slow(s)
    assert reply.startswith(b"421 4.4.2 the message comes too slowly")
    assert 2 * seconds <= waited < 2 * seconds + 2
    listener.wait_for("client too slow")
    assert not owlpost.queued()
    assert len(held) == others


def test_idle_clients_make_room_where_places_run_short(owlpost, port):
    owlpost.control("maxsessions", "4")
    owlpost.control("timeoutsmtpd", "12")
    Listener(owlpost, f"127.0.0.1:{port}")
    idle = take_places(port, 3)
    start = time.monotonic()
    last, = take_places(port, 1)
    assert idle[0].recv(1000).startswith(b"421 4.4.2 timeout")
    assert 2 <= time.monotonic() - start < 12
    assert say(last, b"NOOP").startswith((b"250 ", b"421 "))


def watched(owlpost):
    """A filter that notes what it is told about the client: a function that returns it."""
    script, seen = f"{owlpost.folder}/filter", f"{owlpost.folder}/seen"
    with open(script, "w") as f:
        f.write(f'#!/bin/sh\nenv | grep -E "^(PROTO|TCP)" >{seen}/env\nexec {owlpost.program("owl-queue")}\n')
    os.chmod(script, 0o755)
    os.mkdir(seen)
    os.chmod(seen, 0o777)
    owlpost.environment |= {"QMAILQUEUE": script}
    return lambda: dict(line.split("=", 1) for line in read(f"{seen}/env").splitlines())


def test_xclient_says_all_about_a_client(owlpost, port):
    """Also HELO and PROTO, so that MAIL follows at once, and keeps to SMTP's limits."""
    owlpost.control("xclients", "127.0.0.2")
    seen = watched(owlpost)
    owlpost.start()
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    s, _ = connect(port, source="127.0.0.2")
    say(s, b"EHLO me")
    assert say(s, b"XCLIENT NAME=far.test ADDR=192.0.2.9 PORT=4000 PROTO=SMTP HELO=there.test LOGIN=ann+40b "
                  b"DESTADDR=198.51.100.2 DESTPORT=26").startswith(b"220 ")
    assert say(s, b"MAIL FROM:<a@b.test> SIZE=1").startswith(b"555 ")
    assert say(s, b"MAIL FROM:<a@b.test>").startswith(b"250 ")
    assert say(s, b"RCPT TO:<joe@owlpost.test>").startswith(b"250 ")
    assert say(s, b"DATA").startswith(b"354 ")
    assert say(s, b"Subject: x\r\n\r\nx\r\n.").startswith(b"250 ")
    found = b" ".join(owlpost.wait_for_mail("joe")[0].split())
    assert b"from there.test (far.test [192.0.2.9]) by owlpost.test with SMTP (user ann@b) id" in found
    assert seen() == {"PROTO": "TCP", "TCPREMOTEIP": "192.0.2.9", "TCPREMOTEPORT": "4000", "TCPREMOTEHOST": "far.test",
                      "TCPLOCALIP": "198.51.100.2", "TCPLOCALPORT": "26"}
    assert ", helo there.test with SMTP, user ann@b, client [192.0.2.9]:4000 far.test" in listener.log()


def test_a_login_by_xclient_may_not_relay(owlpost, port):
    owlpost.control("xclients", "127.0.0.1")
    Listener(owlpost, f"127.0.0.1:{port}")
    s, _ = connect(port)
    say(s, b"EHLO me")
    assert say(s, b"XCLIENT LOGIN=ann HELO=me PROTO=ESMTP").startswith(b"220 ")
    assert say(s, b"MAIL FROM:<a@b.test> SIZE=1").startswith(b"250 ")
    assert say(s, b"RCPT TO:<x@far.test>").startswith(b"553 ")


def swaks(port, *more):
    return subprocess.run(["swaks", "--server", "127.0.0.1", "--port", str(port), "--to", "joe@owlpost.test",
                           "--helo", "there.test", *more], capture_output=True)


def test_swaks_uses_xclient(owlpost, port):
    owlpost.control("xclients", "127.0.0.1")
    seen = watched(owlpost)
    owlpost.start()
    listener = Listener(owlpost, f"127.0.0.1:{port}")
    done = swaks(port, "--xclient-name", "far.test", "--xclient-addr", "192.0.2.9", "--xclient-helo", "first.test",
                 "--xclient-proto", "ESMTP", "--xclient-login", "ann", "--xclient-destaddr", "198.51.100.2")
    assert done.returncode == 0, done.stdout
    assert b"from there.test (far.test [192.0.2.9])" in owlpost.wait_for_mail("joe")[0]
    assert seen()["TCPLOCALIP"] == "198.51.100.2"
    assert ", user ann, client [192.0.2.9]" in listener.log()


def test_swaks_may_not_use_xclient(owlpost, port):
    owlpost.control("xclients", "127.0.0.2")
    owlpost.start()
    Listener(owlpost, f"127.0.0.1:{port}")
    name = ("--xclient-addr", "192.0.2.9", "--xclient-name", "far.test")
    assert swaks(port, *name).returncode != 0
    done = swaks(port, *name, "--xclient-optional")
    assert done.returncode == 0, done.stdout
    assert b"from there.test ([127.0.0.1])" in owlpost.wait_for_mail("joe")[0]


def test_owl_start_alone_serves_smtp(owlpost, port):
    owlpost.control("smtplisten", f"127.0.0.1:{port}")
    owlpost.start()
    wait_until(lambda: listens(port), 10, owlpost.log)
    owlpost.submit(MESSAGE, "joe@owlpost.test", port=port)
    owlpost.wait_for_mail("joe")
    owlpost.starter.send_signal(signal.SIGUSR2)
    wait_until(lambda: owlpost.log().count(": listening") == 2, 10, owlpost.log)
    owlpost.submit(MESSAGE, "joe@owlpost.test", port=port)
    owlpost.wait_for_mail("joe", 2)
    owlpost.stop()


def test_the_starters_end_ends_the_listener(owlpost, port):
    """However it ends; the listener has given up root in between."""
    owlpost.control("smtplisten", f"127.0.0.1:{port}")
    owlpost.start()
    wait_until(lambda: listens(port), 10, owlpost.log)
    owlpost.starter.kill()
    owlpost.starter.wait()
    wait_until(lambda: not listens(port), 10, owlpost.log)
    wait_until(lambda: not owlpost.named("owl-smtpd"), 10, owlpost.log)


def test_without_its_listener_owl_start_ends(owlpost, port):
    with socket.create_server(("127.0.0.1", port)):
        owlpost.control("smtplisten", f"127.0.0.1:{port}")
        owlpost.setup()
        done = owlpost.call("owl-start")
    assert b"Address already in use" in done.stderr
    assert b"owl-smtpd: ended with an error" in done.stderr


@pytest.mark.parametrize("proxies, header, client, local", [
    ("", b"", "127.0.0.1", "127.0.0.1"),
    ("127.0.0.1", b"PROXY TCP4 192.0.2.77 198.51.100.2 12345 26\r\n", "192.0.2.77:12345", "198.51.100.2:26"),
])
def test_filters_see_the_client_as_under_tcpserver(owlpost, port, proxies, header, client, local):
    owlpost.control("proxyclients", proxies)
    owlpost.environment |= {"TCPREMOTEHOST": "stale.test", "TCPREMOTEIP": "192.0.2.99"}
    seen = watched(owlpost)
    owlpost.start()
    Listener(owlpost, f"127.0.0.1:{port}")
    submit_on(open_with(port, header))
    env = seen()
    assert set(env) == {"PROTO", "TCPREMOTEIP", "TCPREMOTEPORT", "TCPLOCALIP", "TCPLOCALPORT"}
    assert env["PROTO"] == "TCP"
    assert f"{env['TCPREMOTEIP']}:{env['TCPREMOTEPORT']}".startswith(client)
    assert f"{env['TCPLOCALIP']}:{env['TCPLOCALPORT']}" == (local if ":" in local else f"{local}:{port}")
