"""Local users against the delivery of mail: to their own mailboxes, and to others'."""
import os
import pwd
import resource
import subprocess
import threading
import time

import pytest

import carrier
from test_attack import STEAL, STOP_CHILD, as_user, worker_of_joe
from test_dotqmail import MESSAGE, outcome, read
from test_users import assign, ids, rcpt_codes
from waiting import wait_until

pytestmark = pytest.mark.needs_root("users who attack one another")
SUCCESS, DEFERRAL = 0, 111
ROUNDS = 25


def by_hand(owlpost, delivery="./Maildir/", *wrapper, extension=""):
    """owl-local for joe; Popen.  A .qmail file comes before the delivery."""
    dash = "-" if extension else ""
    environment = {"PATH": "/usr/bin:/bin"} | ({"ASAN_OPTIONS": "detect_leaks=0"} if wrapper else {})  # which traces, too
    return subprocess.Popen(
        [*wrapper, owlpost.program("owl-local"), "joe", owlpost.home("joe"), f"joe{dash}{extension}", dash, extension,
         "local.test", "ann@local.test", delivery], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env=environment, **owlpost.identity("joe"))


def end(process):
    """(exit code, what it says)"""
    said = process.communicate(MESSAGE, timeout=20)[0].decode()
    return process.returncode, said


def put(owlpost, user, path, octets, mode=0o600):
    with open(path, "w", encoding="ascii") as f:
        f.write(octets)
    os.chmod(path, mode)
    owlpost.give(user, path)
    return path


def enqueue(owlpost, envelope):
    """What owl-queue says of a message with this envelope."""
    message, addresses = os.pipe(), os.pipe()
    for (_, to), octets in ((message, MESSAGE), (addresses, envelope)):
        with open(to, "wb") as f:
            f.write(octets)
    p = subprocess.Popen([owlpost.program("owl-queue")], stdin=message[0], stdout=addresses[0], env={},
                         **owlpost.identity("joe"))
    os.close(message[0])
    os.close(addresses[0])
    return p.wait(20)


# ---- mboxes


@pytest.mark.parametrize("there, fault", ((False, "EEXIST"), (True, "ENOENT")), ids=("made", "moved"))
def test_an_mbox_that_another_has_made_or_moved_this_moment_gets_the_mail(owlpost, there, fault):
    if there:
        put(owlpost, "joe", f"{owlpost.home('joe')}/mbox", "")
    wrapper = ["strace", "-o", "/dev/null", "-P", "./mbox", "-e", f"inject=openat:error={fault}:when=1"]
    assert end(by_hand(owlpost, "./mbox", *wrapper)) == (SUCCESS, "did 1+0+0\n")
    assert read(owlpost, "joe", "mbox").count(b"\nbody\n\n") == 1


def test_deliveries_that_make_one_mbox_together_lose_nothing(owlpost):
    for n in range(3):
        together = [by_hand(owlpost, f"./mbox{n}") for _ in range(6)]
        ends = {}
        waiting = [threading.Thread(target=lambda p: ends.update({p.pid: end(p)}), args=(p,)) for p in together]
        for thread in waiting:
            thread.start()
        for thread in waiting:
            thread.join()
        assert set(ends.values()) == {(SUCCESS, "did 1+0+0\n")}
        assert read(owlpost, "joe", f"mbox{n}").count(b"\nbody\n\n") == 6


@pytest.fixture
def spool(owlpost):
    """A folder as /var/mail was once: all may make files there."""
    path = f"{owlpost.folder}/spool"
    os.mkdir(path)
    os.chmod(path, 0o1777)
    return path


@pytest.fixture
def precious(owlpost):
    """A file of joe's that no mail may get into."""
    return put(owlpost, "joe", f"{owlpost.home('joe')}/precious", "mine\n")


@pytest.mark.parametrize("trap, why", (
    (lambda name, precious: os.symlink(precious, name), "symbolic link"),
    (lambda name, precious: os.symlink(f"{precious}.new", name), "symbolic link"),
    (lambda name, precious: os.link(precious, name), "second name"),
    (lambda name, precious: os.mkfifo(name, 0o666), "no file"),
    (lambda name, precious: os.mkdir(name), "no file"),
), ids=("symlink", "dangling", "hardlink", "fifo", "folder"))
def test_a_trap_in_a_spool_that_all_may_write_takes_no_mail(owlpost, spool, precious, trap, why):
    trap(f"{spool}/joe", precious)
    code, said = end(by_hand(owlpost, f"{spool}/joe"))
    assert code == DEFERRAL and why in said
    assert read(owlpost, "joe", "precious") == b"mine\n"
    assert not os.path.exists(f"{precious}.new")


