# Aliases in sendmail's form: read by whoever finds users and delivers, and
# compiled by owl-newaliases with its caller's rights.
# joins the library of the folder above
local_libdelivery_a_SOURCES += \
  %D%/value.h %D%/value.c \
  %D%/lines.h %D%/lines.c \
  %D%/db.h %D%/db.c \
  %D%/textset.h %D%/textset.c \
  %D%/include.h %D%/include.c \
  %D%/expand.h %D%/expand.c \
  %D%/aliasplan.h %D%/aliasplan.c \
  %D%/lookup.h %D%/lookup.c \
  %D%/dotforward.h %D%/dotforward.c
%C%_table = %D%/table.h %D%/table.c %D%/loop.h %D%/loop.c

owlpost_PROGRAMS += %D%/owl-newaliases
%C%_owl_newaliases_SOURCES = %D%/newaliases.c $(%C%_table)
%C%_owl_newaliases_LDADD = local/libdelivery.a lib/libowl.a $(OWFAT_LIBS)

if CMOCKA
check_PROGRAMS += %D%/value_test %D%/table_test %D%/textset_test %D%/aliasplan_test
%C%_value_test_LDADD = local/libdelivery.a $(LDADD)
%C%_table_test_SOURCES = %D%/table_test.c $(%C%_table)
%C%_table_test_LDADD = local/libdelivery.a $(LDADD)
%C%_textset_test_LDADD = local/libdelivery.a $(LDADD)
%C%_aliasplan_test_SOURCES = %D%/aliasplan_test.c $(%C%_table)
%C%_aliasplan_test_LDADD = local/libdelivery.a $(LDADD)
endif

if FUZZERS
noinst_PROGRAMS += %D%/aliastable_fuzz
%C%_aliastable_fuzz_SOURCES = %D%/aliastable_fuzz.c $(%C%_table)
%C%_aliastable_fuzz_LDADD = local/libdelivery.a lib/libowl.a $(OWFAT_LIBS)
%C%_aliastable_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
