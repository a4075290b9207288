# tls/: own user.  Only a signer holds keys; children who read the network may do
# nothing.  OpenSSL, and therefore no libowfat: of lib/ only what stands
# in lib/libplain.a.
noinst_LIBRARIES += %D%/libtls.a

%C%_libtls_a_SOURCES = \
  %D%/client.h %D%/client.c \
  %D%/dane.h %D%/dane.c \
  %D%/facts.h %D%/facts.c \
  %D%/failure.h %D%/failure.c \
  %D%/keeper.h %D%/keeper.c \
  %D%/names.h %D%/names.c \
  %D%/rehearsal.h %D%/rehearsal.c \
  %D%/resume.h %D%/resume.c \
  %D%/sessions.h %D%/sessions.c \
  %D%/stapled.h %D%/stapled.c

%C%_libtls_a_SOURCES += \
  %D%/suites.h \
  %D%/say.h %D%/say.c \
  %D%/settings.h %D%/settings.c \
  %D%/identity.h %D%/identity.c \
  %D%/staple.h %D%/staple.c \
  %D%/signwire.h %D%/sign.h %D%/sign.c \
  %D%/remotekey.h %D%/remotekey.c \
  %D%/netbio.h %D%/netbio.c \
  %D%/tickets.h %D%/tickets.c \
  %D%/server.h %D%/server.c \
  %D%/relay.h %D%/relay.c

owlpost_PROGRAMS += %D%/owl-tlsd
%C%_owl_tlsd_SOURCES = %D%/tlsd.c \
  %D%/signer.h %D%/signer.c \
  %D%/zygote.h %D%/zygote.c \
  %D%/published.h %D%/published.c \
  %D%/warmup.h %D%/warmup.c \
  %D%/heap.h %D%/heap.c \
  %D%/child.h %D%/child.c
%C%_owl_tlsd_LDADD = %D%/libtls.a lib/libplain.a $(SSL_LIBS)
# a fork of a static program copies and relocates less
%C%_owl_tlsd_LDFLAGS = $(AM_LDFLAGS) $(OWL_STATIC_CARES) $(OWL_STATIC_HUGE)

TLS_TEST_LDADD = %D%/libtls.a lib/libplain.a $(CMOCKA_LIBS) $(SSL_LIBS)
if CMOCKA
check_PROGRAMS += %D%/sign_test
%C%_sign_test_LDADD = $(TLS_TEST_LDADD)
check_PROGRAMS += %D%/client_test
%C%_client_test_SOURCES = %D%/client_test.c %D%/testcertificate.h %D%/testcertificate.c
%C%_client_test_LDADD = $(TLS_TEST_LDADD)
check_PROGRAMS += %D%/heap_test
%C%_heap_test_SOURCES = %D%/heap_test.c %D%/heap.h %D%/heap.c
%C%_heap_test_LDADD = $(TLS_TEST_LDADD)
check_PROGRAMS += %D%/keeper_test
%C%_keeper_test_LDADD = $(TLS_TEST_LDADD)
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
noinst_PROGRAMS += %D%/relay_fuzz
%C%_relay_fuzz_SOURCES = %D%/relay_fuzz.c %D%/testcertificate.h %D%/testcertificate.c
%C%_relay_fuzz_LDADD = %D%/libtls.a lib/libplain.a $(SSL_LIBS)
%C%_relay_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += %D%/handshake_fuzz
%C%_handshake_fuzz_SOURCES = %D%/handshake_fuzz.c %D%/testcertificate.h %D%/testcertificate.c
%C%_handshake_fuzz_LDADD = %D%/libtls.a lib/libplain.a $(SSL_LIBS)
%C%_handshake_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