def test_a_file_made_for_another_s_mail_takes_none(owlpost, spool):
    put(owlpost, "mallory", f"{spool}/joe", "", 0o666)
    code, said = end(by_hand(owlpost, f"{spool}/joe"))
    assert code == DEFERRAL and "belongs to somebody else" in said
    assert os.path.getsize(f"{spool}/joe") == 0


# An own file and a FIFO by turns, or these and links, with nothing between them.
SWAP = """
import itertools, os, sys
name, *targets = sys.argv[1:]
def link(target): os.symlink(target, name + ".")
def own(_): os.close(os.open(name + ".", os.O_CREAT | os.O_WRONLY, 0o666))
def fifo(_): os.mkfifo(name + ".", 0o666)
steps = [(link, t) for t in targets] + [(own, None), (fifo, None)]
print("swapping", flush=True)
for make, target in itertools.cycle(steps):
    try:
        make(target)
        os.rename(name + ".", name)
        if targets: os.unlink(name)
    except PermissionError: # somebody else's
        os.unlink(name + ".")
"""


class Swapping:
    """While a user changes what is there all the time."""

    def __init__(self, user, path, *targets):
        self.swapper = as_user(user, "import os; os.umask(0)\n" + SWAP, path, *targets)

    def __enter__(self):
        assert self.swapper.stdout.readline() == b"swapping\n"

    def __exit__(self, *_):
        self.swapper.kill()
        self.swapper.communicate()


def owner(path):
    try:
        return os.lstat(path).st_uid
    except FileNotFoundError:
        return None


def after_each_look(path):
    """A wrapper that makes the time between a look and the next call long."""
    return ["strace", "-f", "-o", "/dev/null", "-P", path, "-e", "inject=newfstatat,lstat,stat:delay_exit=2000"]


def test_a_spool_file_that_changes_between_check_and_open_leads_no_mail_astray(owlpost, spool, precious):
    name = f"{spool}/joe"
    ends = set()
    with Swapping("mallory", name, precious, f"{precious}.new"):
        for _ in range(ROUNDS):
            ends.add(end(by_hand(owlpost, name, *after_each_look(name)))[0])
            if owner(name) == pwd.getpwnam("joe").pw_uid:
                os.unlink(name)
    assert ends <= {SUCCESS, DEFERRAL}
    assert read(owlpost, "joe", "precious") == b"mine\n"
    assert not os.path.exists(f"{precious}.new")


# ---- .qmail files


def test_a_qmail_file_that_becomes_a_fifo_between_check_and_open_hangs_nobody(owlpost):
    with Swapping("joe", f"{owlpost.home('joe')}/.qmail"):
        ends = {end(by_hand(owlpost, "./Maildir/", *after_each_look(".qmail")))[0] for _ in range(ROUNDS)}
    assert ends <= {SUCCESS, DEFERRAL}


@pytest.mark.parametrize("octets, why", (
    ("./Maildir/\0x\n", "NUL octet: line 1 of .qmail"),
    ("ann@local.test\r\n", "control octet in an address: line 1 of .qmail"),
    ("&" + "a" * 5000 + "@local.test\n", "address too long: line 1 of .qmail"),
    ("./" + "a" * 5000 + "/\n", "path too long: line 1 of .qmail"),
    ("#\n" * (2 << 20) + "#\n", "too long: .qmail"),
), ids=("nul", "crlf", "address", "path", "file"))
def test_a_qmail_file_with_odd_octets_defers_and_says_where(owlpost, octets, why):
    owlpost.dot_qmail("joe", "", octets)
    code, said = end(by_hand(owlpost))
    assert code == DEFERRAL and why in said
    assert owlpost.messages("joe") == []


@pytest.mark.parametrize("limit, code, said", ((100000, SUCCESS, "did 0+100000+0"), (99999, 100, "too many recipients")))
def test_a_qmail_file_of_100000_addresses_takes_little_time_and_memory(owlpost, limit, code, said):
    owlpost.control("maxrecipients", str(limit))
    owlpost.setup()
    owlpost.dot_qmail("joe", "", "".join(f"&somebody-{n}@elsewhere.test\n" for n in range(100000)))
    start = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    ended = end(by_hand(owlpost))
    assert ended[0] == code and said in ended[1]
    assert time.monotonic() - start < 10
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss <= max(before, 200 << 10)
    assert len(owlpost.queued()) == (code == SUCCESS)


