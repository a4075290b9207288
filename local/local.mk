# local/: owl-lspawn holds root to become users and never reads mail; owl-local
# runs as the user and delivers.
owlpost_PROGRAMS += %D%/owl-local %D%/owl-lspawn
noinst_LIBRARIES += %D%/libdelivery.a

# what both share: how an address is found, so that a RCPT answer is delivery's
%C%_libdelivery_a_SOURCES = \
  %D%/verdict.h %D%/verdict.c \
  %D%/account.h %D%/account.c \
  %D%/breaks.h %D%/breaks.c \
  %D%/assignentry.h %D%/assignentry.c \
  %D%/assign.h %D%/assign.c \
  %D%/user.h %D%/user.c \
  %D%/become.h %D%/become.c \
  %D%/dotqmail.h %D%/dotqmail.c \
  %D%/instruction.h %D%/instruction.c \
  %D%/mailbox.h %D%/mailbox.c \
  %D%/plan.h %D%/plan.c \
  %D%/item.h %D%/body.h %D%/body.c \
  %D%/maildir.h %D%/maildir.c %D%/maildirsync.c \
  %D%/folder.h %D%/folder.c \
  %D%/quotascan.h %D%/quotascan.c \
  %D%/quota.h %D%/quota.c \
  %D%/quotas.h %D%/quotas.c \
  %D%/forward.h %D%/forward.c \
  %D%/inject.h %D%/inject.c \
  %D%/signals.h %D%/signals.c \
  %D%/program.h %D%/program.c \
  %D%/programtext.h %D%/programtext.c \
  %D%/programenv.h %D%/programenv.c \
  %D%/delivery.h %D%/delivery.c \
  %D%/carry.h %D%/carry.c \
  %D%/batch.h %D%/batch.c

%C%_libdelivery_a_SOURCES += \
  %D%/fromquote.h %D%/fromquote.c \
  %D%/dotlock.h %D%/dotlock.c \
  %D%/mbox.h %D%/mbox.c \
  %D%/mboxes.h %D%/mboxes.c

%C%_owl_local_SOURCES = %D%/local.c %D%/jobs.h %D%/jobs.c %D%/byhand.h %D%/byhand.c \
  %D%/explain.h %D%/explain.c
%C%_owl_local_LDADD = %D%/libdelivery.a lib/libowl.a $(OWFAT_LIBS)
%C%_owl_local_LDFLAGS = $(AM_LDFLAGS) $(OWL_STATIC)

# looks users up: the name services want shared libraries
%C%_owl_lspawn_SOURCES = %D%/lspawn.c \
  %D%/settings.h %D%/settings.c \
  %D%/lookup.h %D%/lookup.c \
  %D%/worker.h %D%/worker.c \
  %D%/srsanswer.h %D%/srsanswer.c \
  %D%/answer.h %D%/answer.c \
  %D%/answercache.h %D%/answercache.c \
  %D%/rcpt.h %D%/rcpt.c
%C%_owl_lspawn_LDADD = %D%/libdelivery.a lib/libowl.a $(OWFAT_LIBS) $(NETTLE_LIBS)

if CMOCKA
%C%_tests = %D%/user_test %D%/dotqmail_test %D%/instruction_test %D%/body_test %D%/maildir_test \
  %D%/folder_test %D%/quota_test \
  %D%/answercache_test %D%/programtext_test %D%/program_test %D%/programenv_test \
  %D%/local_test %D%/lspawn_test
%C%_tests += %D%/assign_test
%C%_tests += %D%/fromquote_test %D%/mbox_test
check_PROGRAMS += $(%C%_tests)
check_LIBRARIES = %D%/libtesting.a
%C%_libtesting_a_SOURCES = %D%/testing.h %D%/testing.c
%C%_test_libs = %D%/libtesting.a %D%/libdelivery.a $(LDADD)
%C%_assign_test_LDADD = $(%C%_test_libs)
%C%_user_test_LDADD = $(%C%_test_libs)
%C%_dotqmail_test_LDADD = $(%C%_test_libs)
%C%_instruction_test_LDADD = $(%C%_test_libs)
%C%_body_test_LDADD = $(%C%_test_libs)
%C%_fromquote_test_LDADD = $(%C%_test_libs)
%C%_mbox_test_LDADD = $(%C%_test_libs)
%C%_programtext_test_LDADD = $(%C%_test_libs)
%C%_program_test_LDADD = $(%C%_test_libs)
%C%_programenv_test_LDADD = $(%C%_test_libs)
%C%_maildir_test_LDADD = $(%C%_test_libs)
%C%_folder_test_LDADD = $(%C%_test_libs)
%C%_quota_test_LDADD = $(%C%_test_libs)
%C%_local_test_LDADD = $(%C%_test_libs)
%C%_lspawn_test_LDADD = $(%C%_test_libs)
%C%_answercache_test_SOURCES = %D%/answercache_test.c %D%/answercache.h %D%/answercache.c
%C%_answercache_test_LDADD = $(%C%_test_libs)
endif

if FUZZERS
noinst_PROGRAMS += %D%/instruction_fuzz %D%/fromquote_fuzz
%C%_fromquote_fuzz_LDADD = %D%/libdelivery.a lib/libowl.a $(OWFAT_LIBS)
%C%_fromquote_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_instruction_fuzz_LDADD = %D%/libdelivery.a lib/libowl.a $(OWFAT_LIBS)
%C%_instruction_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
include local/alias.mk
