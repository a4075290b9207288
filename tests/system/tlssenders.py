"""Clients that send under TLS.  Each is a function of the test's Secured, the way
("starttls" or "implicit"), the port, the TLS version and the recipient; they verify the
certificate, and raise what went wrong."""
import glob
import os

from mailers import Exim, Postfix
from opensmtpd import OpenSmtpd
from peers import PEERS, free_port, unpacked
from senders import Failed, installed, nodemailer_letters, run
from waiting import wait_until

SENDER = "sender@sender.test"
MESSAGE = b"Subject: hello\r\n\r\ntext\r\n"
NAME = "owlpost.test"


def python(secured, way, port, version, recipient):
    open_session = secured.client if way == "starttls" else secured.implicit
    with open_session(port, version=version) as session:
        session.sendmail(SENDER, [recipient], MESSAGE)
        assert session.sock.version() == f"TLSv{version}"


def openssl(secured, way, port, version, recipient):
    """BDAT, for it does not wait for 354."""
    dialog = (f"EHLO openssl.test\r\nMAIL FROM:<{SENDER}>\r\nRCPT TO:<{recipient}>\r\nBDAT {len(MESSAGE)} LAST\r\n".encode()
              + MESSAGE + b"QUIT\r\n")
    starttls = ["-starttls", "smtp", "-name", "openssl.test"] if way == "starttls" else []
    said = run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *starttls, "-quiet", "-verify_return_error",
                "-verify_hostname", NAME, "-CAfile", secured.path, f"-tls{version.replace('.', '_')}"], dialog)
    if " ok " not in said or "221 " not in said:
        raise Failed(said)


def swaks(secured, way, port, version, recipient):
    modules = glob.glob(f"{PEERS}/libnet-ssleay-perl/usr/lib/*-linux-*/perl5/*")
    option = "--tls" if way == "starttls" else "--tls-on-connect"
    said = run([installed("swaks"), "--server", f"127.0.0.1:{port}", "--helo", "swaks.test", "--from", SENDER, "--to", recipient,
                option, "--tls-verify", "--tls-ca-path", secured.path, "--tls-protocol", f"tlsv{version.replace('.', '_')}"], None, os.environ | {"PERL5LIB": ":".join(modules)})
    if "TLS started" not in said:
        raise Failed(said)


def msmtp(secured, way, port, version, recipient):
    """GnuTLS; the name is the host's."""
    program, environment = unpacked("msmtp", "msmtp")
    run([program, "--host=127.0.0.1", f"--port={port}", "--tls=on", f"--tls-starttls={'on' if way == 'starttls' else 'off'}",
         f"--tls-trust-file={secured.path}", f"--tls-priorities=NORMAL:-VERS-ALL:+VERS-TLS{version}", "--domain=msmtp.test",
         f"--from={SENDER}", "--", recipient], MESSAGE.replace(b"\r\n", b"\n"), environment | {"HOME": secured.owlpost.folder})


def nodemailer(secured, way, port, version, recipient):
    fate, = nodemailer_letters(
        secured.owlpost, [{"envelope": {"from": SENDER, "to": [recipient]}, "raw": MESSAGE.decode()}], port=port, ignoreTLS=False,
        secure=way == "implicit", requireTLS=way == "starttls",
        tls={"ca": secured.authority.pem, "servername": NAME, "minVersion": f"TLSv{version}", "maxVersion": f"TLSv{version}"})
    if not fate.startswith("250 "):
        raise Failed(fate)


POSTFIX = """
smtp_tls_security_level = secure
smtp_tls_secure_cert_match = {name}
smtp_tls_CAfile = {authority}
smtp_tls_loglevel = 1
smtp_tls_wrappermode = {wrapper}
smtp_tls_mandatory_protocols = TLSv{version}
"""


def postfix(secured, way, port, version, recipient):
    sender = Postfix(secured.owlpost.bystanders, port, POSTFIX.format(
        name=NAME, authority=secured.path, wrapper="yes" if way == "implicit" else "no", version=version),
        "tlsmgr unix - - n 1000 1 tlsmgr\n")
    sender.send(MESSAGE.replace(b"\r\n", b"\n"), "-f", SENDER, recipient)
    sender.wait_for("status=sent (250 2.0.0 ok ")
    assert f"Verified TLS connection established to 127.0.0.1[127.0.0.1]:{port}: TLSv{version} " in sender.log(), sender.log()


def exim(secured, way, port, version, recipient):
    protocol = "smtp" if way == "starttls" else "smtps"
    sender = Exim(port, more=f"hosts_require_tls = *\n  tls_verify_hosts = *\n  tls_verify_certificates = {secured.path}\n"
                  f"  protocol = {protocol}\n  tls_require_ciphers = NORMAL:-VERS-ALL:+VERS-TLS{version}")
    sender.say("EHLO x.test", f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{recipient}>", "DATA", "Subject: hello", "", "text", ".", "QUIT")
    delivered, = [line for line in sender.log().splitlines() if f"=> {recipient} " in line] or [sender.log()]
    assert f"X=TLS{version}:" in delivered and "CV=yes" in delivered, delivered


OPENSMTPD = """
listen on 127.0.0.1 port {port} hostname opensmtpd.test
action "away" relay host {protocol}://127.0.0.1:{away} tls helo opensmtpd.test
match from any for any action "away"
"""


def opensmtpd(secured, way, port, version, recipient):
    own = free_port()
    configuration = OPENSMTPD.format(port=own, away=port, protocol="smtp+tls" if way == "starttls" else "smtps")
    server = OpenSmtpd(secured.owlpost.bystanders, own, configuration, version, secured.path)
    with secured.owlpost.client(own) as session:
        session.sendmail(SENDER, [recipient], MESSAGE)
    wait_until(lambda: "mta delivery " in server.log(), 60, server.log)
    log = server.log()
    server.end()
    assert 'result="Ok"' in log and f"TLSv{version}:" in log and "cert-check" in log, log


CHEAP = {"python": python, "openssl": openssl, "swaks": swaks, "msmtp": msmtp, "nodemailer": nodemailer}
SERVERS = {"postfix": postfix, "exim": exim, "opensmtpd": opensmtpd}
