# pop3d/: mailboxes by POP3.  owl-popup: own user, until somebody has logged in
# (login/local.mk); owl-pop3d: the mailbox's user.
owlpost_PROGRAMS += %D%/owl-pop3d %D%/owl-popup
noinst_LIBRARIES += %D%/libpop3.a %D%/libpopup.a
%C%_libpopup_a_SOURCES = \
  %D%/language.h %D%/language.c \
  %D%/pop3.h %D%/pop3.c \
  %D%/popup/auth.h %D%/popup/auth.c \
  %D%/popup/command.h %D%/popup/command.c \
  %D%/popup/reply.h %D%/popup/reply.c \
  %D%/popup/talker.h %D%/popup/talker.c
%C%_libpop3_a_SOURCES = \
  %D%/language.h %D%/language.c \
  %D%/pop3.h %D%/pop3.c \
  %D%/multiline.h %D%/multiline.c \
  %D%/session.h %D%/session.c
%C%_libs = %D%/libpop3.a mailbox/libmailbox.a lib/libowl.a $(OWFAT_LIBS) $(NETTLE_LIBS)

%C%_owl_pop3d_SOURCES = %D%/pop3d.c %D%/report.h %D%/report.c %D%/wire.h %D%/wire.c
%C%_owl_pop3d_LDADD = $(%C%_libs)
%C%_owl_pop3d_LDFLAGS = $(AM_LDFLAGS) $(OWL_STATIC)
%C%_popup_libs = %D%/libpopup.a $(LOGIN_LIBS)
%C%_owl_popup_SOURCES = %D%/popup/popup.c
%C%_owl_popup_LDADD = $(%C%_popup_libs)
%C%_owl_popup_LDFLAGS = $(AM_LDFLAGS) $(OWL_STATIC) $(OWL_STATIC_HUGE)

if CMOCKA
check_PROGRAMS += %D%/multiline_test %D%/session_test %D%/popup/command_test
%C%_popup_command_test_LDADD = $(%C%_popup_libs) $(CMOCKA_LIBS)
%C%_multiline_test_LDADD = $(%C%_libs) $(CMOCKA_LIBS)
%C%_session_test_LDADD = $(%C%_libs) $(CMOCKA_LIBS)
%C%_session_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=read
endif

if FUZZERS
noinst_PROGRAMS += %D%/pop3_fuzz %D%/popup/popup_fuzz
%C%_popup_popup_fuzz_LDADD = $(%C%_popup_libs)
%C%_popup_popup_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_pop3_fuzz_LDADD = $(%C%_libs)
%C%_pop3_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