def test_an_extension_of_900_octets_full_of_shell_runs_nothing(owlpost):
    owlpost.dot_qmail("joe", "-default", '|printf %s "$DEFAULT" >said\n')
    extension = ("$(touch pwned)`touch pwned`;'touch pwned'&\"|touch pwned\"" * 20)[:900]
    assert end(by_hand(owlpost, extension=extension)) == (SUCCESS, "did 0+0+1\n")
    assert read(owlpost, "joe", "said").decode() == extension
    assert "pwned" not in os.listdir(owlpost.home("joe"))


@pytest.mark.parametrize("envelope", (b"Fann@local.test\0Tjoe\n|touch pwned@local.test\0\0",
                                      b"Fann\n@local.test\0Tjoe@local.test\0\0"), ids=("recipient", "sender"))
def test_an_address_with_a_line_feed_gets_into_no_queue(owlpost, envelope):
    owlpost.setup()
    assert enqueue(owlpost, envelope) == 31
    assert owlpost.queued() == []


# ---- programs


def test_a_program_holds_three_descriptors_and_none_is_a_socket(owlpost):
    owlpost.dot_qmail("joe", "", "|ls -l /proc/self/fd | cat >fds\n")
    owlpost.start()
    assert outcome(owlpost, MESSAGE, "joe@local.test")[0] == "success"
    held = {line.split()[8]: line.split(" -> ")[1] for line in read(owlpost, "joe", "fds").decode().splitlines()[1:]}
    assert held.pop("3").endswith("/fd"), "which it reads"
    assert set(held) == {"0", "1", "2"}
    assert "message" in held["0"] and held["1"].startswith("pipe:") and held["2"].startswith("pipe:")


def test_a_gigabyte_on_a_program_s_output_takes_no_memory(owlpost):
    owlpost.dot_qmail("joe", "", "|head -c 1000000000 /dev/zero; exit 100\n")
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    code, said = end(by_hand(owlpost))
    assert code == 100 and len(said) < 1000
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss <= max(before, 100 << 10)


def test_a_program_that_kills_all_of_its_user_s_processes_harms_nobody_else(owlpost):
    owlpost.dot_qmail("joe", "", "|test -e tried || { touch tried; kill -KILL -1; }\n")
    owlpost.start()
    assert outcome(owlpost, MESSAGE, "joe@local.test")[0] == "deferral"
    assert outcome(owlpost, MESSAGE, "ann@local.test", user="joe")[0] == "success"
    def waiting():
        return {os.path.basename(path).removesuffix(".log") for path in owlpost.queued()}

    wait_until(lambda: len(waiting()) == 1, 20, owlpost.log)  # the other has been told before it leaves
    (ident,) = waiting()
    owlpost.owlq("retry", ident)
    owlpost.wait_for_empty_queue()


def test_a_deliverer_that_its_user_stops_is_given_up_in_time(owlpost):
    owlpost.control("timeoutdelivery", "2")
    owlpost.dot_qmail("joe", "", "|kill -STOP $PPID\n")
    owlpost.start()
    ended, text = outcome(owlpost, MESSAGE, "joe@local.test")
    assert ended == "deferral" and "longer_than_timeoutdelivery" in text
    owlpost.dot_qmail("joe", "", "./Maildir/\n")
    assert outcome(owlpost, MESSAGE, "joe@local.test")[0] == "success"


FORGE = STEAL + """
import socket
s = socket.socket(fileno=steal(int(sys.argv[1]), 0))
try: s.sendall(bytes.fromhex(sys.argv[2]))
except OSError: pass
"""


