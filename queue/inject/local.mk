# queue/inject/: the command-line way in.  Runs as whoever starts it; looks up
# his name, so it is linked dynamically.
inject_parts = \
  %D%/outcome.h \
  %D%/input.h %D%/input.c \
  %D%/recipients.h %D%/recipients.c \
  %D%/author.h %D%/author.c \
  %D%/header.h %D%/header.c \
  %D%/submit.h %D%/submit.c
AM_CPPFLAGS += -DBIN_DIR='"$(bindir)"'
bin_PROGRAMS += %D%/owl-inject
%C%_owl_inject_SOURCES = %D%/inject.c $(inject_parts)
%C%_owl_inject_LDADD = lib/libowl.a $(OWFAT_LIBS)
sendmail_PROGRAMS += %D%/sendmail
%C%_sendmail_SOURCES = %D%/sendmail.c %D%/sendmailoptions.h %D%/sendmailoptions.c $(inject_parts)
%C%_sendmail_LDADD = lib/libowl.a $(OWFAT_LIBS)
# the same by another name, which says what to do; no link, as an installation
# that renames programs would break it
sendmail_PROGRAMS += %D%/newaliases
%C%_newaliases_SOURCES = $(%C%_sendmail_SOURCES)
%C%_newaliases_LDADD = lib/libowl.a $(OWFAT_LIBS)
if CMOCKA
check_PROGRAMS += %D%/input_test %D%/header_test %D%/sendmailoptions_test %D%/hostile_test
%C%_input_test_SOURCES = %D%/input_test.c %D%/input.c
%C%_header_test_SOURCES = %D%/header_test.c %D%/header.c %D%/recipients.c \
  %D%/author.c
%C%_sendmailoptions_test_SOURCES = %D%/sendmailoptions_test.c %D%/sendmailoptions.c
%C%_hostile_test_SOURCES = %D%/hostile_test.c
endif
