# tests/: whole programs, run by ./check.  No privileges of their own; as root
# they shut themselves into namespaces.
EXTRA_DIST += \
  %D%/packages.sh %D%/peers.sh %D%/bench/owlpost.sh %D%/bench/syncs.py %D%/bench/owlq %D%/bench/orders %D%/system/run \
  %D%/system/carrier.py %D%/system/conftest.py %D%/system/instance.py \
  %D%/system/message.py %D%/system/peers.py %D%/system/processes.py %D%/system/strace.py \
  %D%/system/test_attack.py %D%/system/test_backlog.py %D%/system/test_clients.py %D%/system/test_defer.py %D%/system/test_dsn.py %D%/system/test_flow.py \
  %D%/system/test_maildir.py %D%/system/test_maildir_readers.py %D%/system/test_maildir_places.py %D%/system/test_hostile.py %D%/system/test_link.py %D%/system/test_listen.py %D%/system/test_listeners.py %D%/system/test_mx.py %D%/system/test_mtasts.py %D%/system/test_tlsrpt.py %D%/system/test_mtasts_mail.py %D%/system/stsworld.py %D%/system/test_rights.py \
  %D%/system/test_storm.py %D%/system/test_trace.py %D%/system/waiting.py
EXTRA_DIST += %D%/system/test_users.py
EXTRA_DIST += %D%/system/authd.py %D%/system/test_auth.py %D%/system/test_auth_passwords.py %D%/system/test_auth_peers.py
EXTRA_DIST += %D%/system/mixtures.py %D%/system/tap.py %D%/system/test_roundtrip.py
EXTRA_DIST += %D%/system/nameservers.py %D%/system/test_nameservers.py %D%/system/test_routes.py %D%/system/test_sendtest.py %D%/system/test_nexthop_qmtp.py
EXTRA_DIST += %D%/system/test_testssl.py
EXTRA_DIST += %D%/system/test_tls_cost.py
EXTRA_DIST += %D%/system/tlsserver.py %D%/system/test_tlsd.py
EXTRA_DIST += %D%/system/certificates.py %D%/system/dane_table.py %D%/system/snisink.py %D%/system/test_dane.py %D%/system/tlswire.py %D%/system/test_tlsclient.py %D%/system/test_tlsclients.py
EXTRA_DIST += %D%/system/tlsserver.py %D%/system/test_tlsd.py %D%/system/test_tlsd_privacy.py %D%/system/test_tlsd_hostile.py
EXTRA_DIST += %D%/system/receivers.py %D%/system/test_receivers.py
EXTRA_DIST += %D%/system/nameservers.py %D%/system/test_nameservers.py %D%/system/test_routes.py %D%/system/test_sendtest.py
EXTRA_DIST += %D%/system/faultserver.py %D%/system/test_faults.py %D%/system/test_onward.py %D%/system/test_onward_servers.py %D%/system/test_fence_remote.py
EXTRA_DIST += %D%/system/agreement_setup.py %D%/system/agreement_world.py %D%/system/test_agreement.py
EXTRA_DIST += %D%/system/lesskernel.py %D%/system/puppet.py %D%/system/test_fence.py
EXTRA_DIST += %D%/system/mutt.py %D%/system/sixteen.py %D%/system/test_readers.py
EXTRA_DIST += %D%/system/mlmmj.py %D%/system/test_family.py %D%/system/test_loops.py
EXTRA_DIST += %D%/system/dovecot.py %D%/system/test_dotqmail.py %D%/system/test_lmtp.py %D%/system/test_mailboxes.py
EXTRA_DIST += %D%/system/test_simulate.py %D%/system/test_localattack.py
EXTRA_DIST += %D%/system/agent.py %D%/system/test_explain.py %D%/system/test_stats.py %D%/system/test_owlq.py %D%/system/test_owlq_read.py %D%/system/test_remote.py
EXTRA_DIST += %D%/system/fakequeue.py %D%/system/test_dotqmailtools.py %D%/system/test_inject.py
EXTRA_DIST += %D%/system/test_shortage.py %D%/system/test_space.py
EXTRA_DIST += %D%/system/test_aliases.py
EXTRA_DIST += %D%/system/srs.py %D%/system/test_srs.py
EXTRA_DIST += %D%/system/backlog.py %D%/system/test_operate.py %D%/system/test_check.py
EXTRA_DIST += %D%/system/dialog.py %D%/system/dialogs %D%/system/test_conformance.py
EXTRA_DIST += %D%/system/dispositions %D%/system/disposition_table.py %D%/system/disposition_world.py %D%/system/test_dispositions.py

EXTRA_DIST += %D%/nfs/run %D%/nfs/init %D%/nfs/letters.sh
EXTRA_DIST += %D%/model/queue.pml %D%/model/run

EXTRA_DIST += %D%/system/authd.py %D%/system/secured.py %D%/system/test_submission.py %D%/system/test_smtpauth.py
# Every *_fuzz program starts from its corpus here.
EXTRA_DIST += %D%/fuzz/run %D%/fuzz/coverage %D%/fuzz/parsers %D%/fuzz/corpus

# Benchmarks of the queue, for root; rig.py is what they share.
EXTRA_DIST += %D%/bench/rig.py %D%/bench/peer.py %D%/bench/mixedhosts %D%/bench/onehost %D%/bench/backlog %D%/bench/deadhost %D%/bench/drain %D%/bench/idle %D%/bench/manyrecipients %D%/bench/slowhosts

# What tests and benchmarks fill queues with.
noinst_PROGRAMS += %D%/bench/fillqueue
%C%_bench_fillqueue_SOURCES = %D%/bench/fillqueue.c queue/msglog.h queue/msglog.c
%C%_bench_fillqueue_LDADD = lib/libowl.a $(OWFAT_LIBS)

# as a prerequisite of dist, the script's name would mean the target
dist-hook:
	cp -p $(srcdir)/check $(distdir)/check
EXTRA_DIST += %D%/system/test_senders.py %D%/system/test_trail.py
EXTRA_DIST += %D%/system/nodemailer.js %D%/system/senders.py %D%/system/netsmtp.pl %D%/system/trail.py %D%/system/overlay.py %D%/system/mailers.py %D%/system/test_senders_servers.py
EXTRA_DIST += %D%/system/qmtp.py %D%/system/test_qmtp.py %D%/system/test_agreement.py %D%/system/test_filters.py %D%/system/test_gate.py %D%/system/test_smtp_octets.py
EXTRA_DIST += %D%/system/nameservers.py %D%/system/test_nameservers.py %D%/system/test_byhand.py %D%/system/test_etrn.py
