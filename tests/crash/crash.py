"""crash.py [--full] [STORY...]: states that a crash could leave, and what owlpost makes of them.

Records stories of mail, builds the states that a crash could leave of them,
starts owlpost on each, and holds what comes of it against what had been
acknowledged.  Some of these recoveries are recorded and cut off in their turn.

    record.c ...     follows the programs, writes a trace; trace.py reads it
    place.py         an instance; its runner, with us as the other hosts
    scenario.py      the stories
    model.py         what a file system keeps and what it may lose
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
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import scenario  # noqa: E402
from campaign import Campaign  # noqa: E402
from report import report  # noqa: E402
from states import Limits  # noqa: E402
from story import Recorder  # noqa: E402

BUILD = os.path.normpath(f"{HERE}/../../build/check")
PROGRAMS = os.environ.get("OWLPOST_PROGRAMS", f"{BUILD}/stage/srv/owlpost/libexec/owlpost")
RECORD = os.environ.get("OWLPOST_RECORD", f"{BUILD}/gcc/tests/crash/record")
NAMED = ["accept-named", "deliver-named", "bounce-named"]  # a file system without unnamed files


def become_nobody():
    """A private instance is nobody's business; owl-local will not be root."""
    if os.geteuid() == 0:
        who = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(who.pw_gid)
        os.setuid(who.pw_uid)


def make_work_folder():
    for base in ("/dev/shm", tempfile.gettempdir()):
        if os.access(base, os.W_OK) and os.statvfs(base).f_bavail * os.statvfs(base).f_bsize > 256 << 20:
            return tempfile.mkdtemp(prefix="owlpost-crash-", dir=base)
    raise OSError("no folder with free space")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", default=bool(os.environ.get("OWLPOST_CHECK_FULL")))
    parser.add_argument("--no-mutants", action="store_true")
    parser.add_argument("stories", nargs="*")
    options = parser.parse_args()
    become_nobody()
    work = make_work_folder()
    try:
        campaign = Campaign(Recorder(PROGRAMS, RECORD, work), Limits(options.full), options.full)
        campaign.record(options.stories or [*scenario.STORIES, *NAMED])
        campaign.run_states()
        campaign.run_recoveries()
        if not options.no_mutants:
            campaign.run_mutants()
        return report(campaign)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    sys.exit(main())
