# tls/: own user.  OpenSSL, and therefore no libowfat: of lib/ only what stands
# in lib/libplain.a.
noinst_LIBRARIES += %D%/libtls.a

%C%_libtls_a_SOURCES = \
  %D%/client.h %D%/client.c \
  %D%/dane.h %D%/dane.c \
  %D%/facts.h %D%/facts.c \
  %D%/failure.h %D%/failure.c \
  %D%/names.h %D%/names.c \
  %D%/resume.h %D%/resume.c \
  %D%/sessions.h %D%/sessions.c \
  %D%/stapled.h %D%/stapled.c

TLS_TEST_LDADD = %D%/libtls.a lib/libplain.a $(CMOCKA_LIBS) $(SSL_LIBS)
if CMOCKA
check_PROGRAMS += %D%/client_test
%C%_client_test_SOURCES = %D%/client_test.c %D%/testcertificate.h %D%/testcertificate.c
%C%_client_test_LDADD = $(TLS_TEST_LDADD)
check_PROGRAMS += %D%/resume_test
%C%_resume_test_SOURCES = %D%/resume_test.c %D%/testcertificate.h %D%/testcertificate.c
%C%_resume_test_LDADD = $(TLS_TEST_LDADD)
check_PROGRAMS += %D%/stapled_test
%C%_stapled_test_SOURCES = %D%/stapled_test.c %D%/testcertificate.h %D%/testcertificate.c
%C%_stapled_test_LDADD = $(TLS_TEST_LDADD)
check_PROGRAMS += %D%/dane_test
%C%_dane_test_SOURCES = %D%/dane_test.c %D%/testcertificate.h %D%/testcertificate.c
%C%_dane_test_LDADD = $(TLS_TEST_LDADD)
endif

if FUZZERS
noinst_PROGRAMS += %D%/handshake_fuzz
%C%_handshake_fuzz_SOURCES = %D%/handshake_fuzz.c %D%/testcertificate.h %D%/testcertificate.c
%C%_handshake_fuzz_LDADD = %D%/libtls.a lib/libplain.a $(SSL_LIBS)
%C%_handshake_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
