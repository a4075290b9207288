# tests/crash/: what a crash could leave, and whether owlpost starts from it.
# No privileges: as root it becomes nobody.
noinst_PROGRAMS += %D%/record
%C%_record_SOURCES = %D%/record.c %D%/tracee.h %D%/tracee.c %D%/peek.h %D%/peek.c \
  %D%/calls.h %D%/calls.c %D%/handlers.h %D%/names.c %D%/octets.c %D%/trace.h %D%/trace.c
EXTRA_DIST += %D%/campaign.py %D%/crash.py %D%/journal.py %D%/judge.py %D%/ledger.py %D%/letter.py \
  %D%/mailboxes.py %D%/mailboxjudge.py %D%/mailboxstory.py %D%/model.py %D%/mutants.py %D%/place.py %D%/queuefile.py %D%/recover.py %D%/rename.sh %D%/report.py %D%/scenario.py \
  %D%/sites.py %D%/states.py %D%/story.py %D%/trace.py
