# smtpd/: own user.  Reads the network.  May start the injector and ask
# delivery about recipients; the half that parses may do nothing.
owlpost_PROGRAMS += %D%/owl-smtpd
SMTPD_PARTS = \
  %D%/client.h %D%/client.c \
  %D%/command.h %D%/command.c \
  %D%/data.h %D%/data.c \
  %D%/doorkeeper.h %D%/doorkeeper.c \
  %D%/parameter.h %D%/parameter.c \
  %D%/policy.h %D%/policy.c \
  %D%/question.h %D%/question.c \
  %D%/reply.h %D%/reply.c \
  %D%/settings.h %D%/settings.c \
  %D%/talker.h %D%/talker.c \
  %D%/trace.h %D%/trace.c
%C%_owl_smtpd_SOURCES = %D%/smtpd.c $(SMTPD_PARTS)
%C%_owl_smtpd_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_owl_smtpd_LDFLAGS = $(AM_LDFLAGS) $(OWL_STATIC)

if CMOCKA
check_PROGRAMS += %D%/data_test
%C%_data_test_SOURCES = %D%/data_test.c %D%/data.c
%C%_data_test_LDADD = $(TEST_LIBS)
endif
