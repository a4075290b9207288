"""Whom mail is for: users/assign before the accounts, and one answer for RCPT,
owlq explain and delivery."""
import itertools
import os
import pwd
import re
import shutil
import struct
import threading

import pytest

from instance import ROOT
from waiting import wait_until

CLASSES = {250: "success", 451: "deferral", 550: "failure"}
MESSAGE = "Subject: users\n\nbody\n"


def ids(user="joe"):
    if not ROOT:
        return f"{os.getuid()}:{os.getgid()}"
    account = pwd.getpwnam(user)
    return f"{account.pw_uid}:{account.pw_gid}"


def write_assign(owlpost, *lines):
    os.makedirs(f"{owlpost.controls}/users", exist_ok=True)
    with open(f"{owlpost.controls}/users/assign", "w") as f:
        f.write("".join(f"{line}\n" for line in (*lines, ".")))


def assign(owlpost, *lines):
    write_assign(owlpost, *lines)
    done = owlpost.call("owl-newu")
    assert (done.returncode, done.stderr) == (0, b""), done.stderr


def make_cdb(owlpost, entries):
    """A users/cdb that owl-newu would not make: {key: data}."""
    def digest(key):
        h = 5381
        for c in key:
            h = (h * 33 & 0xffffffff) ^ c
        return h
    body, tables = b"", [[] for _ in range(256)]
    for key, data in entries.items():
        h = digest(key)
        tables[h % 256].append((h, 2048 + len(body)))
        body += struct.pack("<II", len(key), len(data)) + key + data
    header, end = b"", 2048 + len(body)
    for table in tables:
        slots = [(0, 0)] * (2 * len(table))
        for h, position in table:
            at = h // 256 % len(slots)
            while slots[at][1]:
                at = (at + 1) % len(slots)
            slots[at] = (h, position)
        header += struct.pack("<II", end, len(slots))
        body += b"".join(struct.pack("<II", *slot) for slot in slots)
        end = 2048 + len(body)
    os.makedirs(f"{owlpost.controls}/users", exist_ok=True)
    with open(f"{owlpost.controls}/users/cdb", "wb") as f:
        f.write(header + body)


def make_home(owlpost, name, user="joe", mode=0o700):
    """A home that no account has, of that user."""
    path = f"{owlpost.folder}/homes/{name}"
    os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
    os.mkdir(path)
    os.chmod(path, mode)
    owlpost.give(user, path)
    return path


def write_file(owlpost, path, text, user="joe", mode=0o600):
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)
    owlpost.give(user, path)


def make_maildir(owlpost, path):
    for part in ("", "/tmp", "/new", "/cur"):
        os.mkdir(f"{path}{part}", 0o700)
        owlpost.give("joe", f"{path}{part}")


def mail_in(home):
    folder = f"{home}/Maildir/new"
    return len(os.listdir(folder)) if os.path.isdir(folder) else 0


def rcpt_codes(owlpost, addresses):
    with owlpost.client() as session:
        session.ehlo()
        session.mail("sender@sender.test")
        return {a: session.rcpt(a)[0] for a in addresses}


def explained(owlpost, address):
    """The outcome that owl-lspawn foretells."""
    done = owlpost.call("owl-lspawn", "--explain", address)
    return re.findall(rb"^result\t.*\toutcome=(\w+)", done.stdout, re.M)[-1].decode()


def deliver(owlpost, addresses):
    """One message for all of them: {address: (outcome, text)}."""
    before = owlpost.log_size()
    assert owlpost.inject(MESSAGE, *addresses, sender="ann@local.test").returncode == 0

    def outcomes():
        log = owlpost.log()[before:]
        numbers = {a: n for n, a in re.findall(r"starting delivery (\d+): msg \d+ to local (\S+)\n", log)}
        ended = {n: (o, t) for n, o, t in re.findall(r"\ndelivery (\d+): (\w+): (.*)/", log)}
        found = {a: ended[numbers[a]] for a in addresses if numbers.get(a) in ended}
        return found if len(found) == len(addresses) else None
    return wait_until(outcomes, 60, lambda: owlpost.log()[-3000:])


