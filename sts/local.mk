# sts/: the remote sender's user.  Fetches MTA-STS policies over HTTPS and writes
# the files in which they are kept; what servers send is read by a child that can
# open no file.  libcurl, and no libowfat.
owlpost_PROGRAMS += %D%/owl-sts
%C%_owl_sts_SOURCES = %D%/sts.c \
  %D%/fetch.h %D%/fetch.c \
  %D%/http.h %D%/http.c \
  %D%/refresh.h %D%/refresh.c \
  %D%/say.h %D%/say.c \
  %D%/settings.h %D%/settings.c
%C%_owl_sts_LDADD = lib/libplain.a $(CURL_LIBS)
