# Aliases in sendmail's form: read by whoever finds users and delivers, and
# compiled by owl-newaliases with its caller's rights.
%C%_libdelivery_a_SOURCES += \
  %D%/aliasvalue.h %D%/aliasvalue.c \
  %D%/aliaslines.h %D%/aliaslines.c \
  %D%/aliasdb.h %D%/aliasdb.c \
  %D%/textset.h %D%/textset.c \
  %D%/aliasinclude.h %D%/aliasinclude.c \
  %D%/aliasexpand.h %D%/aliasexpand.c \
  %D%/aliasplan.h %D%/aliasplan.c \
  %D%/aliaslookup.h %D%/aliaslookup.c \
  %D%/dotforward.h %D%/dotforward.c
local_aliastable = %D%/aliastable.h %D%/aliastable.c %D%/aliasloop.h %D%/aliasloop.c

owlpost_PROGRAMS += %D%/owl-newaliases
%C%_owl_newaliases_SOURCES = %D%/newaliases.c $(local_aliastable)
%C%_owl_newaliases_LDADD = %D%/libdelivery.a lib/libowl.a $(OWFAT_LIBS)

if CMOCKA
check_PROGRAMS += %D%/aliasvalue_test %D%/aliastable_test
%C%_aliasvalue_test_LDADD = %D%/libdelivery.a $(LDADD)
%C%_aliastable_test_SOURCES = %D%/aliastable_test.c $(local_aliastable)
%C%_aliastable_test_LDADD = %D%/libdelivery.a $(LDADD)
check_PROGRAMS += %D%/textset_test %D%/aliasplan_test
%C%_textset_test_LDADD = %D%/libdelivery.a $(LDADD)
%C%_aliasplan_test_SOURCES = %D%/aliasplan_test.c $(local_aliastable)
%C%_aliasplan_test_LDADD = %D%/libdelivery.a $(LDADD)
endif

if FUZZERS
noinst_PROGRAMS += %D%/aliastable_fuzz
%C%_aliastable_fuzz_SOURCES = %D%/aliastable_fuzz.c $(local_aliastable)
%C%_aliastable_fuzz_LDADD = %D%/libdelivery.a lib/libowl.a $(OWFAT_LIBS)
%C%_aliastable_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
