"""Programs that people send with.  Each is a function of an owlpost, the sender,
the recipients and the message (octets, lines end with LF) that gives what the
program said; Failed where it says that it did not work."""
import json
import os
import shutil
import subprocess

import pytest

from instance import ROOT
from overlay import over_usr
from peers import PEERS, unpacked

HERE = os.path.dirname(__file__)
NODE = ("nodejs", "node-acorn", "node-cjs-module-lexer", "node-undici")
SECONDS = 120


class Failed(Exception):
    """What the program said."""


def installed(program):
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    return program


def run(argv, message, environment=None, **options):
    done = subprocess.run(argv, input=message, capture_output=True, timeout=SECONDS, check=False,
                          env=environment or os.environ, **options)
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    if done.returncode != 0:
        raise Failed(said)
    return said


def swaks(owlpost, sender, recipients, message, *more):
    """It ends the data with a line end of its own."""
    return run([installed("swaks"), "--server", f"127.0.0.1:{owlpost.port}", "--helo", "swaks.test", "--from", sender,
                "--to", ",".join(recipients), "--data", "-", *more], message[:-1])


def smtplib(owlpost, sender, recipients, message):
    with owlpost.client() as session:
        try:
            refused = session.sendmail(sender, recipients, message.replace(b"\n", b"\r\n"), ["BODY=8BITMIME"])
        except OSError as e:
            raise Failed(str(e)) from e
    if refused:
        raise Failed(str(refused))
    return ""


def msmtp(owlpost, sender, recipients, message, *more):
    program, environment = unpacked("msmtp", "msmtp")
    return run([program, "--host=127.0.0.1", f"--port={owlpost.port}", "--tls=off", "--domain=msmtp.test",
                f"--from={sender}", *more, "--", *recipients], message, environment | {"HOME": owlpost.folder})


def nodemailer_letters(owlpost, letters, **options):
    """The fates of nodemailer's letters; by the machine's node, or Debian's over /usr."""
    argv = ["node", f"{HERE}/nodemailer.js"]
    if not shutil.which("node"):
        if not ROOT:
            pytest.skip("node is not installed, and needs root to be laid over /usr")
        argv = over_usr(NODE, *argv)
    modules = f"{PEERS}/node-nodemailer/usr/share/nodejs"
    assert os.path.isdir(modules), f"{modules} is not there: run tests/peers.sh"
    options = {"host": "127.0.0.1", "port": owlpost.port, "name": "node.test", "ignoreTLS": True} | options
    said = run(argv, json.dumps({"options": options, "letters": letters}).encode(), os.environ | {"NODE_PATH": modules})
    return json.loads(said)


def nodemailer(owlpost, sender, recipients, message):
    fate, = nodemailer_letters(owlpost, [{"envelope": {"from": sender, "to": recipients, "use8BitMime": True},
                                          "raw": message.decode()}])
    if not fate.startswith("250 "):
        raise Failed(fate)
    return fate


def curl(owlpost, sender, recipients, message):
    program, environment = unpacked("curl", "curl")
    to = [word for r in recipients for word in ("--mail-rcpt", r)]
    return run([program, "--silent", "--show-error", "--verbose", "--crlf", f"smtp://127.0.0.1:{owlpost.port}/curl.test",
                "--mail-from", sender, *to, "--upload-file", "-"], message, environment)


def net_smtp(owlpost, sender, recipients, message):
    return run(["perl", f"{HERE}/netsmtp.pl", str(owlpost.port), sender, *recipients], message)


def mutt(owlpost, sender, recipients, message, *settings):
    """It makes the header itself."""
    settings = [f"set smtp_url=smtp://127.0.0.1:{owlpost.port}/ ssl_force_tls=no ssl_starttls=no copy=no hostname=mutt.test",
                f"set from={sender} envelope_from_address={sender} use_envelope_from=yes allow_8bit=yes use_8bitmime=yes",
                "set charset=utf-8 send_charset=utf-8", *settings]
    commands = [word for line in settings for word in ("-e", line)]
    header, _, body = message.partition(b"\n\n")
    subject = header.partition(b"Subject: ")[2].splitlines()[0]
    return run([installed("mutt"), "-n", "-F", "/dev/null", *commands, "-s", subject, "--", *recipients], body,
               os.environ | {"HOME": owlpost.folder, "LC_ALL": "C.UTF-8"})


def _nullmailer(protocol, owlpost, sender, recipients, message):
    """As nullmailer-send starts it: options on descriptor 0, the letter on 3."""
    program, environment = unpacked("nullmailer", protocol)
    path = f"{owlpost.folder}/letter"
    with open(path, "wb") as f:
        f.write("".join(f"{line}\n" for line in (sender, *recipients, "")).encode() + message)
    return run(["sh", "-c", 'exec "$0" 3<"$1"', program, path], f"host=127.0.0.1\nport={owlpost.port}\n".encode(),
               environment | {"HELOHOST": "nullmailer.test"})


def nullmailer(*letter):
    return _nullmailer("smtp", *letter)


def nullmailer_by_qmqp(*letter):
    """Its port must be owl-qmqpd's."""
    return _nullmailer("qmqp", *letter)
