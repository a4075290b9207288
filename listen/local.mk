# listen/: what accepts connections and forks a child for each.  Root until its
# addresses are bound, then the program's user; reads nothing of a client.
noinst_LIBRARIES += %D%/liblisten.a
%C%_liblisten_a_SOURCES = \
  %D%/account.h %D%/account.c \
  %D%/addresses.h %D%/addresses.c \
  %D%/birth.h %D%/birth.c \
  %D%/endpoint.h %D%/endpoint.c \
  %D%/limits.h %D%/limits.c \
  %D%/listener.h %D%/listener.c \
  %D%/place.h %D%/service.h \
  %D%/report.h %D%/report.c \
  %D%/sessions.h %D%/sessions.c \
  %D%/sockets.h %D%/sockets.c \
  %D%/strain.h %D%/strain.c \
  %D%/upgrade.h %D%/upgrade.c

if CMOCKA
check_PROGRAMS += %D%/listen_test
%C%_listen_test_LDADD = %D%/liblisten.a lib/libowl.a $(OWFAT_LIBS) $(CMOCKA_LIBS)
endif
