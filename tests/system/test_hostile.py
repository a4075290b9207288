"""Random, truncated and malformed octets on every input: errors, never a crash or a hang.

The programs come from a sanitizer build, which ends with a report at the
first wrong access; dismantle() fails when a log holds one.
"""
import array
import os
import random
import shutil
import socket
import struct
import subprocess

import pytest

import authd
import carrier
import mailboxdoor
import processes
from instance import ROOT, SANITIZER_REPORT
from waiting import wait_until

SEED = int(os.environ.get("OWLPOST_SEED", "0")) or random.SystemRandom().randint(1, 10**9)
ROUNDS = 400 if os.environ.get("OWLPOST_CHECK_FULL") else 40
HANG_SECONDS = 30


@pytest.fixture
def owlpost(instances):
    have = os.path.isdir("/srv/sanitized") if ROOT else os.path.isdir(f"{os.environ['OWLPOST_WORK']}/srv/sanitized")
    instance = instances("sanitized" if have else "plain")
    instance.environment["ASAN_OPTIONS"] = "exitcode=99"
    instance.control("timeoutsmtpd", "10")
    print(f"seed {SEED}")
    return instance


@pytest.fixture
def rng():
    return random.Random(SEED)


def octets(rng, most=3000):
    return rng.randbytes(rng.choice((0, 1, 2, 7, 8, rng.randint(0, most))))


def spoil(rng, good):
    """A valid thing with something wrong with it."""
    bad = bytearray(good)
    for _ in range(rng.randint(1, 4)):
        i = rng.randint(0, len(bad))
        change = rng.randint(0, 4)
        if change == 0:
            del bad[i:]
        elif change == 1 and i < len(bad):
            bad[i] ^= 1 << rng.randint(0, 7)
        elif change == 2:
            bad[i:i] = octets(rng, 50)
        elif change == 3 and i < len(bad):
            bad[i:i + 4] = rng.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"))
        else:
            del bad[i:i + rng.randint(0, 8)]
    return bytes(bad)


def still_works(owlpost):
    """A message passes through the same processes as before, and they end in order, without a leak."""
    count = len(owlpost.maildir("joe"))
    assert queue(owlpost, b"Subject: after it all\n\nbody\n", b"Fann@local.test\0Tjoe@local.test\0\0") == 0
    owlpost.wait_for_mail("joe", count + 1, HANG_SECONDS)
    owlpost.stop()


def read_to_the_end(s):
    """Everything until the peer closes; a peer that does not has hung."""
    s.settimeout(HANG_SECONDS)
    found = b""
    try:
        while more := s.recv(65536):
            found += more
    except ConnectionError:
        pass
    return found


SMTP_PARTS = (
    b"EHLO client.test\r\n", b"HELO x\r\n", b"MAIL FROM:<a@sender.test>\r\n", b"MAIL FROM:<>\r\n",
    b"MAIL FROM:<a@b> SIZE=10 BODY=8BITMIME\r\n", b"MAIL FROM:<a@b> SIZE=99999999999999999999\r\n",
    b"MAIL FROM:<a@b> FOO=BAR\r\n", b"RCPT TO:<joe@local.test>\r\n", b"RCPT TO:<@a,@b:joe@local.test>\r\n",
    b'RCPT TO:<"joe"@local.test>\r\n', b"RCPT TO:<nobody-there@local.test>\r\n", b"RCPT TO:<" + b"x" * 2000 + b">\r\n",
    b"DATA\r\n", b"Subject: x\r\n\r\nbody\r\n.\r\n", b".\r\n", b"\n.\n", b"\r\n.\n", b"\r.\r\n", b"RSET\r\n", b"NOOP\r\n", b"VRFY x\r\n",
    b"HELP\r\n", b"STARTTLS\r\n", b"AUTH PLAIN AAAA\r\n", b"BDAT 10 LAST\r\n", b"BDAT 0 LAST\r\n", b"BDAT 4\r\nabc\r", b"BDAT x\r\n",
    b"\0\r\n", b"\r\n", b"\n", b"\r",
    b"A" * 5000, b"X" * 70000 + b"\r\n", b"\xff\xfe\x80\r\n", b"QUIT\r\n")


