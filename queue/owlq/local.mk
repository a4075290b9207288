# queue/owlq/: runs as whoever starts it.  Reads the queue; changes it through
# the runner's control socket, or holds the queue's lock while it does.
bin_PROGRAMS += %D%/owlq
%C%_owlq_SOURCES = %D%/owlq.c %D%/owlq.h %D%/config.c %D%/setup.c %D%/list.c %D%/ctl.c \
  %D%/explain.c %D%/askprogram.h %D%/askprogram.c %D%/showfacts.h %D%/showfacts.c \
  $(queue_read_parts)
%C%_owlq_LDADD = lib/libowl.a $(OWFAT_LIBS)
