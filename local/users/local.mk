# local/users/: what makes users/cdb.  Run by the operator, with his rights, on
# his own files.
sbin_PROGRAMS += %D%/owl-newu %D%/owl-pw2u
%C%_owl_newu_SOURCES = %D%/newu.c %D%/assignfile.h %D%/assignfile.c
%C%_owl_newu_LDADD = local/libdelivery.a lib/libowl.a $(OWFAT_LIBS)
%C%_owl_pw2u_SOURCES = %D%/pw2u.c %D%/passwdline.h %D%/passwdline.c %D%/rules.h %D%/rules.c
%C%_owl_pw2u_LDADD = local/libdelivery.a lib/libowl.a $(OWFAT_LIBS)

if CMOCKA
check_PROGRAMS += %D%/assignfile_test %D%/newu_test %D%/pw2u_test
%C%_assignfile_test_SOURCES = %D%/assignfile_test.c %D%/assignfile.h %D%/assignfile.c
%C%_assignfile_test_LDADD = local/libdelivery.a $(LDADD)
%C%_newu_test_LDADD = local/libdelivery.a $(LDADD)
endif

if FUZZERS
noinst_PROGRAMS += %D%/assignfile_fuzz
%C%_assignfile_fuzz_SOURCES = %D%/assignfile_fuzz.c %D%/assignfile.h %D%/assignfile.c
%C%_assignfile_fuzz_LDADD = local/libdelivery.a lib/libowl.a $(OWFAT_LIBS)
%C%_assignfile_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
