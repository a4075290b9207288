"""File systems that are full, really: what is told, what is kept, and that all
goes on by itself when there is space again."""
import contextlib
import ctypes
import errno
import os
import pwd
import re
import signal
import smtplib
import struct
import subprocess

import pytest

from waiting import wait_until

pytestmark = pytest.mark.needs_root("mounts")
MIB = 1 << 20
MESSAGE = "From: <mallory@owlpost.test>\nTo: <joe@owlpost.test>\nSubject: space\n\nThe body.\n"


@contextlib.contextmanager
def mounted(path, kind, size, options=()):
    """A file system of its own there; yields its device."""
    image = f"{path}.image"
    os.makedirs(path, exist_ok=True)
    owner = os.stat(path)
    if kind == "tmpfs":
        argv = ["-t", "tmpfs", "-o", ",".join([f"size={size}", *options]), "none"]
    else:
        with open(image, "wb") as f:
            f.truncate(size)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", *options, image], check=True)
        argv = ["-t", "ext4", "-o", "loop", image]
    if subprocess.run(["mount", *argv, path], capture_output=True).returncode:
        pytest.skip(f"{kind} cannot be mounted here")
    os.chown(path, owner.st_uid, owner.st_gid)
    os.chmod(path, owner.st_mode & 0o7777)
    try:
        yield subprocess.run(["findmnt", "-n", "-o", "SOURCE", path], capture_output=True, text=True).stdout.strip()
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def fill(path, leave=0):
    """A file that leaves so much room."""
    name = f"{path}/filler"
    with open(name, "wb", buffering=0) as f:
        v = os.statvfs(path)
        with contextlib.suppress(OSError):
            os.posix_fallocate(f.fileno(), 0, max(v.f_bavail * v.f_frsize - leave, 1))
        if not leave:
            with contextlib.suppress(OSError):
                while f.write(b"x" * 512):
                    pass
    return name


def reply_to(owlpost, message=MESSAGE):
    try:
        owlpost.submit(message, "joe@owlpost.test")
    except smtplib.SMTPResponseException as e:
        return e.smtp_code, e.smtp_error.decode()
    except smtplib.SMTPRecipientsRefused as e:
        code, text = e.recipients["joe@owlpost.test"]
        return code, text.decode()
    return 250, ""


def exit_code(owlpost, message=MESSAGE, recipients=("joe@owlpost.test",), user="ann"):
    """owl-queue's own."""
    envelope = "Fmallory@owlpost.test\0" + "".join(f"T{r}\0" for r in recipients) + "\0"
    with open(f"{owlpost.folder}/envelope", "w+b") as e:
        e.write(envelope.encode())
        e.seek(0)
        return owlpost.call("owl-queue", user=user, input=message.encode(), stdout=e, stderr=subprocess.DEVNULL,
                            capture_output=False).returncode


@pytest.fixture
def on_disk(owlpost):
    """Mounts; they go after the instance."""
    with contextlib.ExitStack() as stack:
        yield lambda *what: stack.enter_context(mounted(*what))
        owlpost.kill_all()


def test_no_mail_is_taken_while_less_than_minfree_is_free(owlpost, on_disk):
    on_disk(owlpost.queue, "tmpfs", 64 * MIB)
    owlpost.control("minfree", str(16 * MIB))
    owlpost.up()
    filler = fill(owlpost.queue, 12 * MIB)
    code, text = reply_to(owlpost)
    assert code == 452 and text.startswith("4.3.1"), (code, text)
    assert exit_code(owlpost) == 53
    assert owlpost.queued() == [] and owlpost.messages("joe") == []
    os.unlink(filler)
    assert reply_to(owlpost)[0] == 250
    assert exit_code(owlpost) == 0
    owlpost.wait_for_mail("joe", 2)


