# mailbox/: Maildirs as mailbox servers see them.
noinst_LIBRARIES += %D%/libmailbox.a
%C%_libmailbox_a_SOURCES = \
  %D%/filename.h %D%/filename.c \
  %D%/roster.h %D%/roster.c \
  %D%/uidlines.h %D%/uidlines.c \
  %D%/uidlog.h %D%/uidlog.c \
  %D%/sightings.h %D%/sightings.c \
  %D%/takeover.h %D%/takeover.c \
  %D%/mailbox.h %D%/mailbox.c %D%/look.c

if CMOCKA
check_PROGRAMS += %D%/filename_test %D%/uidlines_test %D%/mailbox_test
%C%_filename_test_LDADD = %D%/libmailbox.a $(LDADD)
%C%_uidlines_test_LDADD = %D%/libmailbox.a $(LDADD)
%C%_mailbox_test_LDADD = %D%/libmailbox.a $(LDADD)
endif
