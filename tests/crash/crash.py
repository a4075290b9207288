"""crash.py [--full] [--journal] [STORY...]: states that a crash could leave, and what owlpost makes of them.

Records stories of mail, builds the states that a crash could leave of them,
starts owlpost on each, and holds what comes of it against what had been
acknowledged.  Some of these recoveries are recorded and cut off in their turn.

    record.c ...     follows the programs, writes a trace; trace.py reads it
    place.py         an instance; its runner, with us as the other hosts
    scenario.py      the stories
    model.py         what a file system keeps and what it may lose
    journal.py       what ext4 and XFS lose
    states.py        the states at each moment
    recover.py       starts owlpost on a state
    letter.py, queuefile.py   what lies in mailboxes and queue
    ledger.py        what has been promised at each moment
    judge.py         compares the two
    mutants.py       programs that sync less, or later: they must be caught
    sites.py         which syncs there are
    story.py, campaign.py, report.py   all of it together

OWLPOST_PROGRAMS is where owlpost's programs are, OWLPOST_RECORD is record.
OWLPOST_CHECK_FULL or --full: all states rather than a choice.  The exit code is
0 only where no promise is broken and each mutant is caught or known needless.
"""
import argparse
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import traceback

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import scenario  # noqa: E402
from campaign import Campaign  # noqa: E402
from journal import JournalFileSystem  # noqa: E402
from model import FileSystem  # noqa: E402
from report import report  # noqa: E402
from states import Limits  # noqa: E402
from story import Recorder  # noqa: E402

BUILD = os.path.normpath(f"{HERE}/../../build/check")
PROGRAMS = os.environ.get("OWLPOST_PROGRAMS", f"{BUILD}/stage/srv/owlpost/libexec/owlpost")
RECORD = os.environ.get("OWLPOST_RECORD", f"{BUILD}/gcc/tests/crash/record")
NAMED = ["accept-named", "deliver-named", "bounce-named"]  # a file system without unnamed files


def default_stories(full):
    names = [n for n in scenario.STORIES if n not in scenario.KILLED]
    return names + NAMED + ["refused-5", "untold-9"] + [f"killed-{n}" for n in (range(2, 60, 5) if full else (8, 10, 12, 16))]


def become_nobody(work):
    """All runs as one user, and owl-local will not be root."""
    if os.geteuid() == 0:
        who = pwd.getpwnam("nobody")
        os.chown(work, who.pw_uid, who.pw_gid)
        os.setgroups([])
        os.setgid(who.pw_gid)
        os.setuid(who.pw_uid)


def make_folder(free_octets, *bases):
    for base in bases:
        if os.access(base, os.W_OK) and os.statvfs(base).f_bavail * os.statvfs(base).f_bsize > free_octets:
            folder = tempfile.mkdtemp(prefix="owlpost-crash-", dir=base)
            os.chmod(folder, 0o755)
            return folder
    raise OSError("no folder with free space")


def stage():
    """Everything where nobody may read it; not in /dev/shm, from which nothing
    may be started on some systems."""
    folder = make_folder(64 << 20, tempfile.gettempdir())
    shutil.copytree(PROGRAMS, f"{folder}/libexec/owlpost")
    shutil.copytree(os.path.normpath(f"{PROGRAMS}/../../bin"), f"{folder}/bin")
    shutil.copy(RECORD, f"{folder}/record")
    for part in ("crash", "system"):
        shutil.copytree(f"{HERE}/../{part}", f"{folder}/tests/{part}", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def can_follow(staged, work):
    """Some containers permit no ptrace()."""
    done = subprocess.run([f"{staged}/record", work, f"{work}/probe", "true"], capture_output=True)
    return not (done.returncode == 111 and b"unable to follow" in done.stderr)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", default=bool(os.environ.get("OWLPOST_CHECK_FULL")))
    parser.add_argument("--journal", action="store_true", help="as on ext4 and XFS (journal.py)")
    parser.add_argument("--no-mutants", action="store_true")
    parser.add_argument("stories", nargs="*")
    options = parser.parse_args()
    return with_staged(lambda staged, work: report(play(options, Recorder(staged, work))))


def with_staged(test):
    """The exit code that test(staged, work) returns."""
    staged, work = stage(), make_folder(256 << 20, "/dev/shm", tempfile.gettempdir())
    try:
        if not can_follow(staged, work):
            print("SKIP crash-states: ptrace is not permitted here")
            return 0
        return run(test, staged, work)
    finally:
        shutil.rmtree(staged)
        shutil.rmtree(work)


def run(test, staged, work):
    """In a process that can give up root's rights for good."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 111
    try:
        become_nobody(work)
        code = test(staged, work)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    os._exit(code)


def play(options, recorder):
    file_system = JournalFileSystem if options.journal else FileSystem
    campaign = Campaign(recorder, Limits(options.full), options.full, file_system)
    campaign.record(options.stories or default_stories(options.full))
    campaign.run_states()
    campaign.run_recoveries()
    if not options.no_mutants:
        campaign.run_mutants()
    return campaign


if __name__ == "__main__":
    sys.exit(main())
