# remote/: own user.  The connector asks name servers and connects; the talker
# reads the network, shut in; the spawner starts both and reads neither.
owlpost_PROGRAMS += %D%/owl-rspawn %D%/owl-remote
%C%_owl_rspawn_SOURCES = %D%/rspawn.c \
  %D%/classic.h %D%/classic.c \
  %D%/filter.h %D%/filter.c \
  %D%/outside.h %D%/outside.c \
  %D%/launch.h %D%/launch.c \
  %D%/verify/ask.h %D%/verify/ask.c \
  %D%/verify/settings.h %D%/verify/settings.c \
  %D%/verify/verify.h %D%/verify/verify.c
%C%_owl_rspawn_LDADD = %D%/libremote.a lib/libowl.a $(OWFAT_LIBS)
%C%_owl_rspawn_LDFLAGS = $(AM_LDFLAGS) $(OWL_STATIC)

%C%_owl_remote_SOURCES = %D%/remote.c \
  %D%/connector.h %D%/connector.c \
  %D%/byhand.h %D%/byhand.c \
  %D%/manual.h %D%/manual.c \
  %D%/talker.h %D%/talker.c
%C%_owl_remote_LDADD = %D%/libremote.a lib/libowl.a $(OWFAT_LIBS) $(CARES_LIBS) $(NETTLE_LIBS)
%C%_owl_remote_LDFLAGS = $(AM_LDFLAGS) $(OWL_STATIC_CARES)

# started by owl-tlsd, as its user
owlpost_PROGRAMS += %D%/owl-tlsa
%C%_owl_tlsa_SOURCES = %D%/tlsa.c
%C%_owl_tlsa_LDADD = %D%/libremote.a lib/libowl.a $(OWFAT_LIBS) $(CARES_LIBS)
%C%_owl_tlsa_LDFLAGS = $(AM_LDFLAGS) $(OWL_STATIC_CARES)

noinst_LIBRARIES += %D%/libremote.a
%C%_libremote_a_SOURCES = \
  %D%/attempts.h %D%/attempts.c \
  %D%/auth.h %D%/auth.c \
  %D%/answer.h %D%/answer.c \
  %D%/body.h %D%/body.c \
  %D%/credentials.h %D%/credentials.c \
  %D%/data.h %D%/data.c \
  %D%/exchange.h %D%/exchange.c \
  %D%/deadlist.h %D%/deadlist.c \
  %D%/explain.h %D%/explain.c \
  %D%/identity.h %D%/identity.c \
  %D%/mx.h %D%/mx.c \
  %D%/net.h %D%/net.c \
  %D%/query.h %D%/query.c \
  %D%/qmtp.h %D%/qmtp.c %D%/qmtpanswer.h %D%/qmtpanswer.c \
  %D%/race.h %D%/race.c \
  %D%/reply.h %D%/reply.c \
  %D%/report.h %D%/report.c \
  %D%/resolve.h %D%/resolve.c \
  %D%/smtp.h %D%/smtp.c \
  %D%/stream.h %D%/stream.c \
  %D%/transaction.c \
  %D%/verdict.h %D%/verdict.c \
  %D%/verify/cache.h %D%/verify/cache.c \
  %D%/walk.h %D%/walk.c
# what the session says
%C%_libremote_a_SOURCES += %D%/command.h %D%/command.c %D%/downgrade.h %D%/downgrade.c \
  %D%/mime.h %D%/mime.c %D%/quoted.h %D%/quoted.c %D%/offer.h %D%/offer.c

if CMOCKA
check_PROGRAMS += %D%/answer_test %D%/body_test %D%/deadlist_test %D%/mx_test %D%/net_test %D%/race_test %D%/reply_test %D%/resolve_test %D%/smtp_test %D%/stream_test %D%/verdict_test
check_PROGRAMS += %D%/qmtp_test %D%/attempts_test %D%/credentials_test %D%/identity_test
%C%_answer_test_LDADD = %D%/libremote.a $(LDADD)
%C%_body_test_LDADD = %D%/libremote.a $(LDADD)
%C%_qmtp_test_LDADD = %D%/libremote.a $(LDADD)
%C%_attempts_test_LDADD = %D%/libremote.a $(LDADD)
%C%_credentials_test_LDADD = %D%/libremote.a $(LDADD)
%C%_deadlist_test_LDADD = %D%/libremote.a $(LDADD)
%C%_identity_test_LDADD = %D%/libremote.a $(LDADD)
%C%_mx_test_LDADD = %D%/libremote.a $(LDADD)
%C%_net_test_LDADD = %D%/libremote.a $(LDADD)
%C%_race_test_LDADD = %D%/libremote.a $(LDADD)
%C%_reply_test_LDADD = %D%/libremote.a $(LDADD)
%C%_resolve_test_LDADD = %D%/libremote.a $(LDADD) $(CARES_LIBS)
%C%_smtp_test_LDADD = %D%/libremote.a $(LDADD)
%C%_stream_test_LDADD = %D%/libremote.a $(LDADD)
%C%_verdict_test_LDADD = %D%/libremote.a $(LDADD)
check_PROGRAMS += %D%/command_test %D%/downgrade_test %D%/offer_test
%C%_offer_test_LDADD = %D%/libremote.a $(LDADD)
%C%_downgrade_test_LDADD = %D%/libremote.a $(LDADD)
%C%_command_test_LDADD = %D%/libremote.a $(LDADD)
endif

