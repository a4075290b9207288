# tests/faults/: lets system calls of the programs fail.  No privileges: as root
# it becomes nobody.
noinst_PROGRAMS += %D%/fault
%C%_fault_SOURCES = %D%/fault.c %D%/calls.h %D%/calls.c
EXTRA_DIST += %D%/run %D%/faults.py %D%/alone.py %D%/living.py %D%/needs.py %D%/session.py \
  %D%/sites.py %D%/stage.py
