# auth/: own user, or root where the site's check program needs it.  Reads no
# network: questions of servers of the same host only.
auth_backend_parts = %D%/account.h %D%/account.c %D%/reply.h %D%/reply.c %D%/settings.h %D%/settings.c %D%/backend.h %D%/backend.c \
  %D%/program.c %D%/dovecot.c %D%/dovecotline.h %D%/dovecotline.c %D%/ownpasswords.c %D%/remembered.h %D%/remembered.c $(auth_password_parts)
auth_password_parts = %D%/passwords.h %D%/passwords.c %D%/verifier.h %D%/verifier.c \
  %D%/crammd5.h %D%/crammd5.c %D%/prepare.h %D%/prepare.c
auth_judge_parts = %D%/links.h %D%/links.c %D%/judge.h %D%/judge.c %D%/guesses.h %D%/guesses.c \
  %D%/admit.h %D%/admit.c %D%/worker.h %D%/worker.c
owlpost_PROGRAMS += %D%/owl-authd
%C%_owl_authd_SOURCES = %D%/authd.c $(auth_judge_parts) $(auth_backend_parts)
%C%_owl_authd_LDADD = lib/libowl.a $(OWFAT_LIBS) $(NETTLE_LIBS) $(CRYPT_LIBS)
owlpost_PROGRAMS += %D%/owl-attest
%C%_owl_attest_SOURCES = %D%/attest.c
%C%_owl_attest_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_owl_attest_LDFLAGS = $(AM_LDFLAGS) $(OWL_STATIC)
owlpost_PROGRAMS += %D%/owl-checkpw
%C%_owl_checkpw_SOURCES = %D%/checkpw.c $(auth_password_parts)
%C%_owl_checkpw_LDADD = lib/libowl.a $(OWFAT_LIBS) $(NETTLE_LIBS) $(CRYPT_LIBS)
sbin_PROGRAMS += %D%/owl-passwd
%C%_owl_passwd_SOURCES = %D%/passwd.c %D%/passwdfile.h %D%/passwdfile.c %D%/secretinput.h %D%/secretinput.c \
  $(auth_password_parts)
%C%_owl_passwd_LDADD = lib/libowl.a $(OWFAT_LIBS) $(NETTLE_LIBS) $(CRYPT_LIBS)

if CMOCKA
check_PROGRAMS += %D%/guesses_test %D%/dovecotline_test
%C%_guesses_test_SOURCES = %D%/guesses_test.c %D%/guesses.c
%C%_dovecotline_test_SOURCES = %D%/dovecotline_test.c %D%/dovecotline.c
check_PROGRAMS += %D%/verifier_test
%C%_verifier_test_SOURCES = %D%/verifier_test.c $(auth_password_parts)
%C%_verifier_test_LDADD = $(LDADD) $(CRYPT_LIBS)
check_PROGRAMS += %D%/remembered_test
%C%_remembered_test_SOURCES = %D%/remembered_test.c %D%/remembered.c $(auth_password_parts)
%C%_remembered_test_LDADD = $(LDADD) $(CRYPT_LIBS)
endif