if FUZZERS
noinst_PROGRAMS += %D%/downgrade_fuzz
%C%_downgrade_fuzz_LDADD = %D%/libremote.a lib/libowl.a $(OWFAT_LIBS)
%C%_downgrade_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += %D%/qmtpanswer_fuzz
%C%_qmtpanswer_fuzz_LDADD = %D%/libremote.a lib/libowl.a $(OWFAT_LIBS) $(NETTLE_LIBS)
%C%_qmtpanswer_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += %D%/answer_fuzz %D%/reply_fuzz %D%/smtp_fuzz
%C%_answer_fuzz_LDADD = %D%/libremote.a lib/libowl.a $(OWFAT_LIBS)
%C%_answer_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_reply_fuzz_LDADD = %D%/libremote.a lib/libowl.a $(OWFAT_LIBS)
%C%_reply_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_smtp_fuzz_LDADD = %D%/libremote.a lib/libowl.a $(OWFAT_LIBS) $(NETTLE_LIBS)
%C%_smtp_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif

# TLS
%C%_libremote_a_SOURCES += %D%/dnssec.h %D%/dnssec.c
%C%_libremote_a_SOURCES += %D%/handshake.h %D%/handshake.c %D%/prelude.h %D%/prelude.c %D%/tlscase.h %D%/tlscase.c %D%/tlsnote.h %D%/tlsnote.c %D%/tlscheck.h %D%/tlscheck.c
%C%_libremote_a_SOURCES += %D%/tlspolicy.h %D%/tlspolicy.c %D%/tlsverdict.h %D%/tlsverdict.c %D%/tlswish.h %D%/tlswish.c
if CMOCKA
check_PROGRAMS += %D%/dnssec_test %D%/tlspolicy_test %D%/tlsverdict_test %D%/tlswish_test
%C%_dnssec_test_LDADD = %D%/libremote.a $(LDADD) $(CARES_LIBS)
%C%_tlswish_test_LDADD = %D%/libremote.a $(LDADD)
%C%_tlspolicy_test_LDADD = %D%/libremote.a $(LDADD)
%C%_tlsverdict_test_LDADD = %D%/libremote.a $(LDADD)
endif

# what programs in qmail-remote's place say
if CMOCKA
check_PROGRAMS += %D%/report_test
%C%_report_test_LDADD = %D%/libremote.a $(LDADD)
endif

if FUZZERS
noinst_PROGRAMS += %D%/report_fuzz
%C%_report_fuzz_LDADD = %D%/libremote.a lib/libowl.a $(OWFAT_LIBS)
%C%_report_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif

# what next hops have said about recipients
if CMOCKA
check_PROGRAMS += %D%/verify/cache_test %D%/verify/ask_test
%C%_verify_cache_test_LDADD = %D%/libremote.a $(LDADD)
%C%_verify_ask_test_SOURCES = %D%/verify/ask_test.c %D%/verify/ask.h %D%/verify/ask.c
%C%_verify_ask_test_LDADD = %D%/libremote.a $(LDADD)
endif

# what domains ask of TLS, and how it went
%C%_libremote_a_SOURCES += %D%/stspolicy.h %D%/stspolicy.c %D%/tlsrpt.h %D%/tlsrpt.c %D%/tlsrptread.c
if CMOCKA
check_PROGRAMS += %D%/tlsrpt_test
%C%_tlsrpt_test_LDADD = %D%/libremote.a $(LDADD)
endif

# signs outgoing mail; needs Debian's python3-dkim, where it is used
owlpost_SCRIPTS = %D%/dkim/owl-dkimsign
CLEANFILES += %D%/dkim/owl-dkimsign
EXTRA_DIST += %D%/dkim/owl-dkimsign.in
%D%/dkim/owl-dkimsign: %D%/dkim/owl-dkimsign.in Makefile
	$(AM_V_GEN)$(MKDIR_P) %D%/dkim && \
	  sed 's|@CONTROL_DIR[@]|$(sysconfdir)/owlpost|' $(srcdir)/%D%/dkim/owl-dkimsign.in >$@.tmp && \
	  chmod +x $@.tmp && mv $@.tmp $@
