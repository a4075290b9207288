# mailbox/: Maildirs as mailbox servers see them.
bin_PROGRAMS += %D%/owl-mailbox
noinst_LIBRARIES += %D%/libmailbox.a
%C%_libmailbox_a_SOURCES = \
  %D%/filename.h %D%/filename.c \
  %D%/roster.h %D%/roster.c \
  %D%/uidlines.h %D%/uidlines.c \
  %D%/ownfile.h %D%/ownfile.c \
  %D%/uidlog.h %D%/uidlog.c \
  %D%/sightings.h %D%/sightings.c \
  %D%/uidlformat.h %D%/uidlformat.c %D%/takeover.h %D%/takeover.c %D%/uidlists.c \
  %D%/mailbox.h %D%/mailbox.c %D%/look.c %D%/sizes.c %D%/clean.c \
  %D%/index.h %D%/index.c %D%/changes.h %D%/changes.c \
  %D%/trouble.h %D%/trouble.c \
  %D%/testmaildir.h %D%/testmailbox.h
%C%_libs = %D%/libmailbox.a lib/libowl.a $(OWFAT_LIBS) $(NETTLE_LIBS)

%C%_owl_mailbox_SOURCES = %D%/owlmailbox.c
%C%_owl_mailbox_LDADD = $(%C%_libs)

if CMOCKA
check_PROGRAMS += %D%/filename_test %D%/uidlformat_test %D%/uidlines_test %D%/mailbox_test %D%/index_test \
  %D%/uidlog_test %D%/takeover_test
%C%_filename_test_LDADD = %D%/libmailbox.a $(LDADD)
%C%_uidlformat_test_LDADD = %D%/libmailbox.a $(LDADD)
%C%_uidlines_test_LDADD = %D%/libmailbox.a $(LDADD)
%C%_index_test_LDADD = %D%/libmailbox.a $(LDADD)
%C%_mailbox_test_LDADD = %D%/libmailbox.a $(LDADD)
%C%_uidlog_test_LDADD = %D%/libmailbox.a $(LDADD)
%C%_takeover_test_LDADD = %D%/libmailbox.a $(LDADD)
endif

if FUZZERS
noinst_PROGRAMS += %D%/uidlines_fuzz %D%/takeover_fuzz %D%/index_fuzz
%C%_index_fuzz_LDADD = $(%C%_libs)
%C%_index_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_uidlines_fuzz_LDADD = $(%C%_libs)
%C%_uidlines_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_takeover_fuzz_LDADD = $(%C%_libs)
%C%_takeover_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
