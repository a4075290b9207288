# local/tools/: what users start from .qmail files, each as its user.  They read
# mail, which is hostile, and run what the user names; they hold no other right.
dotqmaildir = $(owlpostdir)/dotqmail
dotqmail_PROGRAMS = %D%/forward %D%/preline %D%/condredirect %D%/bouncesaying %D%/except \
  %D%/maildirmake %D%/owl-autoreply

%C%_parts = %D%/complaint.h %D%/complaint.c
%C%_child = %D%/child.h %D%/child.c
%C%_resend = %D%/input.h %D%/input.c %D%/resend.h %D%/resend.c
%C%_libs = local/libdelivery.a lib/libowl.a $(OWFAT_LIBS)

%C%_forward_SOURCES = %D%/forward.c $(%C%_parts) $(%C%_resend)
%C%_forward_LDADD = $(%C%_libs)
%C%_condredirect_SOURCES = %D%/condredirect.c $(%C%_parts) $(%C%_child) $(%C%_resend)
%C%_condredirect_LDADD = $(%C%_libs)
%C%_bouncesaying_SOURCES = %D%/bouncesaying.c $(%C%_parts) $(%C%_child)
%C%_bouncesaying_LDADD = $(%C%_libs)
%C%_except_SOURCES = %D%/except.c $(%C%_parts) $(%C%_child)
%C%_except_LDADD = $(%C%_libs)
%C%_preline_SOURCES = %D%/preline.c $(%C%_parts) $(%C%_child)
%C%_preline_LDADD = $(%C%_libs)
%C%_maildirmake_SOURCES = %D%/maildirmake.c $(%C%_parts)
%C%_maildirmake_LDADD = $(%C%_libs)
%C%_owl_autoreply_SOURCES = %D%/autoreply.c $(%C%_parts) %D%/input.h %D%/input.c \
  %D%/replyrule.h %D%/replyrule.c %D%/replyonce.h %D%/replyonce.c %D%/replytext.h %D%/replytext.c
%C%_owl_autoreply_LDADD = $(%C%_libs) $(NETTLE_LIBS)

if CMOCKA
%C%_tests = %D%/replyrule_test %D%/replyonce_test %D%/replytext_test
check_PROGRAMS += $(%C%_tests)
%C%_replyrule_test_SOURCES = %D%/replyrule_test.c %D%/replyrule.c
%C%_replyonce_test_SOURCES = %D%/replyonce_test.c %D%/replyonce.c
%C%_replytext_test_SOURCES = %D%/replytext_test.c %D%/replytext.c
endif

if FUZZERS
noinst_PROGRAMS += %D%/autoreply_fuzz
%C%_autoreply_fuzz_SOURCES = %D%/autoreply_fuzz.c %D%/replyrule.c %D%/replytext.c
%C%_autoreply_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_autoreply_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
