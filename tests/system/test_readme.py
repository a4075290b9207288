"""What README says is to be typed, typed as it stands there."""
import os
import re
import shlex
import subprocess

import pytest

from certificates import make
from peers import listens, unpacked
from waiting import wait_until

README = f"{os.path.dirname(__file__)}/../../README.md"
PASSWORD = "open-sesame"


def blocks(heading):
    """The indented blocks of a section, each without its indent."""
    with open(README, encoding="utf-8") as f:
        text, = re.findall(rf"^### {re.escape(heading)}\n(.*?)^#", f.read(), re.MULTILINE | re.DOTALL)
    found = re.findall(r"(?:^    .*\n|^\n(?=    ))+", text, re.MULTILINE)
    return [re.sub(r"(?m)^    ", "", block).strip() for block in found]


class Shell:
    """A root's shell, in which owlpost's programs are found, and curl is given the password that it would ask for."""

    def __init__(self, owlpost):
        curl, environment = unpacked("curl", "curl")
        bin_folder = f"{owlpost.folder}/bin"
        os.mkdir(bin_folder)
        with open(f"{bin_folder}/curl", "w", encoding="ascii") as f:
            f.write(f"""#!/bin/bash
export LD_LIBRARY_PATH={shlex.quote(environment["LD_LIBRARY_PATH"])}
exec {curl} --silent --show-error "${{@/%joe@example.org/joe@example.org:{PASSWORD}}}"
""")
        os.chmod(f"{bin_folder}/curl", 0o755)
        folders = [bin_folder, f"{owlpost.prefix}/bin", f"{owlpost.prefix}/sbin", os.environ["PATH"]]
        self.environment = owlpost.environment | {"PATH": ":".join(folders)}

    def run(self, text):
        done = subprocess.run(["bash", "-eu", "-c", text], input=PASSWORD.encode() + b"\n", capture_output=True, timeout=60,
                              env=self.environment, check=False)
        assert done.returncode == 0, (text, done.stdout, done.stderr)
        return done.stdout.decode()


@pytest.fixture
def etc(owlpost):
    """/etc/owlpost is the instance's, in the tests' own /etc; README's domain is local."""
    os.symlink(owlpost.controls, "/etc/owlpost")
    for name in ("locals", "rcpthosts"):
        owlpost.control(name, "example.org")
    owlpost.tls(make("mail.example.org", ["mail.example.org"]))
    owlpost.dot_qmail("joe", "", "./Maildir/\n")
    yield owlpost
    os.unlink("/etc/owlpost")


@pytest.mark.needs_root("an /etc of its own")
def test_a_mailbox_in_two_minutes(etc):
    commands, under_tcpserver = blocks("A mailbox in two minutes")
    before, after = re.split(r"(?m)^systemctl restart owlpost .*\n", commands)
    shell = Shell(etc)
    shell.run(before)
    etc.start()
    wait_until(lambda: listens(110) and listens(995), 20, etc.log)
    send, *fetch = [line for line in after.splitlines() if line]
    shell.run(send)
    message, = etc.wait_for_mail("joe")
    sizes, shown = map(shell.run, fetch)
    assert sizes == f"1 {len(message.splitlines()) + len(message)}\r\n"
    assert shown.replace("\r\n", "\n") == message.decode()
    assert "Subject: hello" in shown
    assert etc.call("owl-mailbox", "list", f"{etc.home('joe')}/Maildir", user="joe", check=True).stdout.count(b"\n") == 1
    assert under_tcpserver.count("owl-popup") == 2
