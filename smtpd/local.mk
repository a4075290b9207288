# smtpd/: own user.  Reads the network.  May start the injector and ask
# delivery about recipients; the half that parses may do nothing.
owlpost_PROGRAMS += %D%/owl-smtpd %D%/owl-qmtpd %D%/owl-qmqpd
noinst_LIBRARIES += %D%/libdoorkeeper.a %D%/libtalker.a %D%/libqmtp.a

%C%_libtalker_a_SOURCES = \
  %D%/talker/auth.h %D%/talker/auth.c \
  %D%/talker/bdat.h %D%/talker/bdat.c \
  %D%/talker/complete.h %D%/talker/complete.c \
  %D%/talker/channel.h %D%/talker/channel.c \
  %D%/talker/command.h %D%/talker/command.c \
  %D%/talker/data.h %D%/talker/data.c %D%/talker/datamodel.h \
  %D%/talker/foreign.h %D%/talker/foreign.c \
  %D%/talker/pace.h %D%/talker/pace.c \
  %D%/talker/parameter.h %D%/talker/parameter.c \
  %D%/talker/opening.h %D%/talker/opening.c \
  %D%/talker/proxy.h %D%/talker/proxy.c \
  %D%/talker/xclient.h %D%/talker/xclient.c \
  %D%/talker/reply.h %D%/talker/reply.c \
  %D%/talker/talker.h %D%/talker/talker.c \
  %D%/talker/transfer.h %D%/talker/transfer.c

%C%_libdoorkeeper_a_SOURCES = \
  %D%/doorkeeper/admit.h %D%/doorkeeper/admit.c \
  %D%/doorkeeper/authenticate.h %D%/doorkeeper/authenticate.c \
  %D%/doorkeeper/authsettings.h %D%/doorkeeper/authsettings.c \
  %D%/doorkeeper/sendermap.h %D%/doorkeeper/sendermap.c \
  %D%/doorkeeper/certified.h %D%/doorkeeper/certified.c \
  %D%/doorkeeper/database.h %D%/doorkeeper/database.c \
  %D%/doorkeeper/doorkeeper.h %D%/doorkeeper/doorkeeper.c \
  %D%/doorkeeper/early.h %D%/doorkeeper/early.c \
  %D%/doorkeeper/etrn.h %D%/doorkeeper/etrn.c \
  %D%/doorkeeper/event.h %D%/doorkeeper/event.c \
  %D%/doorkeeper/explain.h %D%/doorkeeper/explain.c \
  %D%/doorkeeper/identify.h %D%/doorkeeper/identify.c \
  %D%/doorkeeper/intake.h %D%/doorkeeper/intake.c \
  %D%/doorkeeper/limits.h %D%/doorkeeper/limits.c \
  %D%/doorkeeper/match.h %D%/doorkeeper/match.c \
  %D%/doorkeeper/nodes.h %D%/doorkeeper/nodes.c \
  %D%/doorkeeper/outcome.h %D%/doorkeeper/outcome.c \
  %D%/doorkeeper/policy.h %D%/doorkeeper/policy.c \
  %D%/doorkeeper/question.h %D%/doorkeeper/question.c \
  %D%/doorkeeper/rcptcheck.h %D%/doorkeeper/rcptcheck.c \
  %D%/doorkeeper/recipients.h %D%/doorkeeper/recipients.c \
  %D%/doorkeeper/request.h %D%/doorkeeper/request.c \
  %D%/doorkeeper/secure.h %D%/doorkeeper/secure.c \
  %D%/doorkeeper/senders.h %D%/doorkeeper/senders.c \
  %D%/doorkeeper/settings.h %D%/doorkeeper/settings.c \
  %D%/tally.h %D%/tally.c \
  %D%/doorkeeper/trace.h %D%/doorkeeper/trace.c \
  %D%/doorkeeper/ucspitls.h %D%/doorkeeper/ucspitls.c \
  %D%/doorkeeper/variables.h %D%/doorkeeper/variables.c \
  %D%/doorkeeper/trust.h %D%/doorkeeper/trust.c

%C%_libqmtp_a_SOURCES = \
  %D%/qmtp/letter.h %D%/qmtp/letter.c \
  %D%/qmtp/netstring.h %D%/qmtp/netstring.c \
  %D%/qmtp/qmqptalker.h %D%/qmtp/qmqptalker.c \
  %D%/qmtp/qmtptalker.h %D%/qmtp/qmtptalker.c \
  %D%/qmtp/response.h %D%/qmtp/response.c

SMTPD_LIBS = %D%/libtalker.a %D%/libdoorkeeper.a listen/liblisten.a lib/libowl.a $(OWFAT_LIBS) $(NETTLE_LIBS)

%C%_owl_smtpd_SOURCES = %D%/smtpd.c %D%/session.h %D%/session.c
%C%_owl_smtpd_LDADD = $(SMTPD_LIBS)
%C%_owl_smtpd_LDFLAGS = $(AM_LDFLAGS) $(OWL_STATIC) $(OWL_STATIC_HUGE)

