"""Programs that people fetch their mail with, each as popclients.py has it."""
import glob
import os
import re

import mutt
from peers import PEERS, unpacked
from popdoor import Found, emptied, keeper, lines_as_lf, read_all, write
from senders import Failed, installed, run


def curl(door, folder, delete=False):
    program, environment = unpacked("curl", "curl")
    scheme = "pop3s" if door.tls == "implicit" else "pop3"
    options = ["--silent", "--show-error", "--user", f"{door.user}:{door.password}"]
    options += ["--cacert", door.authority, "--ssl-reqd"] if door.tls else []
    options += ["--login-options", "AUTH=+APOP"] if door.apop else []

    def ask(*more, number=""):
        said = run([program, *options, *more, f"{scheme}://localhost:{door.port}/{number}", "--output", f"{folder}/said"],
                   b"", environment)
        assert said == ""
        with open(f"{folder}/said", "rb") as f:
            return f.read()

    sizes = [int(row.split()[1]) for row in ask().splitlines()]
    uidls = [row.split()[1].decode() for row in ask("--request", "UIDL").splitlines()]
    messages = []
    for number in range(1, len(sizes) + 1):
        messages.append(lines_as_lf(ask(number=number)))
    for number in range(len(sizes) if delete else 0, 0, -1):  # each in a session of its own, after which others have new numbers
        ask("--list-only", "--request", "DELE", number=number)
    return Found(sizes, uidls, messages)


def fetchmail(door, folder, delete=False):
    """It remembers UIDLs, and takes only what is new."""
    program, environment = unpacked("fetchmail", "fetchmail")
    got = emptied(f"{folder}/got")
    keep = keeper(folder, got)
    tls = {"": "sslproto ''", "stls": f"sslproto 'TLS1+' sslcertck sslcertfile '{door.authority}'",
           "implicit": f"ssl sslcertck sslcertfile '{door.authority}'"}[door.tls]
    rc = write(f"{folder}/rc", f"""
poll localhost protocol {"APOP" if door.apop else "POP3"} port {door.port} uidl no dns
  user '{door.user}' password '{door.password}' no rewrite mda '{keep}' {tls} {"no keep fetchall" if delete else "keep"}
""")
    try:
        said = run([program, "--fetchmailrc", rc, "--idfile", f"{folder}/ids", "--pidfile", f"{folder}/pid", "--nosyslog",
                    "--verbose", "--nodetach", "--invisible"], b"", environment | {"HOME": folder, "LC_ALL": "C"})
    except Failed as e:
        if "POP3< +OK" not in str(e) or "Query status=1 (NOMAIL)" not in str(e):
            raise
        said = str(e)
    sizes = [int(size) for size in re.findall(r"reading message .*:\d+ of \d+ \((\d+) octets\)", said)]
    ids = f"{folder}/ids"
    uidls = None
    if not delete and os.path.exists(ids):
        with open(ids, encoding="ascii") as f:
            uidls = [line.split()[1] for line in f]
    return Found(sizes, uidls, read_all(got))


def mpop(door, folder, delete=False):
    """It remembers UIDLs, and takes only what is new."""
    program, environment = unpacked("mpop", "mpop")
    kept = f"{folder}/mpop"
    for part in ("", "/new", "/cur", "/tmp"):
        os.makedirs(kept + part, exist_ok=True)
    before = set(os.listdir(f"{kept}/new"))
    tls = {"": "tls off\nauth user", "stls": "tls on\ntls_starttls on", "implicit": "tls on\ntls_starttls off"}[door.tls]
    rc = write(f"{folder}/mpoprc", f"""
account default
host localhost
port {door.port}
{tls}
{f"tls_trust_file {door.authority}" if door.tls else ""}
user {door.user}
password {door.password}
{"auth apop" if door.apop else ""}
delivery maildir {kept}
uidls_file {folder}/uidls
received_header off
keep {"off" if delete else "on"}
only_new {"off" if delete else "on"}
""")
    said = run([program, f"--file={rc}"], b"", environment | {"HOME": folder, "LC_ALL": "C"})
    sizes = [int(size) if exact else None for size, exact in re.findall(r"^retrieving message .* \(([0-9.]+) (bytes)?", said, re.M)]
    messages = []
    for name in sorted(set(os.listdir(f"{kept}/new")) - before):
        with open(f"{kept}/new/{name}", "rb") as f:
            messages.append(lines_as_lf(f.read()))
    with open(f"{folder}/uidls", encoding="ascii") as f:
        uidls = [line.strip() for line in f if "#" not in line and " " not in line]
    return Found(sizes, None if delete else uidls, messages)


