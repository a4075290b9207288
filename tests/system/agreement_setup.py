"""Made-up set-ups of users, homes, .qmail files, assignments, aliases and domains.

A set-up is all that its number makes of it: Setup(number, folder) names paths
below that folder, and nothing else differs.  write() makes the files of its
users; addresses() are worth asking about.
"""
import os
import random
import shutil
import stat

UIDS = range(61750, 61760)
NAMES = ("joe", "ann", "joe-list", "a", "b-v", "max+x", "list", "x.y", "no_one", "Big")
WORDS = ("a", "b", "list", "default", "x.y", "V", "-", "", "owner", "ü", "v")
PROGRAM_SAYS = "a program has refused this"
LINES = ("./Maildir/", "./Maildir/", "./mbox", "./full/", "./nearly/", "./nowhere/", "./locked/", "/nowhere/mbox",
         "&someone@elsewhere.test", "someone@elsewhere.test", "|exit 0", "|exit 99", "|exit 111",
         f"|echo {PROGRAM_SAYS}; exit 100", f"|bouncesaying '{PROGRAM_SAYS}'", "+work", "+../x", "+list", "# nothing",
         "&", "./x\0y/")
HOMES = {"good": 16, "group writable": 1, "writable": 1, "sticky": 1, "locked": 1, "missing": 1, "a file": 1,
         "another's": 1, "behind a lock": 1, "a link": 1}
FILES = {"good": 24, "group writable": 1, "writable": 1, "locked": 1, "executable": 2, "a folder": 1, "a fifo": 1,
         "dangling": 1, "a loop": 1, "a link": 1}
MODES = {"group writable": 0o660, "writable": 0o666, "locked": 0, "executable": 0o700}
ODD = ("", "/", "..", "../..", "-", "--", "a b", "b@local.test", "\\joe", "jo\\e", '"', "%", "joe%local.test",
       "/etc/passwd", "../joe", ".", "ü", "list ", "x" * 300, "-default", "!joe", "joe/Maildir", "root", "mail")
DASHES = ("-", "-", "-", "", "+", "/", "-list-")


def lower(text):
    """ASCII only, as owlpost does."""
    return text.encode().lower().decode()


def weighted(dice, table):
    return dice.choices(list(table), list(table.values()))[0]


