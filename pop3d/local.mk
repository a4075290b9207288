# pop3d/: mailboxes by POP3.
owlpost_PROGRAMS += %D%/owl-pop3d
noinst_LIBRARIES += %D%/libpop3.a
%C%_libpop3_a_SOURCES = \
  %D%/multiline.h %D%/multiline.c \
  %D%/session.h %D%/session.c
%C%_libs = %D%/libpop3.a mailbox/libmailbox.a lib/libowl.a $(OWFAT_LIBS) $(NETTLE_LIBS)

%C%_owl_pop3d_SOURCES = %D%/pop3d.c %D%/report.h %D%/report.c
%C%_owl_pop3d_LDADD = $(%C%_libs)
%C%_owl_pop3d_LDFLAGS = $(AM_LDFLAGS) $(OWL_STATIC)

if CMOCKA
check_PROGRAMS += %D%/multiline_test %D%/session_test
%C%_multiline_test_LDADD = $(%C%_libs) $(CMOCKA_LIBS)
%C%_session_test_LDADD = $(%C%_libs) $(CMOCKA_LIBS)
endif

if FUZZERS
noinst_PROGRAMS += %D%/pop3_fuzz
%C%_pop3_fuzz_LDADD = $(%C%_libs)
%C%_pop3_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
