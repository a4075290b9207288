# remote/tlsreport/: the remote sender's user, from cron.  Reads the notes of how
# TLS went, asks name servers, and starts the injector.
owlpost_PROGRAMS += %D%/owl-tlsrpt
%C%_parts = \
  %D%/rua.h %D%/rua.c \
  %D%/summary.h %D%/summary.c \
  %D%/json.h %D%/json.c \
  %D%/mail.h %D%/mail.c
%C%_owl_tlsrpt_SOURCES = %D%/main.c %D%/deliver.h %D%/deliver.c $(%C%_parts)
%C%_owl_tlsrpt_LDADD = remote/libremote.a lib/libowl.a $(OWFAT_LIBS) $(CARES_LIBS) $(NETTLE_LIBS) $(JANSSON_LIBS) $(ZLIB_LIBS)

if CMOCKA
check_PROGRAMS += %D%/rua_test %D%/report_test
%C%_rua_test_SOURCES = %D%/rua_test.c %D%/rua.h %D%/rua.c
%C%_report_test_SOURCES = %D%/report_test.c $(%C%_parts)
%C%_report_test_LDADD = remote/libremote.a $(LDADD) $(ZLIB_LIBS)
endif

if FUZZERS
noinst_PROGRAMS += %D%/rua_fuzz
%C%_rua_fuzz_SOURCES = %D%/rua_fuzz.c %D%/rua.h %D%/rua.c
%C%_rua_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_rua_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += remote/tlsrpt_fuzz
remote_tlsrpt_fuzz_LDADD = remote/libremote.a lib/libowl.a $(OWFAT_LIBS)
remote_tlsrpt_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
