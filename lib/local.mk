# lib/: what several programs share.  No main(), no policy, no privileges.
noinst_LIBRARIES += lib/libowl.a
# What links no libowfat may use these; tls/ does.
plain_parts = \
  %D%/bigendian.h %D%/exitcode.h \
  %D%/controltable.h %D%/controltable.c \
  %D%/hugetext.h %D%/hugetext.c \
  %D%/iowait.h %D%/iowait.c \
  %D%/parting.h %D%/parting.c \
  %D%/passfd.h %D%/passfd.c \
  %D%/sandbox.h %D%/sandbox.c \
  %D%/sts.h %D%/sts.c %D%/stscache.h %D%/stscache.c \
  %D%/subfolder.h %D%/subfolder.c \
  %D%/tlswire.h %D%/tlswire.c \
  %D%/unixsock.h %D%/unixsock.c
noinst_LIBRARIES += %D%/libplain.a
%C%_libplain_a_SOURCES = $(plain_parts)

lib_libowl_a_SOURCES = $(plain_parts) \
  %D%/owfat.h %D%/tag.h \
  %D%/text.h %D%/text.c \
  %D%/claim.h %D%/claim.c \
  %D%/movenew.h %D%/movenew.c \
  %D%/client.h %D%/client.c \
  %D%/clock.h %D%/clock.c \
  %D%/child.h %D%/child.c \
  %D%/environment.h %D%/environment.c \
  %D%/crc32c.h %D%/crc32c.c \
  %D%/tlv.h %D%/tlv.c \
  %D%/record.h %D%/record.c \
  %D%/frame.h %D%/frame.c \
  %D%/iofd.h %D%/iofd.c \
  %D%/line.h %D%/line.c \
  %D%/queueid.h %D%/queueid.c \
  %D%/envelope.h %D%/envelope.c \
  %D%/queuefile.h %D%/queuefile.c \
  %D%/result.h %D%/result.c \
  %D%/room.h %D%/room.c \
  %D%/agent.h %D%/agent.c \
  %D%/door.h %D%/door.c \
  %D%/ctl.h %D%/ctl.c \
  %D%/ctlstats.h %D%/ctlstats.c \
  %D%/ctlwhy.h %D%/ctlwhy.c \
  %D%/control.h %D%/control.c \
  %D%/list.h %D%/list.c \
  %D%/cdbfile.h %D%/cdbfile.c \
  %D%/fact.h %D%/fact.c \
  %D%/route.h %D%/route.c \
  %D%/target.h %D%/target.c \
  %D%/srs.h %D%/srs.c %D%/srsrules.h %D%/srsrules.c \
  %D%/address.h %D%/address.c \
  %D%/addrlist.h %D%/addrlist.c \
  %D%/header.h %D%/header.c \
  %D%/phrase.h %D%/phrase.c \
  %D%/xtext.h %D%/xtext.c \
  %D%/utf8.h %D%/utf8.c \
  %D%/unitext.h %D%/unitext.c \
  %D%/terms.h %D%/terms.c \
  %D%/verp.h %D%/verp.c \
  %D%/mutf7.h %D%/mutf7.c \
  %D%/stack.h %D%/stack.c \
  %D%/injector.h %D%/injector.c \
  %D%/injectorreply.h %D%/injectorreply.c \
  %D%/syncall.h %D%/syncall.c \
  %D%/injectordoor.h %D%/injectordoor.c %D%/readyinjector.h %D%/readyinjector.c \
  %D%/tlsdoor.h %D%/tlsdoor.c \
  %D%/tlsfacts.h %D%/tlsfacts.c \
  %D%/credential.h %D%/credential.c \
  %D%/pass.h %D%/pass.c \
  %D%/peers.h %D%/peers.c \
  %D%/mailboxdoor.h %D%/mailboxdoor.c \
  %D%/checkpassword.h %D%/checkpassword.c \
  %D%/idn.h %D%/idn.c \
  %D%/ip.h %D%/ip.c \
  %D%/network.h %D%/network.c \
  %D%/log.h %D%/log.c

lib_libowl_a_SOURCES += %D%/base64.h %D%/base64.c %D%/hex.h %D%/hex.c %D%/variable.h %D%/variable.c \
  %D%/scram.h %D%/scram.c \
  %D%/sasl.h %D%/sasl.c %D%/saslclient.h %D%/saslclient.c %D%/saslguard.h %D%/saslguard.c
lib_libowl_a_SOURCES += %D%/unittest.h %D%/plaintest.h %D%/sample.h %D%/testfolder.h %D%/testcalls.h %D%/testtlsd.h %D%/testauthd.h %D%/fuzz.h