def test_a_user_reports_nothing_of_another_s_mail(owlpost):
    """joe claims, by his worker's socket, that all has been delivered."""
    owlpost.control("timeoutidle", "30")
    os.mkfifo(f"{owlpost.home('ann')}/gate")
    owlpost.give("ann", f"{owlpost.home('ann')}/gate")
    owlpost.dot_qmail("ann", "", "|cat gate; exit 111\n")
    owlpost.start()
    pid = worker_of_joe(owlpost)
    assert owlpost.inject(MESSAGE, "ann@local.test", user="ann").returncode == 0
    wait_until(lambda: len(owlpost.named("owl-local")) == 2, 10, "the worker of ann")
    claim = b"".join(carrier.frame("agent", carrier.AGENT["AGENT_RESULT"], carrier.items(
        JOB=job, RECIPIENT_INDEX=0, CLASS=1, STATUS="2.0.0", TEXT="forged")) for job in range(1, 100))
    as_user("joe", FORGE, pid, claim.hex()).communicate(timeout=20)
    with open(f"{owlpost.home('ann')}/gate", "wb"):
        pass
    wait_until(lambda: "deferral: " in owlpost.log(), 20, owlpost.log)
    assert "success: forged" not in owlpost.log()
    assert len({os.path.basename(p).removesuffix(".log") for p in owlpost.queued()}) == 1


def test_a_user_s_name_that_looks_like_an_option_is_a_name(owlpost):
    assign(owlpost, f"=joe:-n:{ids()}:{owlpost.home('joe')}:::")
    owlpost.dot_qmail("joe", "", '|printf %s "$USER" >said\n')
    owlpost.start()
    assert outcome(owlpost, MESSAGE, "joe@local.test")[0] == "success"
    assert read(owlpost, "joe", "said") == b"-n"


# ---- questions about recipients


STOP_OWN_LOOKUPS = STOP_CHILD + """
print("ready", flush=True)
while True:
    if any([stop_child(pid, "owl-lspawn") for pid in processes()]):
        print("stopped", flush=True)
"""


def test_a_user_who_stops_look_ups_of_himself_keeps_no_other_waiting(owlpost):
    owlpost.control("timeoutrcpt", "20")
    owlpost.control("rcptcache", "0")
    owlpost.dot_qmail("joe", "-default", "#" * (3 << 20))  # takes a moment to read
    owlpost.up()
    codes = []

    def ask_until_one_is_stopped():
        deadline = time.monotonic() + 30
        while 451 not in codes and time.monotonic() < deadline:
            codes.extend(rcpt_codes(owlpost, ["joe-x@local.test"]).values())
    attacker = as_user("joe", STOP_OWN_LOOKUPS, *owlpost.named("owl-lspawn"))
    asking = [threading.Thread(target=ask_until_one_is_stopped) for _ in range(4)]
    try:
        assert attacker.stdout.readline() == b"ready\n"
        for thread in asking:
            thread.start()
        assert attacker.stdout.readline() == b"stopped\n"
        start = time.monotonic()
        assert rcpt_codes(owlpost, ["ann@local.test"]) == {"ann@local.test": 250}
        assert time.monotonic() - start < 1.5
        for thread in asking:
            thread.join()
        assert time.monotonic() - start < 10, "one that is stopped is ended"
    finally:
        attacker.kill()
        attacker.communicate()
    assert set(codes) <= {250, 451} and 451 in codes
    assert "look-up was stopped: joe-x" in owlpost.log()


LOOK_INTO_OWN_LOOKUPS = STEAL + """
def name(pid): return open(f"/proc/{pid}/comm").read()
print("ready", flush=True)
while True:
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        try:
            if name(pid) != "owl-lspawn\\n": continue
            os.kill(pid, 0)
        except OSError: # root's
            continue
        for look in (*(lambda fd=fd: steal(pid, fd) for fd in range(16)), lambda: os.listdir(f"/proc/{pid}/fd"),
                     lambda: open(f"/proc/{pid}/mem", "rb")):
            try: print("got", look(), flush=True)
            except OSError as e: number = e.errno
        if number == 13: print("denied", flush=True)
"""


def test_a_look_up_of_a_user_gives_him_nothing_of_the_others_questions(owlpost):
    """It runs as he, and has been forked from who holds all connections."""
    owlpost.control("rcptcache", "0")
    owlpost.dot_qmail("joe", "-default", "#" * (3 << 20))
    owlpost.up()
    attacker = as_user("joe", LOOK_INTO_OWN_LOOKUPS)
    first = []
    looked = threading.Thread(target=lambda: first.append(attacker.stdout.readline()))
    try:
        assert attacker.stdout.readline() == b"ready\n"
        looked.start()
        for _ in range(1000):
            if not looked.is_alive():
                break
            rcpt_codes(owlpost, ["joe-x@local.test"])
    finally:
        attacker.kill()
        looked.join()
        said = first[0] + attacker.communicate()[0]
    assert said.startswith(b"denied") and b"got" not in said, said
