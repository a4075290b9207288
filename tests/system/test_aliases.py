"""Aliases in sendmail's form: what newaliases takes, and what becomes of mail."""
import os
import pwd
import re
import resource

import pytest

from instance import ROOT, read
from test_explain import explain, inject, kinds, rcpt, result
from waiting import wait_until

MESSAGE = "Subject: x\n\nbody\n"


class Aliases:
    """An instance with a file of aliases."""

    def __init__(self, owlpost):
        self.post = owlpost
        self.file = f"{owlpost.folder}/aliases"
        self.database = f"{owlpost.controls}/aliases.cdb"
        owlpost.control("aliasfile", self.file)
        owlpost.control("rcptcache", "0")
        owlpost.control("retryskiplocal", "1")

    def write(self, text, mode=0o644):
        with open(self.file, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.file, mode)

    def compile(self, text=None, code=0, command="newaliases", arguments=(), **how):
        """The compiler's words."""
        if text is not None:
            self.write(text)
        done = self.post.call(command, *arguments, **how)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return (done.stdout + done.stderr).decode()

    def include(self, name, text, mode=0o644):
        path = f"{self.post.folder}/{name}"
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        return path


@pytest.fixture
def aliases(owlpost):
    return Aliases(owlpost)


def agree(post, address, reply, outcome):
    """RCPT, the explanation and the delivery say the same; the text of the delivery."""
    facts = explain(post, address)
    assert (result(facts, "smtp")[1], result(facts, "delivery")[0]) == (reply, outcome), facts["delivery"]
    assert rcpt(post, address) == reply
    done, text = inject(post, facts, address)
    assert done == outcome, text
    return facts, text


def test_newaliases(aliases):
    said = aliases.compile("postmaster: joe\nMAILER-DAEMON: postmaster\n")
    assert re.fullmatch(rf"{re.escape(aliases.file)}: 2 aliases, longest \d+ bytes, \d+ bytes total\n", said)
    for command, arguments in (("sendmail", ["-bi"]), ("owl-newaliases", [])):
        assert "2 aliases" in aliases.compile(command=command, arguments=arguments)
    assert os.stat(aliases.database).st_mode & 0o777 == 0o644
    before = os.stat(aliases.database).st_ino
    said = aliases.compile("a: b\n\nb: c d\nb: x\nbad\ne: f\n F\nf: e\n", 100)
    assert f"{aliases.file}: line 3: a comma is missing" in said
    assert f"{aliases.file}: line 5: no colon: bad" in said
    assert "nothing was changed" in said
    assert "line 3: a loop: a -> b -> c -> a" in aliases.compile("x: y\n\na: b\nb: c\nc: A\n", 100)
    assert "line 2: a name that has its line already: a" in aliases.compile("a: b\nA: c\n", 100)
    assert os.stat(aliases.database).st_ino == before, "the old one stays"
    said = aliases.compile("a: b\n")
    assert "no alias postmaster" in said and "no alias mailer-daemon" in said
    assert os.stat(aliases.database).st_ino != before
    assert sorted(n for n in os.listdir(aliases.post.controls) if n.startswith("aliases.")) == ["aliases.cdb"]
    aliases.post.control("aliasfile", f"{aliases.file}.gone")
    assert "No such file" in aliases.compile(code=111)
    assert aliases.compile(code=100, command="owl-newaliases", arguments=["x"])


def test_who_may_put_programs_there(aliases):
    source = "p: |run\nf: /box\nn: /dev/null\n"
    aliases.compile(source)
    aliases.write(source, 0o664)
    said = aliases.compile(code=100)
    assert said.count("may not stand in a file that others than root and you can write") == 2
    aliases.write("a: joe\nn: /dev/null", 0o664)
    aliases.compile()
    aliases.write("a: joe", 0o646)
    assert "everybody can write to it" in aliases.compile(code=100)
    if ROOT:
        aliases.write(source)
        aliases.post.give("joe", aliases.file)
        assert "others than root and you" in aliases.compile(code=100)
    aliases.write(source)
    aliases.post.give("root", aliases.file)
    aliases.post.control("aliasprograms", "0")
    assert "line 1: the control file aliasprograms forbids programs: run" in aliases.compile(code=100)
    aliases.post.control("aliasprograms", "3")
    assert "none of 0, 1 and 2" in aliases.compile(code=111)


@pytest.mark.needs_root("a user who may not write the control files")
def test_who_may_not_write_changes_nothing(aliases):
    aliases.compile("a: b\n")
    assert "Permission denied" in aliases.compile("a: c\n", 111, user="joe")


