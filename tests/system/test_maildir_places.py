"""Maildirs on other file systems, and on such that fail or know less than ours."""
import os
import subprocess

import pytest

from instance import ROOT

BODY = b"Subject: t\n\nHoo.\n"


def place(owlpost):
    return f"{owlpost.home('joe')}/Maildir"


def left(owlpost):
    return tuple(len(os.listdir(f"{place(owlpost)}/{part}")) for part in ("tmp", "new"))


def deliver(owlpost, *wrapper, maildir="./Maildir/"):
    """owl-local by hand; (its exit code, what it says)"""
    p = subprocess.run([*wrapper, owlpost.program("owl-local"), "joe", owlpost.home("joe"), "joe", "", "", "local.test",
                        "ann@local.test", maildir], input=BODY, capture_output=True, timeout=30,
                       **(owlpost.identity("joe") if ROOT else {}))
    return p.returncode, (p.stdout + p.stderr).decode()


def broken(*faults):
    return ["strace", "-f", "-o", "/dev/null", *(word for fault in faults for word in ("-e", f"inject={fault}"))]


@pytest.mark.parametrize("faults", (
    ["renameat2:error=EINVAL"],                                          # NFS
    ["renameat2:error=ENOSYS", "link,linkat:error=EPERM"],               # no links: FAT, some FUSE
    ["sync_file_range:error=ENOSYS"],
), ids=("no-noreplace", "no-links", "no-writeback"))
def test_a_file_system_that_knows_less_gets_the_mail(owlpost, faults):
    assert deliver(owlpost, *broken(*faults))[0] == 0
    assert left(owlpost) == (0, 1)


@pytest.mark.parametrize("fault", ("fsync:error=EIO:when=1", "fsync:error=EIO:when=2", "renameat2:error=ESTALE",
                                   "renameat2:error=EXDEV", "write:error=EDQUOT:when=1", "fsync:error=ENOSPC"))
def test_a_failure_defers_and_leaves_nothing(owlpost, fault):
    code, said = deliver(owlpost, *broken(fault))
    assert code == 111, said
    assert left(owlpost) == (0, 0)


@pytest.mark.needs_root("mounts")
def test_an_overlay_takes_mail_and_is_named(owlpost, folder):
    maildir, upper, work, lower = place(owlpost), f"{folder}/upper", f"{folder}/work", f"{folder}/lower"
    subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=True)
    try:
        subprocess.run(["cp", "-a", maildir, lower], check=True)
        for path in (upper, work):
            os.mkdir(path)
        owlpost.give("joe", upper)
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", f"lowerdir={lower},upperdir={upper},workdir={work}",
                        maildir], check=True)
        try:
            for count in (1, 2):
                code, said = deliver(owlpost)
                assert code == 0, said
                assert left(owlpost) == (0, count)
            facts = subprocess.run([owlpost.program("owl-local"), "-e", "joe", owlpost.home("joe"), "joe", "", "",
                                    "local.test", "./Maildir/"], capture_output=True, text=True,
                                   **owlpost.identity("joe")).stdout
            assert "filesystem\tit is on an overlay" in facts
        finally:
            subprocess.run(["umount", maildir], check=True)
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.needs_root("users who lay traps")
def test_a_maildir_of_somebody_else_s_is_his(owlpost):
    os.chmod(owlpost.home("ann"), 0o711)
    code, said = deliver(owlpost, maildir=f"{owlpost.home('ann')}/Maildir/")
    assert code == 111 and "ermission denied" in said
    assert os.listdir(f"{owlpost.home('ann')}/Maildir/tmp") == []


@pytest.mark.needs_root("users who lay traps")
def test_names_laid_in_a_maildir_that_all_may_write_are_not_followed(owlpost):
    """mallory may write joe's Maildir; what joe delivers goes through no link of his."""
    maildir, target = place(owlpost), f"{owlpost.home('joe')}/precious"
    with open(target, "w", encoding="ascii") as f:
        f.write("precious")
    owlpost.give("joe", target)
    os.chmod(maildir, 0o777)
    os.symlink(target, f"{maildir}/maildirsize")
    code, said = deliver(owlpost, maildir="./Maildir/")
    assert code == 111 and "quota" in said, said
    os.unlink(f"{maildir}/maildirsize")
    os.mkfifo(f"{maildir}/maildirsize", 0o666)
    assert deliver(owlpost)[0] == 111
    os.unlink(f"{maildir}/maildirsize")
    assert deliver(owlpost)[0] == 0
    with open(target, encoding="ascii") as f:
        assert f.read() == "precious"


def test_a_delivery_does_not_read_what_is_in_the_maildir(owlpost, folder):
    for number in range(2000):
        with open(f"{place(owlpost)}/new/{number}.h", "w", encoding="ascii"):
            pass
    log = f"{folder}/calls"
    with open(log, "w", encoding="ascii"):
        os.chmod(log, 0o666)
    assert deliver(owlpost, "strace", "-f", "-e", "trace=getdents64", "-o", log)[0] == 0
    with open(log, encoding="ascii") as f:
        assert "getdents64(" not in f.read()
