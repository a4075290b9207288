"""Which of the programs' syncs a sync is: by what is synced, and what for.

The same line of code may be several sites, as owl-send's syncs of a log before
and after a DSN is made; and one site two lines, where it takes both.
"""
import re

TOLD = b"\x02\x05\x00\x00\x00\x00"  # an item of the log (owlpost-queue(5))
INJECTORS = ("owl-queue", "owl-queued")
CHANGES = ("create", "mkdir", "link", "unlink", "rename", "write", "truncate")


def name(events):
    """Fills in .site of each sync."""
    written, left_todo = {}, set()
    for at, e in enumerate(events):
        if e.kind == "write":
            written[e.inode] = e.octets
        if e.kind in ("unlink", "rename") and e.path.startswith("queue/todo/"):
            left_todo.add(e.pid)
        if e.kind not in ("sync", "syncfs"):
            continue
        following = next((f for f in events[at + 1:] if f.pid == e.pid and f.kind in CHANGES), None)
        before = next((f for f in reversed(events[:at]) if f.pid == e.pid and f.kind in CHANGES), None)
        if e.kind == "syncfs":
            e.site = f"{e.program}: everything, {'instead of many' if before else 'before it reads the queue'}"
            left_todo.discard(e.pid)
        else:
            e.site = f"{e.program}: {_what(e, before, following, written, left_todo)}"


def _what(e, before, following, written, left_todo):
    makes_dsn = following is not None and following.kind == "create" and (following.path or "queue/tmp/").startswith("queue/tmp/")
    if e.path == "queue/todo":
        return _todo(e, before, left_todo)
    if re.fullmatch(r"queue/(todo|tmp)/.*", e.path):
        return "file of a message" if e.program in INJECTORS else "file of a DSN"
    if re.fullmatch(r"queue/wait/..", e.path):
        return "wait/XX/, before a DSN is made" if makes_dsn else "wait/XX/"
    if e.path.endswith(".log"):
        if TOLD in written.get(e.inode, b""):
            return "log that says told"
        return "log, before a DSN is made" if makes_dsn else "log"
    if re.fullmatch(r"home/\w+/Maildir/tmp/.*", e.path):
        return "file of a delivery"
    if re.fullmatch(r"home/\w+/Mailbox", e.path):
        return "mbox"
    if re.fullmatch(r"home/\w+", e.path) and before and (before.path or "").endswith("/Mailbox"):
        return "folder of a new mbox"
    if re.fullmatch(r"home/\w+/Maildir", e.path):
        return "new Maildir, before its tmp/" if following and following.kind == "mkdir" else "new Maildir, at its end"
    return {"new": "Maildir/new/"}.get(e.path.rpartition("/")[2], "folder of a new Maildir")


def _todo(e, before, left_todo):
    named = before and before.kind in ("link", "rename") and (before.to or before.path).startswith("queue/todo/")
    if named:
        return "todo/, for a name" if e.program in INJECTORS else "todo/, for a DSN's name"
    if e.pid in left_todo:
        left_todo.discard(e.pid)
        return "todo/, for what has left it"
    return "todo/, before a scan is believed"
