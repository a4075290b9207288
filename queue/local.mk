# queue/: the injector may create files in todo/, the runner owns the queue,
# the starter is root.  None of them touches the network.
owlpost_PROGRAMS += %D%/owl-queue
%C%_owl_queue_SOURCES = %D%/queue.c %D%/newmessage.h %D%/newmessage.c \
  %D%/callerenvelope.h %D%/callerenvelope.c
%C%_owl_queue_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_owl_queue_LDFLAGS = $(AM_LDFLAGS) $(OWL_STATIC)

# owl-inject and sendmail run as their callers.  They look up the caller's
# name, so they are linked dynamically.
queue_inject_parts = \
  %D%/injectoutcome.h \
  %D%/injectinput.h %D%/injectinput.c \
  %D%/injectrecipients.h %D%/injectrecipients.c \
  %D%/injectauthor.h %D%/injectauthor.c \
  %D%/injectheader.h %D%/injectheader.c \
  %D%/injectsubmit.h %D%/injectsubmit.c
bin_PROGRAMS += %D%/owl-inject
%C%_owl_inject_SOURCES = %D%/inject.c $(queue_inject_parts)
%C%_owl_inject_LDADD = lib/libowl.a $(OWFAT_LIBS)
sendmail_PROGRAMS += %D%/sendmail
%C%_sendmail_SOURCES = %D%/sendmail.c %D%/sendmailoptions.h %D%/sendmailoptions.c $(queue_inject_parts)
%C%_sendmail_LDADD = lib/libowl.a $(OWFAT_LIBS)