def test_names_are_expanded(aliases):
    listed = aliases.include("list", "# members\njoe\n  ann, a\n")
    aliases.compile(f"a: b\nb: c, ann@local.test, Ann@Local.test\nc: ann@local.test\njoe: joe, ann\n"
                    f"sink: /dev/null\nlist: :include:{listed}\nowner-list: ann\nfar: x@nowhere.invalid\n")
    post = aliases.post.up()
    facts, text = agree(post, "A@local.test", "250 2.1.5", "success")
    assert kinds(facts, "delivery", "alias", "name") == ["A", "a", "b", "c"], facts["delivery"]
    assert kinds(facts, "delivery", "account", "user") == ["alias"]
    assert text == "did_0+2+0"  # ann@local.test and Ann@local.test
    assert len(post.wait_for_mail("ann", 2)) == 2
    assert agree(post, "sink@local.test", "250 2.1.5", "success")[1] == "did_0+0+0"
    facts, text = agree(post, "joe@local.test", "250 2.1.5", "success")
    assert kinds(facts, "delivery", "instruction", "value") == ["\\joe", "ann"]
    (kept,) = post.wait_for_mail("joe")
    assert b"Delivered-To: joe@local.test\n" in kept and b"Delivered-To: \\joe@owlpost.test\n" in kept
    post.wait_for_mail("ann", 3)
    facts, _ = agree(post, "list@local.test", "250 2.1.5", "success")
    assert "owner-list@local.test" in str(facts["delivery"])
    wait_until(lambda: [m for m in post.messages("joe") if b"Return-Path: <owner-list@local.test>" in m], 20,
               "mail from the list's owner")
    post.wait_for_mail("ann", 6)  # of the list itself, and by a
    # an alias is no prefix, and accounts are there as before
    assert agree(post, "a-x@local.test", "550 5.1.1", "failure")
    post.wait_for_empty_queue()


def test_a_backslash_leads_past_the_aliases(aliases):
    aliases.compile("joe: ann\n")
    post = aliases.post.up()
    post.submit(MESSAGE, "joe@local.test")
    post.wait_for_mail("ann")
    with post.client() as session:
        session.ehlo()
        for recipient, reply in (('<"\\\\joe"@local.test>', 250), ('<"\\\\not-there"@local.test>', 550),
                                 ("<\\joe@local.test>", 501)):
            session.mail("s@sender.test")
            assert session.docmd(f"RCPT TO:{recipient}")[0] == reply, recipient
            session.rset()
        session.mail("s@sender.test")
        session.docmd('RCPT TO:<"\\\\joe"@local.test>')
        assert session.data(MESSAGE)[0] == 250
    post.wait_for_mail("joe")
    facts = explain(post, '"\\\\joe"@local.test')
    assert not kinds(facts, "delivery", "alias", "name")
    post.wait_for_empty_queue()
    assert len(post.maildir("ann")) == 1


def test_circles_through_the_queue_end(aliases):
    aliases.compile("x: y@local.test\ny: x@local.test\npostmaster: joe\n")
    post = aliases.post.up()
    assert post.inject(MESSAGE, "x@local.test", sender="ann@local.test").returncode == 0
    (bounce,) = post.wait_for_mail("ann")
    assert b"5.4.6" in bounce
    post.wait_for_empty_queue()


def test_a_database_that_is_broken_defers(aliases):
    aliases.compile("info: joe\n")
    post = aliases.post.up()
    assert rcpt(post, "info@local.test").startswith("250")
    for broken in (b"", b"rubbish" * 1000, open(aliases.database, "rb").read()[:2060]):
        os.unlink(aliases.database)
        with open(aliases.database, "wb") as f:
            f.write(broken)
        for address in ("info@local.test", "ann@local.test"):
            _, text = agree(post, address, "451 4.3.5", "deferral")
            assert "the_database_of_aliases_is_broken" in text
    os.unlink(aliases.database)
    assert rcpt(post, "info@local.test").startswith("550"), "without a database there are no aliases"
    assert rcpt(post, "ann@local.test").startswith("250")
    aliases.compile()
    assert rcpt(post, "info@local.test").startswith("250"), "nothing has to be restarted"


def test_without_a_user_for_them_aliases_defer(aliases):
    aliases.compile("info: joe\n")
    post = aliases.post
    with open(f"{post.folder}/users", "w", encoding="utf-8") as f:
        joe = pwd.getpwnam("joe") if ROOT else pwd.getpwuid(os.getuid())
        f.write(f"joe:x:{joe.pw_uid}:{joe.pw_gid}::{post.home('joe')}:/bin/sh\n")
    post.control("passwdfile", f"{post.folder}/users")
    post.up()
    _, text = agree(post, "info@local.test", "451 4.3.5", "deferral")
    assert "no_user_to_deliver_for_them" in text
    agree(post, "joe@local.test", "250 2.1.5", "success")


