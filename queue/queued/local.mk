# queue/queued/: a user of its own, in the group of the queue.  Takes messages
# from the doorkeeper and creates files in todo/.  No network.
owlpost_PROGRAMS += %D%/owl-queued
queue_queued_parts = %D%/pool.h %D%/pool.c %D%/guest.h %D%/guest.c %D%/batch.h %D%/batch.c
%C%_owl_queued_SOURCES = %D%/queued.c $(queue_queued_parts) $(queue_injection_parts)
%C%_owl_queued_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_owl_queued_LDFLAGS = $(AM_LDFLAGS) $(OWL_STATIC)

if CMOCKA
check_PROGRAMS += %D%/guest_test
%C%_guest_test_SOURCES = %D%/guest_test.c %D%/guest.h %D%/guest.c %D%/batch.h %D%/batch.c $(queue_injection_parts) \
  queue/store.c queue/msglog.c queue/message.c queue/privatequeue.h queue/privatequeue.c queue/testqueue.h queue/testqueue.c
endif
