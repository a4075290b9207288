# smtpd/: own user.  Reads the network.  May start the injector and ask
# delivery about recipients; the half that parses may do nothing.
owlpost_PROGRAMS += %D%/owl-smtpd
SMTPD_COMMAND = %D%/command.h %D%/command.c %D%/parameter.h %D%/parameter.c %D%/reply.h %D%/reply.c
SMTPD_PARTS = $(SMTPD_COMMAND) \
  %D%/client.h %D%/client.c \
  %D%/data.h %D%/data.c \
  %D%/doorkeeper.h %D%/doorkeeper.c \
  %D%/explain.h %D%/explain.c \
  %D%/policy.h %D%/policy.c \
  %D%/question.h %D%/question.c \
  %D%/settings.h %D%/settings.c \
  %D%/talker.h %D%/talker.c \
  %D%/trace.h %D%/trace.c
%C%_owl_smtpd_SOURCES = %D%/smtpd.c $(SMTPD_PARTS)
%C%_owl_smtpd_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_owl_smtpd_LDFLAGS = $(AM_LDFLAGS) $(OWL_STATIC)

if CMOCKA
check_PROGRAMS += %D%/command_test %D%/data_test %D%/doorkeeper_test %D%/policy_test %D%/talker_test
%C%_command_test_SOURCES = %D%/command_test.c $(SMTPD_COMMAND)
%C%_data_test_SOURCES = %D%/data_test.c %D%/data.c
%C%_doorkeeper_test_SOURCES = %D%/doorkeeper_test.c $(SMTPD_PARTS)
%C%_policy_test_SOURCES = %D%/policy_test.c %D%/policy.c %D%/trace.c %D%/client.c %D%/settings.c
%C%_talker_test_SOURCES = %D%/talker_test.c %D%/talker.c %D%/data.c $(SMTPD_COMMAND)
endif

if FUZZERS
noinst_PROGRAMS += %D%/command_fuzz %D%/data_fuzz %D%/doorkeeper_fuzz
%C%_command_fuzz_SOURCES = %D%/command_fuzz.c $(SMTPD_COMMAND)
%C%_command_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_command_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_data_fuzz_SOURCES = %D%/data_fuzz.c %D%/data.c
%C%_data_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_data_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_doorkeeper_fuzz_SOURCES = %D%/doorkeeper_fuzz.c $(SMTPD_PARTS)
%C%_doorkeeper_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_doorkeeper_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
