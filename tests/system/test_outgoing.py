"""Programs of the site's own between the queue and other hosts: QMAILREMOTE, remotefilter, DKIM."""
import base64
import glob
import os
import pwd
import subprocess
import sys

import pytest

from instance import ROOT, WORK
from peers import PEERS, Sink, Unbound, for_users
from waiting import wait_until

MESSAGE = "From: <ann@owlpost.test>\nTo: <x@far.test>\nSubject: owls\n\nhello\n"
WORKS = "r\\0K192.0.2.1 accepted message.\\nRemote host said: 250 2.0.0 kept\\n\\0"


def script(owlpost, text):
    """A program that every user can run, and the folder it may write to."""
    folder = f"{WORK}/outgoing" if ROOT else f"{owlpost.folder}/outgoing"
    os.makedirs(folder, exist_ok=True)
    for old in glob.glob(f"{folder}/*"):
        os.unlink(old)
    os.chmod(folder, 0o1777)
    with open(f"{folder}/program", "w") as f:
        f.write(text.replace("FOLDER", folder))
    os.chmod(f"{folder}/program", 0o755)
    return f"{folder}/program", folder


def runs(folder):
    """(arguments, message) of each run, the first first."""
    found = []
    for path in sorted(glob.glob(f"{folder}/*.arguments"), key=os.path.getmtime):
        with open(path) as a, open(path.replace("arguments", "body")) as b:
            found.append((a.read().split("\n")[:-1], b.read()))
    return found


def classic(owlpost, report):
    """An owlpost whose qmail-remote is a script that notes how it was called."""
    program, folder = script(owlpost, f"""#!/bin/sh
n=$(mktemp FOLDER/XXXXXX)
cat >"$n.body"
printf '%s\\n' "$@" >"$n.arguments"
{report}
""")
    owlpost.environment |= {"QMAILREMOTE": program}
    owlpost.control("retryskipremote", "100")
    owlpost.start()
    return folder


def send(owlpost, *recipients, sender="ann@owlpost.test", text=MESSAGE):
    done = owlpost.inject(text, *recipients, sender=sender)
    assert done.returncode == 0, done.stderr


def test_a_classic_program_gets_the_message_and_its_report_counts(owlpost):
    folder = classic(owlpost, f"printf '{WORKS}'")
    send(owlpost, "x@far.test")
    owlpost.wait_for_empty_queue()
    ((arguments, body),) = runs(folder)
    assert arguments == ["far.test", "ann@owlpost.test", "x@far.test"]
    assert body.endswith("Subject: owls\n\nhello\n") and body.startswith("Received: ")
    assert "success: 192.0.2.1_[192.0.2.1]_said:_250_2.0.0_kept/" in owlpost.log()


def test_each_domain_has_a_run_and_each_recipient_a_result(owlpost):
    owlpost.control("smtproutes", ":relay.test")
    folder = classic(owlpost, """case "$1" in
far.test) printf 'r\\0h192.0.2.1 does not like recipient.\\nRemote host said: 550 5.1.1 who?\\n\\0Kfine\\n\\0';;
*) printf 'r\\0Dno (#5.2.3)\\n\\0';;
esac""")
    send(owlpost, "a@far.test", "b@FAR.test", "c@near.test")
    (bounce,) = owlpost.wait_for_mail("ann") if ROOT else (b"",)
    owlpost.wait_for_empty_queue()
    assert sorted(a[2:] for a, _ in runs(folder)) == [["a@far.test", "b@FAR.test"], ["c@near.test"]]
    if bounce:
        assert b"Status: 5.1.1" in bounce and b"Status: 5.2.3" in bounce and b"550 5.1.1 who?" in bounce


@pytest.mark.parametrize("report", ["printf 'r\\0K\\0'; exit 1", "kill -9 $$", "printf K", "true", "printf 'r\\0Zlater\\n\\0'"])
def test_what_is_doubtful_is_tried_again(owlpost, report):
    folder = classic(owlpost, report)
    send(owlpost, "x@far.test")
    wait_until(lambda: ": deferral: " in owlpost.log(), 20, lambda: owlpost.log())
    assert len(runs(folder)) == 1 and len(owlpost.queued()) == 2


def test_a_wrapper_that_ends_in_ours(owlpost):
    with Sink() as sink:
        program, _ = script(owlpost, f'#!/bin/sh\n(echo "X-Wrapped: $1"; cat) >FOLDER/wrapped\n'
                                     f'exec {owlpost.program("owl-remote")} "$@" <FOLDER/wrapped\n')
        owlpost.environment |= {"QMAILREMOTE": program}
        owlpost.control("smtproutes", f":127.0.0.1:{sink.port}")
        owlpost.start()
        send(owlpost, "x@far.test", "y@far.test")
        owlpost.wait_for_empty_queue()
        (mail,) = sink.received
    assert mail.octets.startswith(b"X-Wrapped: far.test\r\nReceived: ") and len(mail.recipients) == 2
    assert owlpost.log().count("success: 127.0.0.1_[127.0.0.1]_said:_250_2.0.0_kept/") == 2