def test_lines_exact_and_with_prefixes(owlpost):
    """Each address reaches the home and the file of its line; accounts keep the rest."""
    one, two = make_home(owlpost, "one"), make_home(owlpost, "two")
    write_file(owlpost, f"{two}/.qmail-list", "./list/\n")
    write_file(owlpost, f"{two}/.qmail-pre-default", "./pre/\n")
    for name in ("list", "pre"):
        make_maildir(owlpost, f"{two}/{name}")
    assign(owlpost,
           f"=joe:one:{ids()}:{one}:::",
           f"=virtual:two:{ids()}:{two}:-:list:",
           f"+virtual-:two:{ids()}:{two}:-:pre-:",
           f"+joe-v-:two:{ids()}:{two}:-:pre-:")
    owlpost.dot_qmail("joe", "-own", "./Maildir/\n")
    owlpost.up()
    owlpost.submit(MESSAGE, "JOE@local.test")
    wait_until(lambda: mail_in(one) == 1, 30, owlpost.log)
    assert owlpost.maildir("joe") == []
    for address, folder, count in (("virtual", "list", 1), ("virtual-A.b", "pre", 1), ("joe-v-x", "pre", 2)):
        owlpost.submit(MESSAGE, f"{address}@local.test")
        wait_until(lambda: len(os.listdir(f"{two}/{folder}/new")) == count, 30, owlpost.log)
    owlpost.submit(MESSAGE, "joe-own@local.test", "ann@local.test")
    owlpost.wait_for_mail("joe")
    owlpost.wait_for_mail("ann")
    if ROOT:
        (name,) = os.listdir(f"{one}/Maildir/new")
        st = os.stat(f"{one}/Maildir/new/{name}")
        assert f"{st.st_uid}:{st.st_gid}" == ids()
    shown = owlpost.owlq("explain", "joe-v-x@local.test")
    for fact in ("users/cdb does not have =joe-v-x", "users/cdb has +joe-v-", "extension pre-x"):
        assert fact in shown, shown


def test_virtual_domains_of_assigned_users(owlpost):
    home = make_home(owlpost, "virtual")
    make_maildir(owlpost, f"{home}/Maildir")
    write_file(owlpost, f"{home}/.qmail-web-default", "./Maildir/\n")
    write_file(owlpost, f"{home}/.qmail-web-none-default", "&ann@local.test\n")
    owlpost.control("virtualdomains", "web.test:hosting-web\n.web.test:hosting-sub\nme@web.test:")
    owlpost.control("rcpthosts", "local.test\nweb.test\n.web.test")
    owlpost.control("smtproutes", ":127.0.0.1:9")
    assign(owlpost, f"+hosting-:hosting:{ids()}:{home}:-::")
    owlpost.up()
    codes = rcpt_codes(owlpost, ["Any@web.test", "none-x@WEB.test", "me@web.test", "x@a.web.test"])
    assert codes == {"Any@web.test": 250, "none-x@WEB.test": 250, "me@web.test": 250, "x@a.web.test": 550}
    owlpost.submit(MESSAGE, "Any@web.test", "none-x@WEB.test")
    wait_until(lambda: mail_in(home) == 1, 30, owlpost.log)
    owlpost.wait_for_mail("ann")


def test_owl_newu_refuses_uid_0(owlpost):
    assign(owlpost, f"=joe:joe:{ids()}:{owlpost.home('ann')}:::")
    write_assign(owlpost, "=joe:joe:0:0:/root:::", "=ann:ann:x:1:home:::")
    done = owlpost.call("owl-newu")
    assert done.returncode == 100
    assert b"line 1: the uid is 0, which gets no mail\n" in done.stderr
    assert b"line 2: the uid is no number" in done.stderr
    assert owlpost.home("ann") in owlpost.owlq("explain", "joe@local.test"), "the old file stays"


