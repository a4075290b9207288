# tests/faults/: lets system calls of the programs fail.  No privileges: as root
# it becomes nobody.
noinst_PROGRAMS += %D%/fault
%C%_fault_SOURCES = %D%/fault.c %D%/calls.h %D%/calls.c
EXTRA_DIST += %D%/run %D%/faults.py %D%/stage.py %D%/sites.py