def test_a_program_is_killed_with_the_runner(owlpost):
    folder = classic(owlpost, "echo $$ >FOLDER/pid.new; mv FOLDER/pid.new FOLDER/pid; sleep 1000")
    send(owlpost, "x@far.test")
    wait_until(lambda: os.path.exists(f"{folder}/pid"), 20, "the program")
    with open(f"{folder}/pid") as f:
        pid = int(f.read())
    os.kill(owlpost.named("owl-send")[0], 9)
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 20, "its end")


# ---- a filter

def filtered(owlpost, text):
    program, folder = script(owlpost, f"#!/bin/sh\n{text}\n")
    owlpost.control("remotefilter", program)
    owlpost.control("retryskipremote", "100")
    return folder


def test_a_filter_changes_what_is_sent(owlpost):
    with Sink() as sink:
        filtered(owlpost, 'echo "X-Sender: $SENDER"; cat')
        owlpost.control("smtproutes", f":127.0.0.1:{sink.port}")
        owlpost.start()
        send(owlpost, "x@far.test", "y@near.test")
        send(owlpost, "x@far.test", text=MESSAGE + "long line\n" * 20000)
        owlpost.wait_for_empty_queue()
        assert [m.octets[:29] for m in sink.received] == [b"X-Sender: ann@owlpost.test\r\nR"] * len(sink.received)
        assert sorted(len(m.octets) > 100000 for m in sink.received)[-1]
        # a change of the file counts from the next worker on
        owlpost.control("remotefilter", None)
        before = len(sink.received)
        wait_until(lambda: not owlpost.named("owl-remote"), 20, "the end of the workers")
        send(owlpost, "x@far.test")
        wait_until(lambda: len(sink.received) > before, 20, "the next message")
        assert sink.received[-1].octets.startswith(b"Received: ")


@pytest.mark.parametrize("text, log", [
    ("cat >/dev/null; exit 111", "deferral: the_filter"), ("exit 0", "deferral: the_filter"),
    ("kill -9 $$", "deferral: the_filter"), ("exit 100", "failure: the_filter"), ("echo x; exit 99", "success: ")])
def test_what_a_filter_decides(owlpost, text, log):
    with Sink() as sink:
        filtered(owlpost, text)
        owlpost.control("smtproutes", f":127.0.0.1:{sink.port}")
        owlpost.start()
        send(owlpost, "x@far.test")
        wait_until(lambda: log in owlpost.log(), 20, lambda: owlpost.log())
        assert [m.octets.startswith(b"Received: ") for m in sink.received] == ([True] if "99" in text else [])


# ---- DKIM

PERL = """use Mail::DKIM::Verifier;
my $v = Mail::DKIM::Verifier->new;
while (<STDIN>) { s/\\r?\\n$//; $v->PRINT("$_\\r\\n"); }
$v->CLOSE;
print $v->result_detail;
"""


def make_key(owlpost, domain, selector):
    """The public key, as DNS has it."""
    folder = f"{owlpost.controls}/dkim/{domain}"
    os.makedirs(folder)
    path = f"{folder}/{selector}.pem"
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", path, "2048"], check=True, capture_output=True)
    os.chmod(path, 0o640)
    if ROOT:
        os.chown(path, 0, pwd.getpwnam("owlremote").pw_gid)
    der = subprocess.run(["openssl", "rsa", "-in", path, "-pubout", "-outform", "DER"], check=True, capture_output=True)
    return base64.b64encode(der.stdout).decode()


def by_python(octets, key):
    import dkim
    return dkim.verify(octets, dnsfunc=lambda name, timeout=5: f"v=DKIM1; k=rsa; p={key}".encode())


def by_perl(octets):
    root = f"{PEERS}/libmail-dkim-perl/usr"
    folders = [f"{root}/share/perl5", *glob.glob(f"{root}/lib/*-linux-gnu/perl5/5.*"), *glob.glob(f"{root}/lib/*-linux-gnu/perl5")]
    done = subprocess.run(["perl", *(f"-I{f}" for f in folders), "-e", PERL], input=octets, capture_output=True, timeout=60)
    return done.stdout.decode() or done.stderr.decode()


