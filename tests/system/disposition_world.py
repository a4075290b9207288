"""An instance furnished as a table says, and what it does with the table's mail."""
import json
import os
import re
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor

from instance import USERS
from peers import Sink
from waiting import wait_until

FIRST_UID = 63001
WRITTEN = "/etc/passwd",
# a line for each variable, '|' for the ends of lines within; a blank one; the message
RECORD = """#!/bin/sh
n=$(mktemp .ran.XXXXXX) && env -0 | tr '\\n\\0' '|\\n' >"$n" && echo >>"$n" && cat >>"$n"
"""
INJECTOR = """#!/bin/sh
n=$(mktemp %s/XXXXXX) && cat >"$n" && cat <&1 >"$n.envelope"
"""
MARK = "X-Row: "


class World:
    def __init__(self, owlpost, table):
        self.owlpost, self.table = owlpost, table
        self.elsewhere = Sink()  # takes all that is remote
        self.before = {path: read(path) for path in WRITTEN}
        self.homes, self.uids, self.default_delivery = {}, {}, "./Maildir/"
        self.record = self.script("record", RECORD)
        self.forwarded = f"{owlpost.folder}/forwarded"
        os.mkdir(self.forwarded)
        os.chmod(self.forwarded, 0o1733)
        owlpost.environment["QMAILQUEUE"] = self.script("injector", INJECTOR % self.forwarded)

    def script(self, name, text):
        path = f"{self.owlpost.folder}/{name}"
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o755)
        return path

    # ---- furnishing

    def furnish(self):
        os.makedirs(f"{self.owlpost.folder}/home", mode=0o755)
        os.chmod(f"{self.owlpost.folder}/home", 0o755)
        self.end_accounts()
        for number, (account, _) in enumerate(self.table.accounts):
            self.enter(account, number)
        if self.table.alias and "alias" not in self.homes:
            self.enter_default_alias()
        for account, things in self.table.accounts:
            self.make_home(account, things)
        self.write_controls()
        return self

    def end_accounts(self):
        """The instance's usual users are none of the table's."""
        for path in WRITTEN:
            kept = [line for line in self.before[path].splitlines(True) if line.split(":")[0] not in USERS]
            write(path, "".join(kept))

    def enter(self, account, number):
        name = account.name
        uid = int(account.word("uid", FIRST_UID + number))
        home = real = f"{self.owlpost.folder}/home/{name}"
        given = account.word("home")
        if given and given.startswith("/"):
            home, real = given, None
        elif given == "other":
            real = f"{home}.real"
        self.homes[name], self.uids[name] = home, uid
        account.real = real
        if account.word("unlisted") is None:
            append("/etc/passwd", f"{name}:x:{uid}:{uid}:owlpost test:{home}:/bin/sh\n")

    def enter_default_alias(self):
        home = f"{self.owlpost.folder}/home/alias"
        self.homes["alias"], self.uids["alias"] = home, FIRST_UID - 1
        append("/etc/passwd", f"alias:x:{FIRST_UID - 1}:{FIRST_UID - 1}:owlpost test:{home}:/bin/sh\n")
        os.mkdir(home, 0o755)
        os.chown(home, FIRST_UID - 1, FIRST_UID - 1)

    def owner(self, thing, default):
        name = thing.word("owner")
        return self.uids[default] if name is None else 0 if name == "root" else self.uids[name]

    def make_home(self, account, things):
        if account.real is None:
            return
        if account.word("home") == "file":
            write(account.real, "")
        elif account.word("home") != "missing":
            os.mkdir(account.real)
        else:
            return
        if account.word("home") == "other":
            os.symlink(account.real, self.homes[account.name])
        for thing in things:
            self.make(thing, f"{account.real}/{thing.name}", account.name)
        os.chown(account.real, self.owner(account, account.name), self.owner(account, account.name))
        os.chmod(account.real, int(account.word("mode", "700"), 8))

    def make(self, thing, path, owner):
        if thing.kind == "link":
            return os.symlink(self.expand(thing.words[0]), path)
        made = [path]
        if thing.kind == "file":
            write(path, self.expand(thing.octets()))
        elif thing.kind == "fifo":
            os.mkfifo(path)
        else:
            os.makedirs(path)
        if thing.kind == "maildir":
            made += [f"{path}/{part}" for part in ("tmp", "new", "cur")]
        for one in made:
            os.path.exists(one) or os.mkdir(one)
            os.chmod(one, int(thing.word("mode", "600" if thing.kind in ("file", "fifo") else "700"), 8))
            os.chown(one, self.owner(thing, owner), self.owner(thing, owner))

    def expand(self, text):
        """~NAME and the program's name, as the table's readers know them."""
        text = re.sub(r"~(\w+)", lambda m: self.homes[m.group(1)], text)
        return re.sub(r"\brecord\b", self.record, text)

    def write_controls(self):
        post = self.owlpost
        for name, value in {"rcptcache": "0", "smtproutes": f":127.0.0.1:{self.elsewhere.port}", "concurrencylocal": "20",
                            "maxerrors": "100000"}.items():
            post.control(name, value)
        for thing in self.table.controls:
            post.control(thing.name, self.expand("\n".join(thing.text)))
            if thing.name == "defaultdelivery":
                self.default_delivery = self.expand("\n".join(thing.text))
        if self.table.assign:
            self.write_assign()

    def write_assign(self):
        folder = f"{self.owlpost.controls}/users"
        os.makedirs(folder, exist_ok=True)
        text = self.expand(self.table.assign.octets())
        text = re.sub(r"UID\((\w+)\)", lambda m: str(self.uids[m.group(1)]), text)
        write(f"{folder}/assign", text)
        done = self.owlpost.call("owl-newu")
        assert done.returncode == 0, done.stderr

    def end(self):
        self.elsewhere.close()
        for path, text in self.before.items():
            write(path, text)

    # ---- asking

    def rcpt_replies(self):
        """Each reply to RCPT, by the place of the mail in the table."""
        replies = {}
        with self.owlpost.client() as session:
            session.ehlo()
            session.mail("someone@sender.test")
            for i, mail in enumerate(self.table.mails):
                if mail.rcpt != "-":
                    code, text = session.docmd(f"RCPT TO:<{quoted(mail.address)}>")
                    replies[i] = f"{code} {text.decode()}"
        return replies

    def explanation(self, mail):
        """What owl-lspawn would do: {fact: [details]}."""
        address = "@".join(mail.local[::2])
        done = self.owlpost.call("owl-lspawn", "--explain", address)
        facts = {}
        for line in done.stdout.decode("utf-8", "surrogateescape").splitlines():
            kind, _, *details = line.split("\t")
            facts.setdefault(kind, []).append(dict(d.partition("=")[::2] for d in details))
        return facts

    def printed(self, mail):
        """(exit code, what owl-local -n prints for the account that the rules name)"""
        local, _, host = mail.local
        uid = self.uids[mail.user]
        done = subprocess.run(
            [self.owlpost.program("owl-local"), "-n", mail.user, self.home_of(mail), local, mail.dash, mail.ext, host,
             mail.sender, self.default_delivery], user=uid, group=uid, extra_groups=[], env=self.owlpost.environment,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
        return done.returncode, done.stdout.decode("utf-8", "surrogateescape").splitlines()

    def home_of(self, mail):
        return self.expand(mail.home) if mail.home else self.homes[mail.user]

    def routes(self, mail):
        """(channel, address) by owlq explain"""
        done = self.owlpost.call("owlq", "explain", "--json", mail.address, check=True)
        (route,) = [f for f in json.loads(done.stdout)["route"] if f["fact"] == "route"]
        return route["channel"], route["address"]

    # ---- delivering

    def inject(self, i):
        """Past the receiver; the injector's process id."""
        mail = self.table.mails[i]
        message = "".join(f"{h}\n" for h in [f"{MARK}{i}.", *mail.headers, "Subject: x", "", "The body."])
        envelope = f"F{mail.sender}\0T{mail.address}\0\0"
        with pipe_of(message) as m, pipe_of(envelope) as e:
            injector = subprocess.Popen([self.owlpost.program("owl-queue")], stdin=m, stdout=e)
        assert injector.wait(30) == 0, mail.where
        return injector.pid

    def deliver(self):
        """[(channel, address, result, text)], the messages in the table's order."""
        since = self.owlpost.log_size()
        with ThreadPoolExecutor(4) as pool:
            pids = list(pool.map(self.inject, range(len(self.table.mails))))
        found = {}

        def all_done():
            found.update(deliveries(self.owlpost.log()))
            return all(pid in found for pid in pids)
        wait_until(all_done, 60, lambda: f"no result for {self.missing(pids, found)}; log: {self.owlpost.log()[-3000:]}", 0.1)
        return [found[pid] for pid in pids]

    def missing(self, pids, found):
        return [m.where for m, pid in zip(self.table.mails, pids) if pid not in found]

    # ---- looking

    def effects(self):
        """What was written, of each message: [{kind, place, ...}]"""
        found = [[] for _ in self.table.mails]
        for path in files_below(f"{self.owlpost.folder}/home"):
            folder, name = os.path.split(path)
            kind = "program" if name.startswith(".ran.") else "maildir" if os.path.basename(folder) == "new" else "mbox"
            place = os.path.dirname(folder) if kind == "maildir" else folder if kind == "program" else path
            self.sort_in(found, path, {"kind": kind, "place": os.path.realpath(place)})
        for path in files_below(self.forwarded):
            if not path.endswith(".envelope"):
                for effect in forwards(read(f"{path}.envelope")):
                    self.sort_in(found, path, effect)
        return found

    @staticmethod
    def sort_in(found, path, effect):
        text = read(path)
        for row in re.findall(rf"(?m)^{MARK}(\d+)\.$", text):
            found[int(row)].append(effect | {"text": text})

    def expected_effects(self, mail):
        """Of these programs only "record" leaves something behind."""
        found = []
        for kind, _, value in (one.partition(" ") for one in mail.does):
            if kind == "forward":
                sender = mail.sender if mail.forward_sender is None else mail.forward_sender
                found.append({"kind": kind, "place": value, "sender": sender})
            elif kind in ("maildir", "mbox"):
                place = os.path.join(self.home_of(mail), self.expand(value))
                found.append({"kind": kind, "place": os.path.realpath(place)})
            elif re.search(r"\brecord\b", value):
                found.append({"kind": kind, "place": os.path.realpath(self.home_of(mail))})
        return found


def quoted(address):
    """As SMTP wants it."""
    local, at, domain = address.rpartition("@")
    if not at or re.fullmatch(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", local, re.ASCII):
        return address
    return '"%s"@%s' % (re.sub(r'(["\\])', r"\\\1", local), domain)


def forwards(envelope):
    sender, *recipients = envelope.split("\0")
    return [{"kind": "forward", "place": r[1:], "sender": sender[1:]} for r in recipients if r.startswith("T")]


def deliveries(log):
    """{pid of the injector: (channel, address, result, text)}"""
    message = dict(reversed(m) for m in re.findall(r"(?m)^info msg (\d+): .* qp (\d+) uid", log))
    by_message = {number: pid for pid, number in message.items()}
    started = {d: (number, channel, address) for d, number, channel, address in
               re.findall(r"(?m)^starting delivery (\d+): msg (\d+) to (\w+) (.*)$", log)}
    found = {}
    for d, result, text in re.findall(r"(?m)^delivery (\d+): (\w+): (.*)$", log):
        number, channel, address = started[d]
        if number in by_message:
            found[int(by_message[number])] = (channel, address, result, text)
    return found


def files_below(top):
    for folder, _, names in os.walk(top):
        for name in names:
            path = f"{folder}/{name}"
            if stat.S_ISREG(os.lstat(path).st_mode):
                yield path


class pipe_of:
    """The reading end of a pipe that holds all of the text."""
    def __init__(self, text):
        self.end, other = os.pipe()
        os.write(other, text.encode("utf-8", "surrogateescape"))
        os.close(other)

    def __enter__(self):
        return self.end

    def __exit__(self, *_):
        os.close(self.end)


def read(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as f:
        return f.read()


def write(path, text):
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as f:
        f.write(text)


def append(path, text):
    with open(path, "a") as f:
        f.write(text)
