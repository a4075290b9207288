# login/: what servers of mailboxes do until somebody has logged in.  Own user.
# Reads the network; may ask owl-authd, owl-tlsd and owl-lspawn; the half that
# parses may do nothing.
noinst_LIBRARIES += %D%/liblogin.a
%C%_liblogin_a_SOURCES = \
  %D%/channel.h %D%/channel.c \
  %D%/door.h %D%/door.c \
  %D%/doorkeeper.h %D%/doorkeeper.c \
  %D%/event.h %D%/event.c \
  %D%/family.h %D%/family.c \
  %D%/opening.h %D%/opening.c \
  %D%/secure.h %D%/secure.c \
  %D%/session.h %D%/session.c \
  %D%/settings.h %D%/settings.c
LOGIN_LIBS = %D%/liblogin.a listen/liblisten.a lib/libowl.a $(OWFAT_LIBS) $(NETTLE_LIBS)

if CMOCKA
check_PROGRAMS += %D%/channel_test %D%/doorkeeper_test
%C%_channel_test_LDADD = $(LOGIN_LIBS) $(CMOCKA_LIBS)
%C%_channel_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=poll,--wrap=clock_boot_us
%C%_doorkeeper_test_LDADD = $(LOGIN_LIBS) $(CMOCKA_LIBS)
%C%_doorkeeper_test_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=base64_cat,--wrap=sasl_cat_set
endif

if FUZZERS
noinst_PROGRAMS += %D%/logindoor_fuzz
%C%_logindoor_fuzz_LDADD = $(LOGIN_LIBS)
%C%_logindoor_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
