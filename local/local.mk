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
  %D%/store/maildir.h %D%/store/maildir.c %D%/store/maildirsync.c \
  %D%/store/folder.h %D%/store/folder.c \
  %D%/store/quotascan.h %D%/store/quotascan.c \
  %D%/store/quota.h %D%/store/quota.c \
  %D%/store/quotas.h %D%/store/quotas.c \
  %D%/forward.h %D%/forward.c \
  %D%/inject.h %D%/inject.c \
  %D%/signals.h %D%/signals.c \
  %D%/program/program.h %D%/program/program.c \
  %D%/program/text.h %D%/program/text.c \
  %D%/program/env.h %D%/program/env.c \
  %D%/delivery.h %D%/delivery.c \
  %D%/carry.h %D%/carry.c \
  %D%/batch.h %D%/batch.c \
  %D%/store/fromquote.h %D%/store/fromquote.c \
  %D%/store/dotlock.h %D%/store/dotlock.c \
  %D%/store/mbox.h %D%/store/mbox.c \
  %D%/store/mboxes.h %D%/store/mboxes.c \
  %D%/foresee.h %D%/foresee.c

%C%_owl_local_SOURCES = %D%/local.c %D%/classic.h %D%/classic.c %D%/jobs.h %D%/jobs.c %D%/byhand.h %D%/byhand.c \
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
  %D%/rcpt.h %D%/rcpt.c \
  %D%/attendant.h %D%/attendant.c \
  %D%/inherit.h %D%/inherit.c \
  %D%/login.h %D%/login.c \
  %D%/crowd.h %D%/crowd.c \
  %D%/recent.h %D%/recent.c \
  %D%/opening.h %D%/opening.c \
  %D%/sessions.h %D%/sessions.c
%C%_owl_lspawn_LDADD = %D%/libdelivery.a lib/libowl.a $(OWFAT_LIBS) $(NETTLE_LIBS)

if CMOCKA
%C%_tests = %D%/user_test %D%/dotqmail_test %D%/instruction_test %D%/body_test %D%/store/maildir_test \
  %D%/store/folder_test %D%/store/quota_test \
  %D%/answercache_test %D%/program/text_test %D%/program/program_test %D%/program/env_test \
  %D%/assign_test %D%/store/fromquote_test %D%/store/mbox_test \
  %D%/local_test %D%/lspawn_test %D%/crowd_test %D%/login_test %D%/recent_test
check_PROGRAMS += $(%C%_tests)
check_LIBRARIES = %D%/libtesting.a
%C%_libtesting_a_SOURCES = %D%/testing.h %D%/testing.c
%C%_test_libs = %D%/libtesting.a %D%/libdelivery.a $(LDADD)
%C%_assign_test_LDADD = $(%C%_test_libs)
%C%_user_test_LDADD = $(%C%_test_libs)
%C%_dotqmail_test_LDADD = $(%C%_test_libs)
%C%_instruction_test_LDADD = $(%C%_test_libs)
%C%_body_test_LDADD = $(%C%_test_libs)
%C%_store_fromquote_test_LDADD = $(%C%_test_libs)
%C%_store_mbox_test_LDADD = $(%C%_test_libs)
%C%_program_text_test_LDADD = $(%C%_test_libs)
%C%_program_program_test_LDADD = $(%C%_test_libs)
%C%_program_env_test_LDADD = $(%C%_test_libs)
%C%_store_maildir_test_LDADD = $(%C%_test_libs)
%C%_store_folder_test_LDADD = $(%C%_test_libs)
%C%_store_quota_test_LDADD = $(%C%_test_libs)
%C%_local_test_LDADD = $(%C%_test_libs)
%C%_lspawn_test_LDADD = $(%C%_test_libs)
%C%_crowd_test_SOURCES = %D%/crowd_test.c %D%/crowd.h %D%/crowd.c
%C%_crowd_test_LDADD = $(%C%_test_libs)
%C%_recent_test_SOURCES = %D%/recent_test.c %D%/recent.h %D%/recent.c
%C%_recent_test_LDADD = $(%C%_test_libs)
%C%_login_test_SOURCES = %D%/login_test.c %D%/login.h %D%/login.c %D%/settings.h %D%/settings.c
%C%_login_test_LDADD = $(%C%_test_libs)
%C%_answercache_test_SOURCES = %D%/answercache_test.c %D%/answercache.h %D%/answercache.c
%C%_answercache_test_LDADD = $(%C%_test_libs)
endif

if FUZZERS
noinst_PROGRAMS += %D%/instruction_fuzz %D%/store/fromquote_fuzz
%C%_store_fromquote_fuzz_LDADD = %D%/libdelivery.a lib/libowl.a $(OWFAT_LIBS)
%C%_store_fromquote_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_instruction_fuzz_LDADD = %D%/libdelivery.a lib/libowl.a $(OWFAT_LIBS)
%C%_instruction_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
include local/alias/local.mk
