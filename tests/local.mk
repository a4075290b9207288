# tests/: whole programs, run by ./check.  No privileges of their own; as root
# they shut themselves into namespaces.  Whole folders, so that none is
# forgotten; but not bench/, in which something is built.
EXTRA_DIST += %D%/packages.sh %D%/peers.sh %D%/system %D%/nfs %D%/model %D%/fuzz
EXTRA_DIST += %D%/bench/backlog %D%/bench/deadhost %D%/bench/drain %D%/bench/idle %D%/bench/mailbox \
  %D%/bench/maildirs.py %D%/bench/mailservers.py %D%/bench/manyrecipients \
  %D%/bench/mixedhosts %D%/bench/onehost %D%/bench/orders %D%/bench/owlpost.sh %D%/bench/owlq %D%/bench/peer.py \
  %D%/bench/pop3client.py %D%/bench/ready %D%/bench/rig.py %D%/bench/slowhosts %D%/bench/syncs.py

# What tests and benchmarks fill queues with.
noinst_PROGRAMS += %D%/bench/fillqueue
%C%_bench_fillqueue_SOURCES = %D%/bench/fillqueue.c queue/msglog.h queue/msglog.c
%C%_bench_fillqueue_LDADD = lib/libowl.a $(OWFAT_LIBS)

# as a prerequisite of dist, the script's name would mean the target
dist-hook:
	cp -p $(srcdir)/check $(distdir)/check
	find $(distdir)/tests -name __pycache__ -exec rm -rf {} +
