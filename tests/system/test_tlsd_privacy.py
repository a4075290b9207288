"""Where the private keys are, and what handshake children hold: seen from /proc."""
import os
import smtplib
import ssl
import subprocess

import pytest

import certificates
from tlsserver import Meeting, has_in_memory, name_of, processes, status, unverified
from waiting import wait_until

ROOT_AUTHORITY = certificates.authority("root")
RSA = certificates.make("rsa", ["owlpost.test"], issuer=ROOT_AUTHORITY, key="rsa")
EC = certificates.make("ec", ["owlpost.test"], issuer=ROOT_AUTHORITY)


def both_orders(number):
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return [octets, octets[::-1]]


def traces_of(certificate):
    """What a process that has the key has in its memory."""
    numbers = certificate.key.private_numbers()
    secrets = [numbers.p, numbers.q, numbers.d] if hasattr(numbers, "p") else [numbers.private_value]
    lines = certificate.key_pem.split("\n")
    return [order for secret in secrets for order in both_orders(secret)] + [lines[2 if len(lines) > 5 else 1].encode()]


@pytest.mark.skipif(os.geteuid() != 0, reason="reads the memory of other processes: root")
def test_the_keys_are_in_one_process_that_reads_no_mail(owlpost):
    if owlpost.build == "sanitized":
        pytest.skip("a sanitizer maps more memory than can be searched")
    owlpost.tls(RSA, EC)
    owlpost.up()
    for ciphers in ("aRSA", "ECDSA"):
        client = smtplib.SMTP("127.0.0.1", owlpost.port, timeout=20)
        client.ehlo("client.test")
        client.starttls(context=unverified(ssl.TLSVersion.TLSv1_2, ciphers))
        assert client.ehlo("client.test")[0] == 250
        client.mail("a@client.test")
        for certificate in (RSA, EC):
            having = [pid for pid in owlpost.pids() if has_in_memory(pid, traces_of(certificate))]
            assert [name_of(pid) for pid in having] == ["owl-tlsd"], having
            signer = having[0]
            assert status(signer)["Seccomp"] == "2"
            assert not holds(signer) - {"socket", "log"}
        client.quit()


def holds(pid):
    """The kinds of what a process has open."""
    kinds = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        target = os.readlink(f"/proc/{pid}/fd/{fd}")
        kinds.add("log" if fd == "2" else target.split(":")[0])
    return kinds


@pytest.mark.skipif(os.geteuid() != 0, reason="looks into other users' processes: root")
def test_a_child_holds_two_sockets_and_may_do_nothing(owlpost):
    owlpost.tls(EC)
    owlpost.start()
    before = set(processes(owlpost))
    with Meeting(owlpost) as meeting:
        meeting.echo()
        (child,) = set(processes(owlpost)) - before
        assert holds(child) == {"socket"}
        assert len(os.listdir(f"/proc/{child}/fd")) == 2
        facts = status(child)
        assert facts["Seccomp"] == "2" and facts["NoNewPrivs"] == "1"
        assert int(facts["CapEff"], 16) == 0
        uid = int(facts["Uid"].split()[0])
        assert uid not in (0, os.stat(f"{owlpost.queue}/todo").st_uid)
        assert os.stat(f"{owlpost.run}/tls").st_uid == uid
        with open(f"/proc/{child}/limits") as f:
            limits = f.read()
        assert "Max file size             0 " in limits and "Max processes             0 " in limits
    wait_until(lambda: set(processes(owlpost)) == before, 20, owlpost.log)


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user: root")
def test_others_may_not_ask(owlpost):
    owlpost.tls(EC)
    owlpost.start()
    program = ("import socket,sys; s=socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(sys.argv[1]); "
               "print(len(s.recv(1)))")
    done = subprocess.run(["/usr/bin/python3", "-c", program, f"{owlpost.run}/tls/socket"], capture_output=True, text=True,
                          **owlpost.identity("joe"))
    assert done.stdout == "0\n", done
    assert "may not ask for TLS" in owlpost.log()


@pytest.mark.skipif(os.geteuid() != 0, reason="looks into other users' processes: root")
def test_children_share_code_that_is_in_memory_and_cannot_be_written(owlpost):
    if owlpost.build == "sanitized":
        pytest.skip("only static programs have it")
    owlpost.tls(EC)
    owlpost.start()
    before = set(processes(owlpost))
    with Meeting(owlpost) as meeting:
        meeting.echo()
        (child,) = set(processes(owlpost)) - before
        with open(f"/proc/{child}/maps") as f:
            maps = [line.split() for line in f]
    rights = [line[1] for line in maps]
    assert not [r for r in rights if "w" in r and "x" in r], maps
    codes = [line for line in maps if "x" in line[1] and line[-1] != "[vdso]" and line[-1] != "[vsyscall]"]
    assert [(line[4], len(line)) for line in codes] == [("0", 5)], codes # of no file
