"""What comparisons with another server share: the rig's Postfix, a folder, namespaces."""
import contextlib
import os
import subprocess
import sys
import tempfile

from rig import Disk


class Postfix:
    """The rig (peers.sh) keeps it below work."""

    name = "Postfix"
    HOLD = "smtpd_client_restrictions = check_client_access static:HOLD"

    def __init__(self, rig, work, **environment):
        self.rig, self.work = rig, work
        self.environment = {**os.environ, "BENCH_WORK": work, **environment}

    def facts(self):
        return dict(line.split("=", 1) for line in self.peers("env", "postfix").split() if "=" in line)

    def peers(self, *arguments):
        return subprocess.run([f"{self.rig}/peers.sh", *arguments], env=self.environment, check=True,
                              capture_output=True, text=True).stdout

    def command(self, *arguments):
        conf = f"{self.work}/run/postfix/conf"
        self.peers("run", "postfix", f"{self.work}/root/postfix/usr/sbin/{arguments[0]}", "-c", conf, *arguments[1:])

    def configure(self, lines):
        with open(f"{self.work}/run/postfix/conf/main.cf", "a") as f:
            f.write("\n".join(lines) + "\n")
        self.peers("restart", "postfix")

    def source(self, port, *arguments):
        """What smtp-source sends to it."""
        subprocess.run([f"{self.work}/root/postfix/usr/sbin/smtp-source", "-c", *arguments, "-f", "ann@sender.test",
                        f"127.0.0.1:{port}"], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "LD_LIBRARY_PATH": f"{self.work}/root/postfix/usr/lib/postfix"})

    def release(self):
        self.command("postsuper", "-H", "ALL")
        self.command("postqueue", "-f")

    def stop(self):
        self.peers("stop", "postfix")


@contextlib.contextmanager
def work_folder(folder):
    if os.environ.get("BENCH_WORK"):
        yield os.environ["BENCH_WORK"]
    else:
        with Disk(folder, 8) as disk:
            yield disk.path


def own_namespaces():
    """Loopback of its own, and /etc a copy."""
    if os.environ.get("BENCH_INSIDE"):
        etc = tempfile.mkdtemp(prefix="owlpost-bench.")
        subprocess.run(["mount", "-t", "tmpfs", "none", etc], check=True)
        subprocess.run(["cp", "-a", "/etc/.", etc], check=True)
        subprocess.run(["mount", "--move", etc, "/etc"], check=True)
        os.rmdir(etc)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    os.execvpe("unshare", ["unshare", "-n", "-m", "--propagation", "private", sys.executable, *sys.argv],
               {**os.environ, "BENCH_INSIDE": "1"})
