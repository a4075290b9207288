"""What the programs are linked with."""
import glob
import os
import re
import subprocess

OPENSSL = re.compile(r"\blib(ssl|crypto)\.so|\b(SSL_new|EVP_DigestInit)")


def output(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout


def programs(owlpost):
    found = [p for folder in ("bin", "sbin", "libexec/owlpost") for p in glob.glob(f"{owlpost.prefix}/{folder}/*")]
    return [p for p in found if os.path.isfile(p) and output("readelf", "-h", p)]


# OpenSSL's licence and libowfat's forbid both in one program
WITH_OPENSSL = {"owl-tlsd", "owl-sts"}
OWFAT = re.compile(r"\blibowfat\.so|\b(stralloc_ready|stralloc_catb|buffer_put)\b")


def test_no_program_on_the_mail_path_is_linked_with_openssl(owlpost):
    names = {os.path.basename(p) for p in programs(owlpost)}
    assert {"owl-smtpd", "owl-queue", "owl-send", "owl-start", "owl-lspawn", "owl-local", "owl-rspawn",
            "owl-remote", "owl-inject", "sendmail", "owlq"} | WITH_OPENSSL <= names
    for p in programs(owlpost):
        needed = re.findall(r"Shared library: \[(.*)\]", output("readelf", "-d", p))
        print(f"{os.path.basename(p):12} {' '.join(needed) or 'static'}")
        has = "\n".join(needed) + output("ldd", p) + output("nm", p)
        assert bool(OPENSSL.search(has)) == (os.path.basename(p) in WITH_OPENSSL), p
        assert not (OPENSSL.search(has) and OWFAT.search(has)), p
