# smtpd/lists/: what makes the receiver's cdb files.  Run by the operator, with
# his rights, on his own files.
sbin_PROGRAMS += %D%/owl-newmrh %D%/owl-newrecipients
%C%_owl_newmrh_SOURCES = %D%/list.h %D%/newlist.c %D%/newmrh.c
%C%_owl_newmrh_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_owl_newrecipients_SOURCES = %D%/list.h %D%/newlist.c %D%/newrecipients.c
%C%_owl_newrecipients_LDADD = lib/libowl.a $(OWFAT_LIBS)

if CMOCKA
check_PROGRAMS += %D%/newlist_test
%C%_newlist_test_LDADD = $(SMTPD_LIBS) $(CMOCKA_LIBS)
endif
