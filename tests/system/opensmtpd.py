"""Debian's OpenSMTPD, unpacked."""
import functools
import os
import subprocess

from instance import WORK, read
from mailers import folder_for
from overlay import need_account, over_usr
from peers import answers
from waiting import wait_until

PLACES = """
for each in /var/spool /var/lib /run; do mount -t tmpfs -o mode=755 none $each; done
mkdir -p -m 711 /var/spool/smtpd /var/lib/opensmtpd/empty
if [ "$1" ]; then
  mkdir -p /etc/ssl/certs && touch /etc/ssl/certs/ca-certificates.crt && mount --bind "$1" /etc/ssl/certs/ca-certificates.crt
fi
shift; exec "$@"
"""
OPENSSL = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nMinProtocol = TLSv{0}\nMaxProtocol = TLSv{0}\n"


@functools.cache
def repair():
    """What makes it a TLS server with OpenSSL 3."""
    made = f"{WORK}/opensmtpd.so"
    subprocess.run(["cc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-Wno-deprecated-declarations", "-o", made,
                    f"{os.path.dirname(os.path.abspath(__file__))}/opensmtpd.c", "-lcrypto"], check=True)
    os.chmod(made, 0o755)
    return made


class OpenSmtpd:
    """With this configuration, which makes it listen at the port.  version: of TLS, the only one; authorities: a
    file; serves_tls: it has a certificate."""

    def __init__(self, bystanders, port, configuration, version=None, authorities="", serves_tls=False):
        self.folder = folder_for("opensmtpd")
        need_account("opensmtpd")
        need_account("opensmtpq")
        with open(f"{self.folder}/conf", "w", encoding="ascii") as f:
            f.write(configuration)
        environment = dict(os.environ)
        if version:
            environment["OPENSSL_CONF"] = f"{self.folder}/openssl.cnf"
            with open(environment["OPENSSL_CONF"], "w", encoding="ascii") as f:
                f.write(OPENSSL.format(version))
        program = ["env", f"LD_PRELOAD={repair()}"] if serves_tls else []
        program += ["/usr/sbin/smtpd", "-d", "-f", f"{self.folder}/conf"]
        with open(f"{self.folder}/log", "wb") as log:
            self.process = bystanders.start(over_usr(["opensmtpd"], "sh", "-ec", PLACES, "sh", authorities, *program),
                                            env=environment, stdout=log, stderr=log)
        wait_until(lambda: answers(port) or self.process.poll() is not None, 60, self.log)

    def log(self):
        return read(f"{self.folder}/log")

    def end(self):
        self.process.terminate()
        self.process.wait()
