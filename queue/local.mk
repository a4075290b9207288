# queue/: the injector may create files in todo/, the runner owns the queue,
# the starter is root.  None of them touches the network.
owlpost_PROGRAMS += %D%/owl-queue
%C%_owl_queue_SOURCES = %D%/queue.c %D%/newmessage.h %D%/newmessage.c \
  %D%/callerenvelope.h %D%/callerenvelope.c
%C%_owl_queue_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_owl_queue_LDFLAGS = $(AM_LDFLAGS) $(OWL_STATIC)