def test_a_database_that_is_wrong_defers_and_says_so(owlpost):
    """Whoever made it; it is never taken for one without the address."""
    owlpost.control("rcptcache", "0")
    owlpost.up()
    nobody = f"joe\0{'%d'}\0{os.getgid() or 1}\0/\0\0"
    for entries, words in (
            ({b"": b"", b"!nobody\0": (nobody % 0).encode()}, "the_uid_is_0"),
            ({b"": b"", b"!nobody\0": (nobody % 0xffffffff).encode()}, "the_uid_is_no_number"),
            ({b"": b"", b"!nobody\0": b"joe\0"}, "it_does_not_have_six_fields"),
            ({b"!nobody\0": b"x"}, "it_has_no_list_of_wildcards"),
            (b"x" * 3000, "it_is_damaged"), (b"", "it_is_damaged")):
        if isinstance(entries, dict):
            make_cdb(owlpost, entries)
        else:
            with open(f"{owlpost.controls}/users/cdb", "wb") as f:
                f.write(entries)
        assert rcpt_codes(owlpost, ["nobody@local.test"]) == {"nobody@local.test": 451}
        outcome, text = deliver(owlpost, ["nobody@local.test"])["nobody@local.test"]
        assert (outcome, words in text) == ("deferral", True), text
    assert "owl-lspawn: look-up deferred: nobody: unable to use " in owlpost.log()
    home = make_home(owlpost, "good")
    assign(owlpost, f"=nobody:joe:{ids()}:{home}:::")
    owlpost.owlq("flush")
    wait_until(lambda: mail_in(home) == 6, 30, owlpost.log)


def test_owl_newu_while_mail_flows(owlpost):
    """Every look-up finds the old line or the new one."""
    homes = [make_home(owlpost, name) for name in "ab"]
    lines = [[f"=moving:joe:{ids()}:{home}:::", *(f"=u{n}:joe:{ids()}:{home}:::" for n in range(2000))]
             for home in homes]
    owlpost.control("rcptcache", "0")
    assign(owlpost, *lines[0])
    owlpost.up()
    done = threading.Event()
    made = []

    def compile_again_and_again():
        for n in itertools.count(1):
            write_assign(owlpost, *lines[n % 2])
            made.append(owlpost.call("owl-newu").returncode)
            if done.is_set():
                break
    compiler = threading.Thread(target=compile_again_and_again)
    compiler.start()
    try:
        for _ in range(15):
            assert set(rcpt_codes(owlpost, ["moving@local.test"] * 3).values()) == {250}
            owlpost.submit(MESSAGE, "moving@local.test")
        owlpost.wait_for_empty_queue()
    finally:
        done.set()
        compiler.join()
    assert set(made) == {0} and len(made) > 1
    assert sum(map(mail_in, homes)) == 15
    assert not re.search(r"delivery \d+: (?:failure|deferral)", owlpost.log())


def test_break_characters(owlpost):
    owlpost.control("breakcharacter", "+-")
    owlpost.dot_qmail("joe", "-list", "./Maildir/\n")
    owlpost.dot_qmail("joe", "-a-default", "./Maildir/\n")
    owlpost.up()
    codes = {"joe+list": 250, "joe-list": 250, "joe+a-b": 250, "joe+": 550, "joe+a+b": 550, "joe_list": 550}
    assert rcpt_codes(owlpost, [f"{a}@local.test" for a in codes]) == {f"{a}@local.test": c for a, c in codes.items()}
    owlpost.submit(MESSAGE, "joe+list@local.test")
    owlpost.wait_for_mail("joe")
    owlpost.control("breakcharacter", "-x")
    done = owlpost.call("owl-lspawn", "--explain", "joe@local.test")
    assert done.returncode == 111 and b"breakcharacter" in done.stderr


FILES = {"-file": ("#\n", 0o600), "-exec": ("#\n", 0o700), "-open": ("#\n", 0o666), "-p-default": ("#\n", 0o600)}
EXTENSIONS = ("file", "exec", "open", "folder", "p-x-y", "none", "p:x", "..", "file-x")
FORMS = {"plain": ("-", ""), "slash": ("-/", ""), "pre": ("-", "p-"), "exact": ("-", "file"), "bare": ("", "")}


def make_homes_of_all_kinds(owlpost):
    """{kind: (path, what comes of an address whose file is there)}"""
    homes = {"good": 0o700, "sticky": 0o1700, "open": 0o707, "closed": 0o600}
    paths = {kind: make_home(owlpost, kind, mode=mode) for kind, mode in homes.items()}
    for path in paths.values():
        os.mkdir(f"{path}/.qmail-folder")
        for name, (text, mode) in FILES.items():
            write_file(owlpost, f"{path}/.qmail{name}", text, mode=mode)
    for kind, target in (("linked", paths["good"]), ("loop", "loop")):
        paths[kind] = f"{owlpost.folder}/homes/{kind}"
        os.symlink(target, paths[kind])
    paths["missing"] = f"{owlpost.folder}/homes/missing"
    paths["file"] = f"{paths['good']}/.qmail-file"
    return paths