# getmail waits a minute for a program that ends before it begins to wait
PARENT_WAITS = "until grep -q '^State:.S' /proc/$PPID/status; do :; done"


def getmail(door, folder, delete=False):
    """It remembers UIDLs, and takes only what is new."""
    root, got = f"{PEERS}/getmail6/usr", emptied(f"{folder}/got")
    write(f"{folder}/getmailrc", f"""
[retriever]
type = {"SimplePOP3SSLRetriever" if door.tls == "implicit" else "SimplePOP3Retriever"}
server = localhost
port = {door.port}
username = {door.user}
password = {door.password}
use_apop = {door.apop}
{f"ca_certs = {door.authority}" if door.tls == "implicit" else ""}
[destination]
type = MDA_external
path = {keeper(folder, got, PARENT_WAITS)}
allow_root_commands = true
[options]
delete = {delete}
read_all = {delete}
delivered_to = false
received = false
verbose = 2
""")
    said = run(["/usr/bin/python3", f"{root}/bin/getmail", f"--getmaildir={folder}", "--rcfile=getmailrc"], b"",
               os.environ | {"PYTHONPATH": f"{root}/lib/python3/dist-packages", "HOME": folder})
    sizes = [int(size) for size in re.findall(r"msg +\d+/\d+ \((\d+) bytes\) .*delivered", said)]
    uidls = []
    for path in glob.glob(f"{folder}/oldmail-*"):
        with open(path, "rb") as f:
            uidls = [row.split(b"\0")[0].decode() for row in f.read().split(b"\n") if row]
    messages = [octets.removeprefix(b"Return-Path: <unknown>\n") for octets in read_all(got)]
    return Found(sizes, None if delete else uidls, messages)


class Home:
    """As much of an instance as mutt.py needs."""

    def __init__(self, folder):
        self.folder = folder

    def home(self, _user):
        return self.folder

    def identity(self, _user):
        return {}


def muttpop(door, folder, delete=False):
    """The names in its cache are UIDLs.  Before it has fetched a message it shows the
    size of its text, which it takes to be LIST's size without the header."""
    installed("mutt")
    cache, copy = emptied(f"{folder}/cache"), f"{folder}/copy"
    path = f"{'pops' if door.tls == 'implicit' else 'pop'}://{door.user}@localhost:{door.port}"
    settings = [f'set pop_pass="{door.password}" message_cachedir="{cache}" pop_checkinterval=600',
                f'set pop_authenticators="{"apop" if door.apop else "user"}" ssl_force_tls={"yes" if door.tls else "no"}',
                f'set ssl_starttls={"yes" if door.tls == "stls" else "no"} ssl_ca_certificates_file="{door.authority}"',
                'set index_format="<%c>" size_show_bytes=yes size_show_mb=no']
    options = [word for setting in settings for word in ("-e", setting)]
    shown = [] if delete else re.findall(rb"<(\w+)>", mutt.run(Home(folder), None, path, "", *options))
    gone = "<delete-pattern>~A<enter><sync-mailbox>" if delete else ""
    mutt.run(Home(folder), None, path, f"<tag-pattern>~A<enter><tag-prefix><pipe-message>cat >{copy}<enter>{gone}", *options)
    if not os.path.exists(copy):
        return Found([], [], [])
    with open(copy, "rb") as f:
        messages = f.read().split(mutt.END)[:-1]
    os.unlink(copy)
    uidls = sorted(os.path.basename(path) for path in glob.glob(f"{cache}/**", recursive=True) if os.path.isfile(path))
    headers = [message.split(b"\n\n", 1)[0] + b"\n\n" for message in messages]
    sizes = [int(size) + len(header) + header.count(b"\n") if size.isdigit() else None for size, header in zip(shown, headers)]
    return Found(sizes, uidls, messages) if shown else Found(None, None, messages)