def test_random_octets_on_smtp(owlpost, rng):
    owlpost.up()
    for _ in range(ROUNDS * 3):
        parts = [rng.choice(SMTP_PARTS) if rng.random() < 0.9 else octets(rng) for _ in range(rng.randint(1, 25))]
        if rng.random() < 0.3:
            parts.insert(0, b"EHLO c\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<joe@local.test>\r\nDATA\r\n")
        with socket.create_connection(("127.0.0.1", owlpost.port), HANG_SECONDS) as s:
            try:
                s.sendall(b"".join(parts))
                s.shutdown(socket.SHUT_WR)
            except ConnectionError:
                pass
            assert read_to_the_end(s)[:3] in (b"220", b"421", b"")
    wait_until(lambda: not owlpost.named("owl-smtpd"), HANG_SECONDS, "the sessions' ends")
    wait_until(lambda: not owlpost.named("owl-queue"), HANG_SECONDS, "the injectors' ends")
    still_works(owlpost)


PERMANENT = set(range(11, 41))
KNOWN_CODES = PERMANENT | {0, *range(51, 57), *range(61, 67), *range(71, 75), 81, 82, 88, 91, 115}


def test_random_octets_on_the_injector_s_descriptors(owlpost, rng):
    owlpost.setup()
    good = b"Fann@local.test\0Tjoe@local.test\0Tmallory@local.test\0\0"
    codes = {}
    for _ in range(ROUNDS * 3):
        envelope = rng.choice((octets(rng), spoil(rng, good), good, good[:rng.randint(0, len(good))],
                               b"F" + b"x" * rng.choice((1000, 100000)) + b"\0\0"))
        body = octets(rng, 200_000)
        before = len(owlpost.queued())
        code = queue(owlpost, body, envelope)
        assert code in KNOWN_CODES, f"exit {code} for {envelope[:200]!r}"
        assert len(owlpost.queued()) - before == (code == 0)
        codes[code] = codes.get(code, 0) + 1
    print("exit codes:", dict(sorted(codes.items())))
    assert codes.get(0) and len(codes) > 2
    assert queue(owlpost, b"x", b"Fa@b\0Tc\1d@local.test\0\0") == 31
    assert queue(owlpost, b"x", b"Fa@b\0T" + b"x" * 5000 + b"@local.test\0\0") == 11
    assert queue(owlpost, b"x", b"Fa@b\0Tjoe@local.test\0") == 54
    assert queue(owlpost, b"x", b"Xa@b\0Tjoe@local.test\0\0") == 91
    assert not os.listdir(f"{owlpost.queue}/tmp")


def queue(owlpost, body, envelope):
    """owl-queue's exit code for these octets on its two descriptors."""
    with open(f"{owlpost.folder}/body", "wb") as f:
        f.write(body)
    read_end, write_end = os.pipe()
    with open(f"{owlpost.folder}/body", "rb") as message, owlpost._log("queue") as log:
        p = subprocess.Popen([owlpost.program("owl-queue")], stdin=message, stdout=read_end, stderr=log,
                             env=owlpost.environment)
        os.close(read_end)
        try:
            with open(write_end, "wb") as w:
                w.write(envelope)
        except BrokenPipeError:
            pass
        return p.wait(HANG_SECONDS)


def throw_at(path, rng, good, reply_needed):
    """Frames of every kind of badness at a Unix socket; how many were answered."""
    answered = 0
    for _ in range(ROUNDS * 2):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(HANG_SECONDS)
            s.connect(path)
            if rng.random() < 0.3:
                octets_to_send = octets(rng)
            else:
                octets_to_send = b"".join(rng.choice(good) if rng.random() < 0.3 else spoil(rng, rng.choice(good))
                                          for _ in range(rng.randint(1, 4)))
            try:
                s.sendall(octets_to_send)
                s.shutdown(socket.SHUT_WR)
            except ConnectionError:
                pass
            answered += bool(read_to_the_end(s))
    assert answered or not reply_needed
    return answered


def test_random_octets_on_the_recipient_socket(owlpost, rng):
    owlpost.start()
    ask = carrier.DOOR["DOOR_QUESTION"]
    good = [carrier.frame("door", ask, carrier.items(RECIPIENT_ADDRESS=a))
            for a in ("joe@local.test", "joe-x@local.test", "", "@", "../../etc/passwd@local.test", "joe-../x@local.test",
                      "joe-" + "y" * 900 + "@local.test")]
    good += [carrier.frame("door", kind, b"") for kind in range(12)]
    good += [carrier.frame("door", ask, carrier.items(RECIPIENT_ADDRESS="joe@local.test"), length=n)
             for n in (0, 1, 0x7fffffff, 0xffffffff)]
    print(throw_at(f"{owlpost.run}/rcpt/socket", rng, good, True), "answers")
    still_works(owlpost)


