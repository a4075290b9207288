"""Debian's mutt at a terminal of its own, with keys that are typed for it."""
import errno
import os
import pty
import select
import subprocess
import time

SETTINGS = """
set confirmappend=no confirmcreate=no delete=yes quit=yes move=no mark_old=no beep=no
set wait_key=no resolve=no header_cache="" sleep_time=0 folder="."
set pipe_split=no pipe_sep="--- end of a message ---\\n"
"""
END = b"--- end of a message ---\n"
SECONDS, TRIES = 300, 10


def run(owlpost, user, path, keys, *arguments):
    """Opens the mailbox, types keys (macro names as <quit>), and leaves; what
    the screen showed.  While it has nothing to do it is told to quit: mutt
    stays when mail has come since it looked last."""
    home = owlpost.home(user)
    with open(f"{home}/muttrc", "w", encoding="ascii") as f:
        f.write(f'{SETTINGS}push "{keys}<quit>"\n')
    master, slave = pty.openpty()
    p = subprocess.Popen(["mutt", "-n", "-F", f"{home}/muttrc", *arguments, "-f", path], stdin=slave, stdout=slave, stderr=slave,
                         cwd=home, env={"PATH": "/usr/bin:/bin", "HOME": home, "TERM": "vt100", "LC_ALL": "C.UTF-8"},
                         start_new_session=True, **owlpost.identity(user))
    os.close(slave)
    try:
        return _attend(p, master)
    finally:
        p.kill()
        p.wait()
        os.close(master)


def _attend(p, master):
    screen, deadline = b"", time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if select.select([master], [], [], 0.3)[0]:
            try:
                octets = os.read(master, 65536)
            except OSError as e:
                assert e.errno == errno.EIO  # the last process at the terminal is gone
                octets = b""
            screen += octets
            if not octets:
                assert p.wait() == 0, (p.returncode, screen[-3000:])
                return screen
        elif p.poll() is None:
            os.write(master, b"q")
    raise AssertionError(f"mutt does not end: {screen[-3000:]!r}")


def read_all(owlpost, user, path):
    """The octets of all messages; changes nothing.  A lock that others have all
    the time is one that mutt may give up."""
    target = f"{owlpost.home(user)}/copy"
    for _ in range(TRIES):
        screen = run(owlpost, user, path, f"<tag-pattern>~A<enter><tag-prefix><pipe-message>cat >{target}<enter>", "-R")
        if os.path.exists(target):
            break
        assert b"lock" in screen, screen
    with open(target, "rb") as f:
        *found, last = f.read().split(END)
    assert last == b"", (len(last), last[-300:], screen[-3000:])
    os.unlink(target)
    return found


def change(owlpost, user, path, pattern):
    """Marks all as read, and deletes what the pattern matches."""
    return run(owlpost, user, path, "<tag-pattern>~A<enter><tag-prefix><clear-flag>N<tag-prefix><clear-flag>O"
                                    f"<delete-pattern>{pattern}<enter><sync-mailbox>")