# The seccomp filters, made by a program so that nothing else needs libseccomp.
noinst_PROGRAMS += %D%/sandbox_filter_gen
%C%_sandbox_filter_gen_SOURCES = %D%/sandbox_filter_gen.c
%C%_sandbox_filter_gen_LDADD = $(SECCOMP_LIBS)
BUILT_SOURCES += %D%/sandbox_filter.h
CLEANFILES += %D%/sandbox_filter.h %D%/sandbox_filter.h.tmp
%D%/sandbox_filter.h: %D%/sandbox_filter_gen$(EXEEXT)
	$(AM_V_GEN)%D%/sandbox_filter_gen$(EXEEXT) > $@.tmp && mv $@.tmp $@
%D%/sandbox.$(OBJEXT): %D%/sandbox_filter.h

if CMOCKA
check_PROGRAMS += %D%/text_test
check_PROGRAMS += %D%/idn_test %D%/ip_test %D%/network_test
check_PROGRAMS += %D%/claim_test %D%/movenew_test
check_PROGRAMS += %D%/child_test
check_PROGRAMS += %D%/environment_test
check_PROGRAMS += %D%/clock_test
check_PROGRAMS += %D%/crc32c_test
check_PROGRAMS += %D%/tlv_test
check_PROGRAMS += %D%/record_test
check_PROGRAMS += %D%/frame_test
check_PROGRAMS += %D%/iofd_test
check_PROGRAMS += %D%/queueid_test
check_PROGRAMS += %D%/envelope_test
check_PROGRAMS += %D%/result_test
check_PROGRAMS += %D%/room_test
check_PROGRAMS += %D%/agent_test
check_PROGRAMS += %D%/door_test
check_PROGRAMS += %D%/ctl_test
check_PROGRAMS += %D%/ctlstats_test
check_PROGRAMS += %D%/queuefile_test
check_PROGRAMS += %D%/list_test
check_PROGRAMS += %D%/control_test
check_PROGRAMS += %D%/fact_test
check_PROGRAMS += %D%/route_test
check_PROGRAMS += %D%/target_test
check_PROGRAMS += %D%/address_test
check_PROGRAMS += %D%/tlswire_test
check_PROGRAMS += %D%/tlsdoor_test
check_PROGRAMS += %D%/sts_test %D%/stscache_test
check_PROGRAMS += %D%/credential_test %D%/checkpassword_test %D%/pass_test %D%/mailboxdoor_test
check_PROGRAMS += %D%/unixsock_test %D%/passfd_test
check_PROGRAMS += %D%/log_test
check_PROGRAMS += %D%/syncall_test
%C%_syncall_test_SOURCES = %D%/syncall_test.c
check_PROGRAMS += %D%/readyinjector_test
%C%_readyinjector_test_SOURCES = %D%/readyinjector_test.c
check_PROGRAMS += %D%/injector_test
check_PROGRAMS += %D%/sandbox_test
check_PROGRAMS += %D%/stack_test %D%/parting_test
check_PROGRAMS += %D%/line_test
check_PROGRAMS += %D%/header_test
check_PROGRAMS += %D%/addrlist_test
check_PROGRAMS += %D%/phrase_test
check_PROGRAMS += %D%/base64_test %D%/hex_test %D%/sasl_test %D%/saslclient_test %D%/saslguard_test
check_PROGRAMS += %D%/xtext_test %D%/unitext_test %D%/terms_test %D%/verp_test %D%/mutf7_test
check_PROGRAMS += %D%/controlpage_test
check_PROGRAMS += %D%/cdbfile_test
check_PROGRAMS += %D%/srs_test %D%/srsrules_test
endif

if FUZZERS
noinst_PROGRAMS += %D%/envelope_fuzz
%C%_envelope_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_envelope_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += %D%/queuefile_fuzz
%C%_queuefile_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_queuefile_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += %D%/frame_fuzz
%C%_frame_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_frame_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += %D%/agent_fuzz
%C%_agent_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_agent_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += %D%/tlswire_fuzz
%C%_tlswire_fuzz_LDADD = lib/libowl.a
%C%_tlswire_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += %D%/sts_fuzz
%C%_sts_fuzz_LDADD = lib/libowl.a
%C%_sts_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += %D%/credential_fuzz
%C%_credential_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_credential_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += %D%/mailboxdoor_fuzz
%C%_mailboxdoor_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS) $(NETTLE_LIBS)
%C%_mailboxdoor_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += %D%/sasl_fuzz %D%/saslclient_fuzz
%C%_saslclient_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS) $(NETTLE_LIBS)
%C%_saslclient_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_sasl_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS) $(NETTLE_LIBS)
%C%_sasl_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += %D%/door_fuzz
%C%_door_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_door_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += %D%/ctl_fuzz
%C%_ctl_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_ctl_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += %D%/route_fuzz
%C%_route_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_route_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += %D%/address_fuzz
%C%_address_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_address_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += %D%/header_fuzz
%C%_header_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_header_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += %D%/addrlist_fuzz
%C%_addrlist_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_addrlist_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
noinst_PROGRAMS += %D%/srs_fuzz
%C%_srs_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS) $(NETTLE_LIBS)
%C%_srs_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