def test_random_octets_on_the_socket_for_recipients_elsewhere(owlpost, rng):
    owlpost.control("smtproutes", ":127.0.0.1:1")
    owlpost.start()
    path = f"{owlpost.run}/nexthop/socket"
    wait_until(lambda: os.path.exists(path), 20, "the socket")
    ask = carrier.DOOR["DOOR_QUESTION"]
    good = [carrier.frame("door", ask, carrier.items(RECIPIENT_ADDRESS=a))
            for a in ("joe@far.test", "joe@local.test", "", "@", "u@" + "y" * 900, "x>@y z", "--explain@far.test")]
    good += [carrier.frame("door", kind, b"") for kind in range(12)]
    good += [carrier.frame("door", ask, carrier.items(RECIPIENT_ADDRESS="joe@far.test"), length=n)
             for n in (0, 1, 0x7fffffff, 0xffffffff)]
    # the end of a client's octets is a hang-up, which most questions do not live to see
    print(throw_at(path, rng, good, False), "answers")
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(HANG_SECONDS)
        s.connect(path)
        s.sendall(good[0])
        kind, _ = carrier.read_frame(s)
        assert kind == carrier.DOOR["DOOR_ANSWER"]
    assert owlpost.log().count("unable to answer questions") == 0
    still_works(owlpost)


def test_random_octets_on_the_mailbox_socket(owlpost, rng):
    """With descriptors of every number; none of them stays."""
    owlpost.mailboxes({"joe": "word"})
    owlpost.start()
    authd.wait_for_daemon(owlpost)
    path = f"{owlpost.run}/mailbox/socket"
    authd.wait_for_mailboxes(owlpost)

    def log_in():
        with authd.Link(owlpost) as link:
            return link.ask(authd.PASSWORD, service="pop3", user="joe", secret="word")["pass"]
    word = log_in()
    good = [mailboxdoor.frame(**({"service": "pop3", "pass": word, "client": "192.0.2.1"} | more))
            for more in ({}, {"pass": b""}, {"pass": b"x" * 3000}, {"service": "imap"}, {"name": "a\nb"}, {"port": 70000})]
    good += [mailboxdoor.frame(kind=kind, flags=flags) for kind in range(5) for flags in (0, 1, 2, 255)]
    for _ in range(ROUNDS * 2):
        # a good one but for the number of descriptors may open the mailbox, which is no harm
        raw = octets(rng) if rng.random() < 0.2 else spoil(rng, rng.choice(good))
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(HANG_SECONDS)
            s.connect(path)
            ends = [end for _ in range(rng.choice((0, 1, 1, 3))) for end in socket.socketpair()]
            try:
                s.sendmsg([raw or b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [e.fileno() for e in ends]))])
                s.shutdown(socket.SHUT_WR)
            except ConnectionError:
                pass
            for end in ends:
                end.close()
            read_to_the_end(s)
    with mailboxdoor.Door(owlpost) as door:
        assert door.ask(log_in())["class"] == mailboxdoor.STARTED
        assert door.line().startswith("+OK")
        door.quit()
    for pid in owlpost.named("owl-lspawn"):
        assert len(processes.descriptors(pid)) < 12
    still_works(owlpost)


@pytest.mark.parametrize("name", ["control", "etrn"])
def test_random_octets_on_the_runners_sockets(owlpost, rng, name):
    owlpost.start()
    good = [carrier.frame("ctl", kind, carrier.items(MESSAGES=m))
            for kind in (*range(1, 16), 30, 99) for m in ("", "x", "0" * 37, "1234567890123456." + "a" * 20)]
    good += [carrier.frame("ctl", 1), carrier.frame("ctl", 1, version=9), carrier.frame("ctl", 1, flags=1),
             carrier.frame("agent", 1), carrier.frame("ctl", 1, length=0xffffffff)]
    print(throw_at(f"{owlpost.run}/{name}/socket", rng, good, name == "control"), "answers")
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(HANG_SECONDS)
        s.connect(f"{owlpost.run}/control/socket")
        s.sendall(carrier.frame("ctl", carrier.CTL["CTL_STATUS"]))
        kind, values = carrier.read_frame(s)
        assert kind == carrier.CTL["CTL_OK"]
        assert values[carrier.TAG["TAG_LOCAL_LIMIT"]] == struct.pack(">Q", 10)
    still_works(owlpost)


def job(number, **more):
    values = {"JOB": number, "MESSAGE": "1234567890123456." + "a" * 20, "SIZE": 4, "CONTENT": "a\n\nb",
              "SENDER": "a@sender.test"} | more
    return carrier.frame("agent", carrier.AGENT["AGENT_JOB"],
                         carrier.items(**values) + carrier.items(RECIPIENT_ADDRESS="joe@local.test", RECIPIENT_INDEX=0))