class Setup:
    def __init__(self, number, folder):
        self.number, self.folder = number, f"{folder}/{number}"
        self.dice = dice = random.Random(number)
        uids = iter(dice.sample(UIDS, len(UIDS)))
        self.accounts = [(name, next(uids), f"{self.folder}/{i}", weighted(dice, HOMES))
                         for i, name in enumerate(dice.sample(NAMES, 3))]
        if dice.random() < 0.95:
            self.accounts.append(("alias", next(uids), f"{self.folder}/alias",
                                  "good" if dice.random() < 0.9 else weighted(dice, HOMES)))
        assigned = ("", next(uids), f"{self.folder}/assigned", weighted(dice, HOMES))
        self.homes = [*self.accounts, assigned]
        self.assigned = list({line.split(":")[0].lower(): line
                              for line in (self._assignment() for _ in range(dice.choice((0, 0, 2, 5))))}.values())
        self.virtual = self._virtual()
        self.aliases = self._aliases() if dice.random() < 0.3 else {}
        # who may change it could become anybody, and one that is damaged knows nobody
        self.assigned_is = dice.choice(["good"] * 18 + ["writable", "damaged"])
        self.controls = {
            "locals": "owlpost.test\nlocal.test",
            "passwdfile": f"{self.folder}/passwd" if dice.random() < 0.2 else None,
            "virtualdomains": "\n".join(f"{key}:{value}" for key, value in self.virtual.items()),
            "percenthack": "hack.test" if dice.random() < 0.2 else None,
            "breakcharacter": dice.choice(("-", "-", "-", "-+", "+", "", ".")),
            "defaultdelivery": dice.choice(("./Maildir/",) * 5 + ("./mbox", "./full/", "#", "|exit 111")),
            "dotforward": dice.choice("0001"),
            "folderextension": dice.choice(("no", "no", "existing", "make")),
            "maildirfull": dice.choice(("failure", "failure", "deferral")),
            "maildirquota": dice.choice((None, None, "10000000S,1000C")),
        }

    def passwd(self):
        return "".join(f"{name}:x:{uid}:{uid}::{home}:/bin/sh\n" for name, uid, home, _ in self.accounts)

    # ---- names

    def word(self):
        return "-".join(self.dice.choice(WORDS) for _ in range(self.dice.choice((1, 1, 2, 3))))

    def name(self):
        """A local part that some rule may be about."""
        dice = self.dice
        some = dice.choice((*(a[0] for a in self.accounts), self.word()))
        return some + (dice.choice("---+.") + self.word() if dice.random() < 0.6 else "")

    def _assignment(self):
        dice = self.dice
        _, uid, home, _ = dice.choice(self.homes)
        dash = dice.choice(DASHES)
        extension = dice.choice(("", "", "list", "v-"))
        key = dice.choice("=+") + (self.name() if dice.random() < 0.97 else "")
        return f"{key}:someone:{uid}:{uid}:{home}:{dash}:{extension}:"

    def _virtual(self):
        found = {}
        keys = ("v.test", ".w.test", "not.w.test", "deep.x.w.test", "", "local.test", f"{self.name()}@v.test",
                f"{self.name()}@x.w.test", f"{self.name()}@local.test")
        for key in self.dice.sample(keys, self.dice.randrange(len(keys))):
            exception = key.startswith("not.") or self.dice.random() < 0.15
            found[lower(key)] = "" if exception else self.name()
        return {key: value for key, value in found.items() if ":" not in key and not key.startswith("#")}

    def _aliases(self):
        dice = self.dice
        home = f"{self.folder}/alias"
        values = (f"{home}/full/", f"{home}/Maildir/", f"{home}/nearly/", f"{home}/mbox", f"{home}/nowhere/x",
                  f'"|echo {PROGRAM_SAYS}; exit 100"', '"|exit 99"', "someone@elsewhere.test", "/dev/null",
                  f":include:{home}/included", f":include:{home}/nowhere", "someone")
        names = {lower(self.name().strip(".")) for _ in range(4)} | {"an-alias"}
        return {name: ", ".join(dice.sample(values, dice.choice((1, 1, 2)))) for name in sorted(names)
                if name and not set(name) & set("@ :\"#\\ü")}

    # ---- files

    def write(self):
        os.mkdir(self.folder, 0o711)
        os.chmod(self.folder, 0o711)
        if self.controls["passwdfile"]:
            with open(self.controls["passwdfile"], "w") as f:
                f.write(self.passwd())
        for home in self.homes:
            self._make_home(*home)

    def _make_home(self, _, uid, path, kind):
        real = path
        if kind == "missing":
            return
        if kind == "a file":
            with open(path, "w"):
                return
        if kind == "a link":
            os.symlink(real := f"{path}.real", path)
        if kind == "behind a lock":
            os.mkdir(f"{path}.lock", 0o700)
            os.symlink(real := f"{path}.lock/home", path)
        os.mkdir(real)
        self._furnish(real, uid)
        for folder, folders, names in os.walk(real):
            for name in ("", *folders, *names):
                os.lchown(f"{folder}/{name}", uid, uid)
        os.chmod(real, {"group writable": 0o770, "writable": 0o777, "sticky": stat.S_ISVTX | 0o700,
                        "locked": 0}.get(kind, 0o700))
        if kind == "another's":
            os.chown(real, UIDS[-1] + 1, UIDS[-1] + 1)

    def _furnish(self, home, uid):
        dice = self.dice
        for name, quota in (("Maildir", None), ("full", "1C\n10 1\n"), ("nearly", "1S\n0 0\n"), ("locked", None)):
            if name == "Maildir" and dice.random() < 0.2:
                continue
            for part in ("tmp", "new", "cur"):
                os.makedirs(f"{home}/{name}/{part}", 0o700)
            if quota:
                with open(f"{home}/{name}/maildirsize", "w") as f:
                    f.write(quota)
        with open(f"{home}/full/cur/1.x,S=10:2,", "w") as f:
            f.write("From: a\n\n")
        os.chmod(f"{home}/locked/tmp", 0)
        if dice.random() < 0.1:
            os.chmod(f"{home}/full/maildirsize", 0)
        names = {self.word() for _ in range(dice.choice((0, 2, 6, 10)))}
        dashes = ("-",) * 6 + ("", "+", "-list-")
        for name in sorted(names):
            self._make_file(f"{home}/.qmail{dice.choice(dashes)}{lower(name).replace('.', ':')}")
        for name, chance in ((".qmail-default", 0.25), (".qmail-list-default", 0.2), (".qmail", 0.4)):
            if dice.random() < chance and not os.path.lexists(f"{home}/{name}"):
                self._make_file(f"{home}/{name}")
        if dice.random() < 0.3:
            self._make_file(f"{home}/.forward", dice.choice(("someone@elsewhere.test\n", f"{home}/full/\n", "\n", ",,:\n",
                                                             f'"|exit 111", {home}/Maildir/\n')))
        if dice.random() < 0.2:
            for part in ("tmp", "new", "cur"):
                os.makedirs(f"{home}/Maildir/.list/{part}", exist_ok=True)
        with open(f"{home}/included", "w") as f:
            f.write(f"{home}/full/\n" if dice.random() < 0.5 else "someone@elsewhere.test\n")

    def _make_file(self, path, text=None):
        kind = weighted(self.dice, FILES)
        if text is None:
            text = self.text()
        if os.path.lexists(path):
            return
        if kind == "a folder":
            return os.mkdir(path)
        if kind == "a fifo":
            return os.mkfifo(path)
        if kind in ("dangling", "a loop"):
            return os.symlink("nothing" if kind == "dangling" else os.path.basename(path), path)
        if kind == "a link":
            os.symlink(target := f"{os.path.basename(path)}.target", path)
            path = f"{os.path.dirname(path)}/{target}"
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, MODES.get(kind, 0o600))

    def text(self):
        dice = self.dice
        lines = [dice.choice(LINES) for _ in range(dice.choice((0, 1, 1, 1, 2, 3)))]
        first = "\n" if dice.random() < 0.04 else ""
        return first + "".join(f"{line}\n" for line in lines)

    def remove(self):
        shutil.rmtree(self.folder)

    # ---- mail

    def addresses(self, count):
        dice, found = self.dice, []
        domains = ["local.test"] * 6 + ["v.test", "x.w.test", "not.w.test", "deep.x.w.test", "hack.test"]
        known = [line.split(":")[0][1:] for line in self.assigned] + list(self.aliases)
        while len(found) < count:
            local = dice.choice([self.name(), self.name(), self.name(), dice.choice([*known, self.name()]),
                                 dice.choice(known or [""]) + self.word(),
                                 dice.choice(ODD), f"{self.accounts[0][0]}-{dice.choice(ODD)}"])
            exact = [key for key in self.virtual if "@" in key]
            address = dice.choice(exact) if exact and dice.random() < 0.1 else f"{local}@{dice.choice(domains)}"
            if dice.random() < 0.3:
                address = "".join(c.upper() if c.isascii() and dice.random() < 0.5 else c for c in address)
            if lower(address) not in map(lower, found):
                found.append(address)
        return found

    def route(self, address):
        """Where mail for it goes: the address that is delivered to here, or None."""
        local, _, domain = address.rpartition("@")
        while self.controls["percenthack"] and lower(domain) == "hack.test" and "%" in local:
            address = "@".join(local.rsplit("%", 1))
            local, _, domain = address.rpartition("@")
        if lower(domain) in ("owlpost.test", "local.test"):
            return address
        labels = lower(domain).split(".")
        suffixes = ["." + ".".join(labels[i:]) for i in range(1, len(labels))]
        for key in (lower(address), lower(domain), *suffixes, ""):
            if key in self.virtual:
                return f"{self.virtual[key]}-{address}" if self.virtual[key] else None
        return None