@pytest.fixture
def signing(owlpost, bystanders):
    for_users("python3-dkim")
    path = f"{WORK}/python3-dkim/lib/python3/dist-packages"
    sys.path.insert(0, path)
    key = make_key(owlpost, "owlpost.test", "sel")
    if ROOT:
        Unbound(bystanders, owlpost.folder,
                [f'sel._domainkey.owlpost.test. TXT "v=DKIM1; k=rsa; p={key[:200]}" "{key[200:]}"'])
    owlpost.environment |= {"PYTHONPATH": path}
    owlpost.control("remotefilter", owlpost.program("owl-dkimsign"))
    owlpost.control("retryskipremote", "100")
    with Sink() as sink:
        owlpost.control("smtproutes", f":127.0.0.1:{sink.port}")
        owlpost.start()
        owlpost.key = key
        yield sink
    sys.path.remove(path)


def test_what_leaves_is_signed_and_verifies(owlpost, signing):
    """What was injected, a bounce, and a forward; by two implementations."""
    owlpost.dot_qmail("joe", "", "&friend@far.test\n")
    text = "From: Ann <ann@owlpost.test>\nTo: x\nSubject: owls\n of all kinds\n\n.hello\n\nbare\rcr\nno end"
    send(owlpost, "x@far.test", text=text)
    send(owlpost, "joe@owlpost.test")
    send(owlpost, "nobody-at-all@owlpost.test", sender="stranger@far.test", text="From: <stranger@far.test>\n\nhello\n")
    wait_until(lambda: len(signing.received) == 3, 30, lambda: owlpost.log())
    for mail in signing.received:
        assert mail.octets.startswith(b"DKIM-Signature: "), mail.octets
        assert by_python(mail.octets, owlpost.key), mail.octets
        assert not by_python(mail.octets.replace(b"hello", b"hallo"), owlpost.key)
        if ROOT:
            assert by_perl(mail.octets) == "pass"
            assert by_perl(mail.octets.replace(b"hello", b"hallo")).startswith("fail")
    assert sorted((m.sender, *m.recipients) for m in signing.received) == [
        ("", "stranger@far.test"), ("ann@owlpost.test", "friend@far.test"), ("ann@owlpost.test", "x@far.test")]


def test_what_is_not_ours_is_not_signed(owlpost, signing):
    """Others' authors, authors that are several, and what is signed already."""
    for text in ("From: <x@elsewhere.test>\n\nhello\n", "From: <x@owlpost.test>, <y@owlpost.test>\n\nhello\n", "Subject: x\n\nhello\n",
                 "From: <x@owlpost.test>\nDKIM-Signature: v=1; d=owlpost.test; s=old\n\nhello\n"):
        done = owlpost.call("owl-dkimsign", input=text.encode(), user="owlremote" if ROOT else None)
        assert (done.returncode, done.stdout) == (99, b""), (text, done.stderr)
    done = owlpost.call("owl-dkimsign", input=b"From: <x@sub.owlpost.test>\n\nhello\n", user="owlremote" if ROOT else None)
    assert done.returncode == 0 and b"d=owlpost.test" in done.stdout and b"s=sel" in done.stdout


def test_without_a_key_that_is_secret_mail_waits(owlpost, signing):
    os.chmod(f"{owlpost.controls}/dkim/owlpost.test/sel.pem", 0o644)
    send(owlpost, "x@far.test")
    wait_until(lambda: "deferral: the_filter" in owlpost.log(), 20, lambda: owlpost.log())
    assert "others can read it" in owlpost.log() and not signing.received


# ---- QMAILLOCAL

@pytest.mark.parametrize("code, log", [(0, "success: all_is_well/"), (100, "failure: all_is_well_"), (111, "deferral: all_is_well_")])
def test_a_program_in_qmail_local_s_place(owlpost, code, log):
    """As the user, with qmail-local's arguments; its exit code counts."""
    program, folder = script(owlpost, f"""#!/bin/sh
n=$(mktemp FOLDER/XXXXXX)
cat >"$n.body"
id -un >"$n.user"
printf '%s\\n' "$@" >"$n.arguments"
echo all is well
exit {code}
""")
    owlpost.environment |= {"QMAILLOCAL": program}
    owlpost.control("retryskiplocal", "100")
    owlpost.dot_qmail("joe", "-default", "./Maildir/\n")
    owlpost.start()
    send(owlpost, "joe-a$x`b@owlpost.test", sender="o'brien@far.test")
    wait_until(lambda: log in owlpost.log(), 20, lambda: owlpost.log())
    ((arguments, body),) = runs(folder)
    assert arguments == ["--", "joe", owlpost.home("joe"), "joe-a$x`b", "-", "a$x`b", "owlpost.test",
                         "o'brien@far.test", "./Maildir/"]
    assert body.endswith("Subject: owls\n\nhello\n")
    if ROOT:
        (user,) = glob.glob(f"{folder}/*.user")
        with open(user) as f:
            assert f.read() == "joe\n"
    assert owlpost.maildir("joe") == []