def test_rcpt_explanation_and_delivery_agree(owlpost):
    """For every kind of home, line, break character and file."""
    homes = make_homes_of_all_kinds(owlpost)
    lines, names = [], []
    for kind, (form, (dash, pre)) in itertools.product(homes, FORMS.items()):
        if form in ("exact", "bare"):
            lines.append(f"={kind}{form}:joe:{ids()}:{homes[kind]}:{dash}:{pre}:")
            names.append(f"{kind}{form}")
        else:
            lines.append(f"+{kind}{form}-:joe:{ids()}:{homes[kind]}:{dash}:{pre}:")
            names += [f"{kind}{form}-{ext}" for ext in EXTENSIONS]
    assign(owlpost, *lines)
    owlpost.control("breakcharacter", "-+")
    owlpost.control("rcptcache", "0")
    owlpost.control("maxerrors", "100000")
    owlpost.control("concurrencylocal", "20")
    for user in ("joe", "alias"):
        for name, (text, mode) in FILES.items():
            owlpost.dot_qmail(user, name, text, mode=mode)
    names += ["joe", *(f"{user}{sep}{ext}" for user in ("joe", "ann") for sep in "-+" for ext in EXTENSIONS)]
    names += [*EXTENSIONS, "root", "-joe", "joe--file", "JOE-File"]
    addresses = [f"{name}@local.test" for name in names]
    assert len(set(addresses)) == len(addresses) > 250
    owlpost.up()
    # an address that SMTP does not know without quotes is quoted there only
    quoted = {a if re.fullmatch(r"[\w+=-]+(\.[\w+-]+)*", a.rsplit("@", 1)[0]) else '"%s"@local.test' % a.rsplit("@", 1)[0]: a
              for a in addresses}
    rcpt = {quoted[q]: CLASSES[code] for q, code in rcpt_codes(owlpost, quoted).items()}
    foretold = {a: explained(owlpost, a) for a in addresses}
    assert {a: (rcpt[a], foretold[a]) for a in addresses if rcpt[a] != foretold[a]} == {}
    # sendmail reads addresses as header fields have them
    sample = [a for q, a in quoted.items() if q == a]
    done = deliver(owlpost, sample)
    assert {a: (rcpt[a], done[a]) for a in sample if rcpt[a] != done[a][0]} == {}
    assert {rcpt[a] for a in sample} == set(CLASSES.values())
    expected = {"goodplain-file": "success", "goodplain-none": "failure", "stickyplain-file": "deferral",
                "openplain-file": "deferral", "closedplain-file": "deferral", "missingplain-file": "deferral",
                "loopplain-file": "deferral", "linkedplain-file": "success", "fileplain-file": "deferral",
                "goodbare": "success", "goodexact": "success", "goodpre-anything": None, "joe+file": "success",
                "ann+file": "failure", "goodplain-open": "deferral", "goodplain-folder": "failure"}
    assert {n: rcpt[f"{n}@local.test"] for n, e in expected.items() if e} == {n: e for n, e in expected.items() if e}