def test_no_mail_is_taken_without_files_for_logs(owlpost, on_disk):
    on_disk(owlpost.queue, "tmpfs", 64 * MIB, ("nr_inodes=400",)) # setup makes some 260 folders
    owlpost.control("minfree", str(16 * MIB)) # 256 files
    owlpost.up()
    code, text = reply_to(owlpost)
    assert code == 452 and text.startswith("4.3.1"), (code, text)
    owlpost.control("minfree", str(MIB))
    assert reply_to(owlpost)[0] == 250
    owlpost.wait_for_mail("joe")


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_a_full_queue_takes_nothing_and_loses_nothing(owlpost, on_disk, kind):
    on_disk(owlpost.queue, kind, 24 * MIB)
    owlpost.control("minfree", "0")
    owlpost.control("retryfault", "1")
    owlpost.up()
    os.chmod(owlpost.home("ann"), 0o1700) # being edited: deferred
    runner = owlpost.named("owl-send")[0]
    os.kill(runner, signal.SIGSTOP)
    assert exit_code(owlpost, recipients=("joe@owlpost.test", "ann@owlpost.test", "nobody@owlpost.test")) == 0
    filler = fill(owlpost.queue)
    large = MESSAGE + "A line of a message that is large.\n" * 60000
    assert exit_code(owlpost, large) == 53
    code, text = reply_to(owlpost, large)
    assert code == 452 and text.startswith("4.3.1"), (code, text)
    assert len(owlpost.queued()) == 1 and os.listdir(f"{owlpost.queue}/tmp") == []
    os.kill(runner, signal.SIGCONT)
    owlpost.wait_for_mail("joe")
    wait_until(lambda: "No space left" in owlpost.log(), 20, owlpost.log)
    assert owlpost.messages("mallory") == []
    os.unlink(filler)
    dsns = owlpost.wait_for_mail("mallory")
    assert b"nobody@owlpost.test" in dsns[0]
    os.chmod(owlpost.home("ann"), 0o700)
    os.kill(runner, signal.SIGALRM)
    owlpost.wait_for_mail("ann")
    owlpost.wait_for_empty_queue()
    assert owlpost.named("owl-send") == [runner]
    assert [len(owlpost.messages(user)) for user in ("joe", "ann", "mallory")] == [1, 1, 1]


def test_a_full_mailbox_is_tried_again(owlpost, on_disk):
    home = owlpost.home("joe")
    on_disk(f"{home}/Maildir", "tmpfs", MIB)
    for part in ("tmp", "new", "cur"):
        os.mkdir(f"{home}/Maildir/{part}", 0o700)
        owlpost.give("joe", f"{home}/Maildir/{part}")
    owlpost.up()
    large = MESSAGE + "A line of a message that is large.\n" * 9000
    filler = fill(f"{home}/Maildir", 65536)
    assert exit_code(owlpost, large) == 0
    wait_until(lambda: "deferral:" in owlpost.log(), 20, owlpost.log)
    assert re.search("deferral: .*No_space_left", owlpost.log())
    assert os.listdir(f"{home}/Maildir/tmp") == [] and owlpost.messages("joe") == []
    os.unlink(filler)
    os.kill(owlpost.named("owl-send")[0], signal.SIGALRM)
    assert owlpost.wait_for_mail("joe")[0].endswith(large.encode())


def limit_blocks(device, uid, kib):
    """quotactl(Q_SETQUOTA) for a user: so many KiB, hard."""
    block = struct.pack("=QQQQQQQQI4x", kib, kib, 0, 0, 0, 0, 0, 0, 1)
    libc = ctypes.CDLL(None, use_errno=True)
    q_setquota, user = 0x800008 << 8, 0
    if libc.quotactl(ctypes.c_int(q_setquota | user), device.encode(), uid, ctypes.create_string_buffer(block)):
        raise OSError(ctypes.get_errno(), "quotactl")


def test_a_sender_over_his_quota_is_told(owlpost, on_disk):
    device = on_disk(owlpost.queue, "ext4", 24 * MIB, ("-O", "quota"))
    owlpost.control("minfree", "0")
    owlpost.up()
    try:
        limit_blocks(device, pwd.getpwnam("ann").pw_uid, 256)
        limit_blocks(device, pwd.getpwnam("owlsmtpd").pw_uid, 256)
    except OSError as e:
        if e.errno in (errno.ENOSYS, errno.ESRCH, errno.ENOTSUP):
            pytest.skip("no quotas in this kernel")
        raise
    large = MESSAGE + "A line of a message that is large.\n" * 20000
    assert exit_code(owlpost, large) == 53
    assert exit_code(owlpost, large, user="joe") == 0
    code, text = reply_to(owlpost, large)
    assert code == 452 and text.startswith("4.3.1"), (code, text)
    assert exit_code(owlpost) == 0
    owlpost.wait_for_mail("joe", 2)
    owlpost.wait_for_empty_queue()
