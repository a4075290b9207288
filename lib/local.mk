# lib/: what several programs share.  No main(), no policy, no privileges.
noinst_LIBRARIES += lib/libowl.a
lib_libowl_a_SOURCES = \
  %D%/owfat.h %D%/exitcode.h %D%/tag.h %D%/bigendian.h \
  %D%/text.h %D%/text.c \
  %D%/clock.h %D%/clock.c \
  %D%/crc32c.h %D%/crc32c.c \
  %D%/tlv.h %D%/tlv.c \
  %D%/record.h %D%/record.c \
  %D%/frame.h %D%/frame.c \
  %D%/iofd.h %D%/iofd.c \
  %D%/queueid.h %D%/queueid.c \
  %D%/envelope.h %D%/envelope.c \
  %D%/queuefile.h %D%/queuefile.c \
  %D%/result.h %D%/result.c \
  %D%/agent.h %D%/agent.c \
  %D%/door.h %D%/door.c \
  %D%/ctl.h %D%/ctl.c \
  %D%/control.h %D%/control.c \
  %D%/list.h %D%/list.c \
  %D%/route.h %D%/route.c \
  %D%/address.h %D%/address.c \
  %D%/addrlist.h %D%/addrlist.c \
  %D%/header.h %D%/header.c \
  %D%/phrase.h %D%/phrase.c \
  %D%/xtext.h %D%/xtext.c \
  %D%/sandbox.h %D%/sandbox.c \
  %D%/injector.h %D%/injector.c \
  %D%/unixsock.h %D%/unixsock.c \
  %D%/log.h %D%/log.c


if CMOCKA
check_PROGRAMS += %D%/header_test %D%/addrlist_test %D%/phrase_test %D%/xtext_test
%C%_header_test_LDADD = $(TEST_LIBS)
%C%_addrlist_test_LDADD = $(TEST_LIBS)
%C%_phrase_test_LDADD = $(TEST_LIBS)
%C%_xtext_test_LDADD = $(TEST_LIBS)
endif
if FUZZERS
noinst_PROGRAMS += %D%/header_fuzz %D%/addrlist_fuzz
%C%_header_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_header_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_addrlist_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_addrlist_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
