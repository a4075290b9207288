"""testssl.sh's findings against the ports for submission and for implicit TLS."""
import json
import os
import subprocess

import pytest

import certificates
from peers import free_port, listens, unpacked
from waiting import wait_until

AUTHORITY = certificates.authority("authority")
NAME, CRL = "owlpost.test", "http://127.0.0.1/authority.crl"
HARMLESS = {"OK", "INFO", "LOW", "DEBUG"}
# what testssl.sh 3.0.8 says of itself: its client ends before the ticket of TLS 1.3 has come
ABOUT_ITSELF = {("sessionresumption_ticket", "WARN"), ("engine_problem", "WARN")}


def findings(folder, target, options):
    script, _ = unpacked("testssl.sh", "testssl")
    drill, environment = unpacked("ldnsutils", "drill") # it wants one of those that ask for names, and asks for none
    environment["PATH"] += f":{os.path.dirname(drill)}"
    environment["TESTSSL_INSTALL_DIR"] = os.path.dirname(script).removesuffix("/usr/bin") + "/etc/testssl"
    report = f"{folder}/report.json"
    done = subprocess.run(
        [script, "--quiet", "--color", "0", "--warnings", "batch", "--nodns", "none", "--ip", "127.0.0.1",
         "--add-ca", f"{folder}/authority.pem", "--jsonfile", report, *options, target],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=1200, cwd=folder)
    with open(report) as f:
        return json.load(f), done.stdout.decode("utf-8", "replace")


@pytest.mark.parametrize("kind", ["submission", "tls"])
@pytest.mark.parametrize("key", ["rsa", "both"])
def test_no_finding_of_medium_or_worse(owlpost, folder, full, kind, key):
    if not full:
        pytest.skip("a scan takes more than a minute: --full has all four")
    made = [certificates.make(NAME, [NAME], issuer=AUTHORITY, key=each, crl=CRL) for each in (["rsa", "ec"] if key == "both" else ["rsa"])]
    owlpost.tls(*made, staple=certificates.staple(made[0]))
    with open(f"{folder}/authority.pem", "w") as f:
        f.write(AUTHORITY.pem)
    port = free_port()
    if kind == "tls":
        owlpost.control("smtplisten", f"127.0.0.1:{port}/tls")
    owlpost.start()
    if kind == "submission":
        owlpost.listen(port=port, environment={"SUBMISSION": ""})
    wait_until(lambda: listens(port), 20, owlpost.log)
    found, text = findings(folder, f"{NAME}:{port}", ["--starttls", "smtp"] if kind == "submission" else [])
    assert len(found) > 50, text
    bad = [f"{each['id']}: {each['severity']}: {each['finding']}" for each in found
           if each["severity"] not in HARMLESS and (each["id"].split()[0], each["severity"]) not in ABOUT_ITSELF]
    assert not bad, "\n".join(bad)
    named = {each["id"]: each["finding"] for each in found}
    assert "server" in named["cipher_order"].lower() or "yes" in named["cipher_order"].lower(), named["cipher_order"]