QMTP_LIBS = %D%/libqmtp.a $(SMTPD_LIBS)
%C%_owl_qmtpd_SOURCES = %D%/qmtp/qmtpd.c %D%/session.h %D%/session.c
%C%_owl_qmtpd_LDADD = $(QMTP_LIBS)
%C%_owl_qmtpd_LDFLAGS = $(AM_LDFLAGS) $(OWL_STATIC)
%C%_owl_qmqpd_SOURCES = %D%/qmtp/qmqpd.c %D%/session.h %D%/session.c
%C%_owl_qmqpd_LDADD = $(QMTP_LIBS)
%C%_owl_qmqpd_LDFLAGS = $(AM_LDFLAGS) $(OWL_STATIC)

if CMOCKA
check_PROGRAMS += %D%/talker/command_test %D%/talker/data_test %D%/talker/talker_test %D%/talker/proxy_test %D%/talker/xclient_test %D%/talker/starttls_test \
  %D%/doorkeeper/doorkeeper_test %D%/doorkeeper/early_test %D%/doorkeeper/identify_test %D%/doorkeeper/intake_test \
  %D%/doorkeeper/limits_test %D%/doorkeeper/question_test %D%/doorkeeper/request_test %D%/doorkeeper/secure_test %D%/doorkeeper/ucspitls_test \
  %D%/doorkeeper/policy_test %D%/doorkeeper/rcptcheck_test %D%/doorkeeper/match_test %D%/doorkeeper/etrn_test %D%/talker/pace_test \
  %D%/talker/auth_test %D%/doorkeeper/authenticate_test %D%/talker/complete_test %D%/doorkeeper/sendermap_test \
  %D%/qmtp/netstring_test
check_PROGRAMS += %D%/qmtp/qmtptalker_test %D%/qmtp/qmqptalker_test
SMTPD_TEST_LIBS = $(SMTPD_LIBS) $(CMOCKA_LIBS)
%C%_talker_command_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_talker_data_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_talker_auth_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_doorkeeper_authenticate_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_talker_complete_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_doorkeeper_sendermap_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_talker_proxy_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_talker_xclient_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_talker_talker_test_SOURCES = %D%/talker/talker_test.c %D%/talker/testclient.h
%C%_talker_talker_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_talker_starttls_test_SOURCES = %D%/talker/starttls_test.c %D%/talker/testclient.h
%C%_talker_starttls_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_doorkeeper_doorkeeper_test_SOURCES = %D%/doorkeeper/doorkeeper_test.c %D%/doorkeeper/testtalker.h
%C%_doorkeeper_doorkeeper_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_doorkeeper_early_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_doorkeeper_identify_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_doorkeeper_intake_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_doorkeeper_limits_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_doorkeeper_question_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_doorkeeper_request_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_doorkeeper_secure_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_doorkeeper_ucspitls_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_talker_pace_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_doorkeeper_etrn_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_doorkeeper_match_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_doorkeeper_policy_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_doorkeeper_rcptcheck_test_LDADD = $(SMTPD_TEST_LIBS)
%C%_qmtp_netstring_test_LDADD = %D%/libqmtp.a $(SMTPD_TEST_LIBS)
QMTP_TEST_PEER = %D%/qmtp/testpeer.h %D%/qmtp/testpeer.c
%C%_qmtp_qmtptalker_test_SOURCES = %D%/qmtp/qmtptalker_test.c $(QMTP_TEST_PEER)
%C%_qmtp_qmtptalker_test_LDADD = %D%/libqmtp.a $(SMTPD_TEST_LIBS)
%C%_qmtp_qmqptalker_test_SOURCES = %D%/qmtp/qmqptalker_test.c $(QMTP_TEST_PEER)
%C%_qmtp_qmqptalker_test_LDADD = %D%/libqmtp.a $(SMTPD_TEST_LIBS)
endif

if FUZZERS
noinst_PROGRAMS += %D%/qmtp/qmtp_fuzz %D%/talker/command_fuzz %D%/talker/session_fuzz %D%/talker/data_fuzz %D%/doorkeeper/doorkeeper_fuzz
noinst_PROGRAMS += %D%/talker/proxy_fuzz
SMTPD_FUZZ_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_qmtp_qmtp_fuzz_LDADD = $(QMTP_LIBS)
%C%_qmtp_qmtp_fuzz_LDFLAGS = $(SMTPD_FUZZ_LDFLAGS)
%C%_talker_command_fuzz_LDADD = $(SMTPD_LIBS)
%C%_talker_command_fuzz_LDFLAGS = $(SMTPD_FUZZ_LDFLAGS)
%C%_talker_session_fuzz_LDADD = $(SMTPD_LIBS)
%C%_talker_session_fuzz_LDFLAGS = $(SMTPD_FUZZ_LDFLAGS)
%C%_talker_data_fuzz_LDADD = $(SMTPD_LIBS)
%C%_talker_data_fuzz_LDFLAGS = $(SMTPD_FUZZ_LDFLAGS)
%C%_talker_proxy_fuzz_LDADD = $(SMTPD_LIBS)
%C%_talker_proxy_fuzz_LDFLAGS = $(SMTPD_FUZZ_LDFLAGS)
%C%_doorkeeper_doorkeeper_fuzz_SOURCES = %D%/doorkeeper/doorkeeper_fuzz.c \
  %D%/doorkeeper/injectormodel.h %D%/doorkeeper/injectormodel.c
%C%_doorkeeper_doorkeeper_fuzz_LDADD = $(SMTPD_LIBS)
%C%_doorkeeper_doorkeeper_fuzz_LDFLAGS = $(SMTPD_FUZZ_LDFLAGS) -Wl,--wrap=unixsock_connect_within,--wrap=unixsock_connect_in
endif