def test_unsafe_includes_defer(aliases):
    good = aliases.include("good", "joe\n")
    loose = aliases.include("loose", "joe\n", 0o646)
    program = aliases.include("program", "|run\n")
    link = f"{aliases.post.folder}/link"
    os.symlink(good, link)
    names = {"loose": (loose, "can_be_written_by_others"), "linked": (link, "a_symbolic_link"),
             "prog": (program, "programs_are_not_allowed_in_included_files"), "gone": (f"{good}.gone", "No_such_file")}
    if ROOT:
        foreign = aliases.include("foreign", "joe\n")
        aliases.post.give("mallory", foreign)
        names["foreign"] = foreign, "belongs_to_somebody_else"
    aliases.compile("".join(f"{name}: :include:{path}\n" for name, (path, _) in names.items()))
    post = aliases.post.up()
    for name, (path, why) in names.items():
        _, text = agree(post, f"{name}@local.test", "250 2.1.5", "deferral")
        assert why in text and path in text, text
    assert post.maildir("joe") == []


def test_programs_run_as_the_user_of_the_aliases(aliases):
    post = aliases.post
    out = f"{post.home('alias')}/out"
    included = aliases.include("programs", f'"|echo included >>{out}"\n')
    aliases.compile(f'run: "|id -u >{out}; echo $LOCAL $SENDER >>{out}; cat >>{out}", ann\n'
                    f"list: :include:{included}\n")
    post.up()
    _, text = agree(post, "run@local.test", "250 2.1.5", "success")
    assert text == "did_0+1+1"
    uid = str(pwd.getpwnam("alias").pw_uid if ROOT else os.getuid())
    assert read(out).startswith(f"{uid}\nrun ann@local.test\n") and read(out).endswith(MESSAGE)
    post.wait_for_mail("ann")
    _, text = agree(post, "list@local.test", "250 2.1.5", "deferral")
    assert "programs_are_not_allowed" in text
    post.control("aliasprograms", "2")
    aliases.compile()
    agree(post, "list@local.test", "250 2.1.5", "success")
    assert read(out).endswith("included\n")


def test_many_aliases(aliases):
    count = 200_000
    aliases.write("".join(f"user.number{i}: someone{i}@example.org, user.number{i + 1}\n" for i in range(count - 1))
                  + f"user.number{count - 1}: joe\nlast: joe\n")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = aliases.compile()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "200001 aliases" in said
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 10
    post = aliases.post.up()
    assert rcpt(post, "USER.number199999@local.test").startswith("250")
    assert rcpt(post, "user.number200000@local.test").startswith("550")
    post.submit(MESSAGE, "last@local.test")
    post.wait_for_mail("joe")
    _, text = agree(post, "user.number0@local.test", "250 2.1.5", "deferral")
    assert "stands_for_too_much" in text


def forward(post, text, mode=0o600):
    path = f"{post.home('joe')}/.forward"
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)
    post.give("joe", path)
    return path


def test_forward_files(aliases):
    post = aliases.post
    forward(post, "ann@local.test\n")
    post.up()
    agree(post, "joe@local.test", "250 2.1.5", "success")
    assert len(post.wait_for_mail("joe")) == 1, "without dotforward it does not count"
    post.control("dotforward", "1")
    post.stop()
    post.up()
    agree(post, "joe@local.test", "250 2.1.5", "success")
    post.wait_for_mail("ann")
    path = forward(post, "\\joe, ann@local.test\n")
    facts, text = agree(post, "joe@local.test", "250 2.1.5", "success")
    assert text == "did_1+1+0"
    assert kinds(facts, "delivery", "file", "name") == [".qmail", ".forward"]
    post.wait_for_mail("joe", 2)
    post.wait_for_mail("ann", 2)
    os.chmod(path, 0o646)
    agree(post, "joe@local.test", "451 4.7.0", "deferral")
    if ROOT:
        os.chmod(path, 0o644)
        post.give("mallory", path)
        agree(post, "joe@local.test", "451 4.7.0", "deferral")
    os.unlink(path)
    agree(post, "joe@local.test", "250 2.1.5", "success")
    agree(post, "joe-x@local.test", "550 5.1.1", "failure")
    forward(post, "ann@local.test\n")
    post.dot_qmail("joe", "", "./Maildir/\n")
    assert agree(post, "joe@local.test", "250 2.1.5", "success")[1] == "did_1+0+0", ".qmail goes first"
    post.control("dotforward", "2")
    assert b"neither 0 nor 1" in post.call("owl-lspawn").stderr