@pytest.mark.needs_root("users of their own")
def test_a_home_that_leads_to_somebody_else(owlpost):
    """A user who replaces his home by a link gains nothing by it."""
    yard = make_home(owlpost, "yard", user="mallory", mode=0o755)
    home, own, joe = f"{yard}/home", f"{yard}/own", owlpost.home("joe")
    os.mkdir(own, 0o700)
    owlpost.give("mallory", own)
    owlpost.dot_qmail("joe", "", "./Maildir/\n", mode=0o644)
    os.symlink(own, home)
    assign(owlpost, f"=mallory:mallory:{ids('mallory')}:{home}:::")
    owlpost.up()
    # joe's home can be entered, his files be read, his Maildir not be written
    os.chmod(joe, 0o755)
    done = threading.Event()

    def turn_again_and_again():
        for target in itertools.cycle((joe, own)):
            os.symlink(target, f"{yard}/new")
            os.rename(f"{yard}/new", home)
            if done.is_set():
                break
    turner = threading.Thread(target=turn_again_and_again)
    turner.start()
    try:
        outcomes = [deliver(owlpost, ["mallory@local.test"])["mallory@local.test"][0] for _ in range(10)]
    finally:
        done.set()
        turner.join()
    assert set(outcomes) <= {"success", "deferral"}
    assert owlpost.maildir("joe") == [] and mail_in(own) == outcomes.count("success")
    os.unlink(home)
    os.symlink(joe, home)
    os.chmod(joe, 0o700)
    assert rcpt_codes(owlpost, ["mallory@local.test"]) == {"mallory@local.test": 451}
    # a worker stays in the home that it has entered
    wait_until(lambda: not owlpost.named("owl-local"), 10, "the end of the worker")
    assert deliver(owlpost, ["mallory@local.test"])["mallory@local.test"][0] == "deferral"
    # an account whose home is somebody else's is no mail user
    shutil.rmtree(owlpost.home("ann"))
    os.symlink(joe, owlpost.home("ann"))
    try:
        assert rcpt_codes(owlpost, ["ann@local.test"]) == {"ann@local.test": 550}
    finally:
        os.unlink(owlpost.home("ann"))


def test_many_lines_and_odd_names(owlpost):
    home = make_home(owlpost, "odd")
    write_file(owlpost, f"{home}/.qmail-default", "#\n")
    odd = ["o dd", 'o"d', "o\\d", "/etc/passwd", "../..", "o%d", "=", "+", "!odd", "o.d.d", "ü", "a@b", "-", "'; reboot #"]
    assign(owlpost, *(f"=u{n}:joe:{ids()}:/nowhere:::" for n in range(100000)),
           *(f"={name}:joe:{ids()}:{home}:::" for name in odd), f"+odd:joe:{ids()}:{home}:-::")
    owlpost.up()
    strange = [*odd, *(f"odd{name}" for name in odd), "ODD", "odd" + "/.." * 60, "odd" + "x" * 60]
    quoted = ['"%s"@local.test' % re.sub(r'(["\\])', r"\\\1", name) for name in strange]
    with owlpost.client() as session:
        session.ehlo()
        session.docmd("MAIL", "FROM:<x@sender.test> SMTPUTF8" if session.has_extn("smtputf8") else "FROM:<x@sender.test>")
        session.command_encoding = "utf-8"
        for address in quoted:
            assert session.docmd("RCPT", f"TO:<{address}>")[0] == 250, address
        assert session.docmd("RCPT", "TO:<u100000@local.test>")[0] == 550
        assert session.docmd("RCPT", "TO:<u99999@local.test>")[0] == 451
    for name in strange:
        assert explained(owlpost, f"{name}@local.test") == "success", name


def test_lines_from_a_password_file(owlpost):
    """owl-pw2u and owl-newu give what the accounts give."""
    owlpost.dot_qmail("joe", "-list", "./Maildir/\n")
    passwd = "".join(f"{u}:x:{ids(u)}::{owlpost.home(u)}:/bin/sh\n" for u in ("joe", "ann", "alias"))
    passwd += f"root:x:0:0::/root:/bin/sh\nlost:x:{ids()}::/nowhere:/bin/sh\n"
    os.makedirs(f"{owlpost.controls}/users")
    for name, text in (("mailnames", "ann:ann:anna\n"), ("subusers", "info:joe:list:\n")):
        with open(f"{owlpost.controls}/users/{name}", "w") as f:
            f.write(text)
    made = owlpost.call("owl-pw2u", input=passwd.encode())
    assert (made.returncode, made.stderr) == (0, b"")
    write_assign(owlpost, made.stdout.decode().removesuffix("\n.\n"))
    assert owlpost.call("owl-newu").returncode == 0
    owlpost.up()
    wanted = {"joe": 250, "joe-list": 250, "joe-none": 550, "ann": 250, "anna": 250, "info": 250, "info-x": 550,
              "root": 550, "lost": 550}
    assert {a.split("@")[0]: c for a, c in rcpt_codes(owlpost, [f"{n}@local.test" for n in wanted]).items()} == wanted
    owlpost.submit(MESSAGE, "info@local.test")
    owlpost.wait_for_mail("joe")
    assert "users/cdb has =info" in owlpost.owlq("explain", "info@local.test")