def worker(**values):
    return carrier.frame("agent", carrier.AGENT["AGENT_WORKER"], carrier.items(**values))


JOBS = [job(1), job(2, SENDER=""), job(3, SIZE=10**18), job(4, CONTENT="x" * 60000, SIZE=60000),
             job(5, MESSAGE="../../x"), carrier.frame("agent", carrier.AGENT["AGENT_CLOSE"]),
             carrier.frame("agent", carrier.AGENT["AGENT_RESULT"]), carrier.frame("agent", 200)]
WORKERS = [worker(CHANNEL=0, DESTINATION="joe@local.test"), worker(CHANNEL=1, HOST="127.0.0.1", PORT=1),
                worker(CHANNEL=9), worker(CHANNEL=1, HOST="x" * 200, PORT=99999, USE_MX=b""),
                carrier.frame("agent", carrier.AGENT["AGENT_WORKER"], flags=1)]


@pytest.mark.parametrize("program, good", [("owl-local", JOBS), ("owl-remote", JOBS),
                                           ("owl-lspawn", WORKERS), ("owl-rspawn", WORKERS)])
def test_random_octets_by_the_agent_protocol(owlpost, rng, program, good):
    owlpost.setup()
    os.makedirs(f"{owlpost.run}/rcpt", exist_ok=True)
    arguments = arguments_of(owlpost, program)
    codes = {}
    for _ in range(ROUNDS):
        ours, theirs = socket.socketpair()
        with ours, owlpost._log(program) as log:
            as_user = owlpost.identity("joe") if program == "owl-local" else {}
            p = subprocess.Popen([owlpost.program(program), *arguments], stdin=theirs, stdout=log, stderr=log,
                                 env=owlpost.environment, cwd=owlpost.home("joe"), **as_user)
            theirs.close()
            try:
                ours.sendall(octets(rng) if rng.random() < 0.3 else
                             b"".join(rng.choice(good) if rng.random() < 0.4 else spoil(rng, rng.choice(good))
                                      for _ in range(rng.randint(1, 4))))
                ours.shutdown(socket.SHUT_WR)
            except ConnectionError:
                pass
            read_to_the_end(ours)
            code = p.wait(HANG_SECONDS)
        codes[code] = codes.get(code, 0) + 1
        assert code >= 0 and code != 99, f"{program}: {code}: {owlpost.log(program)[-3000:]}"
    print(program, "exit codes:", codes)
    assert not SANITIZER_REPORT.search(owlpost.log(program))


def arguments_of(owlpost, program):
    """What the spawners start their agents with."""
    if program == "owl-local":
        return ["-a", "joe", owlpost.home("joe"), "joe", "", "", "local.test", "./Maildir/"]
    return []


def test_what_is_no_message_in_todo_stops_nothing(owlpost, rng):
    owlpost.control("rescaninterval", "1")
    owlpost.setup()
    assert queue(owlpost, b"Subject: good\n\n" + b"body\n" * 100, b"Fann@local.test\0Tjoe@local.test\0\0") == 0
    (path,) = owlpost.queued()
    with open(path, "rb") as f:
        good = f.read()
    owner = os.stat(path)
    os.unlink(path)
    count = ROUNDS
    for i in range(count):
        bad = good
        while bad == good:
            bad = rng.choice((octets(rng), spoil(rng, good), good[:rng.randint(0, len(good))]))
        name = f"{owlpost.queue}/todo/{1000000000000000 + i}.{i:020x}"
        with open(name, "wb") as f:
            f.write(bad)
        os.chmod(name, 0o440)
        os.chown(name, owner.st_uid, owner.st_gid)
    os.mkdir(f"{owlpost.queue}/todo/1000000000000999.{0:020x}")
    os.symlink("/etc/passwd", f"{owlpost.queue}/todo/1000000000000998.{0:020x}")
    with open(f"{owlpost.queue}/todo/no-id-at-all", "wb") as f:
        f.write(good)
    owlpost.start()
    wait_until(lambda: sum(n < "1000000000000900" for n in os.listdir(f"{owlpost.queue}/bad")) == count, HANG_SECONDS,
               lambda: f"not in bad/: {owlpost.queued()[:3]}: {owlpost.log()[-2000:]}")
    shutil.rmtree(f"{owlpost.queue}/todo/1000000000000999.{0:020x}", ignore_errors=True)
    still_works(owlpost)
    assert len(owlpost.maildir("joe")) == 1, "nothing was delivered from what is no message"
