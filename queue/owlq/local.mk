# queue/owlq/: runs as whoever starts it.  Reads the queue; changes it through
# the runner's control socket, or holds the queue's lock while it does.
bin_PROGRAMS += %D%/owlq
queue_select_parts = %D%/shared.c %D%/owlq.h %D%/units.h %D%/units.c %D%/filter.h %D%/filter.c \
  %D%/ids.h %D%/ids.c %D%/select.h %D%/select.c
queue_print_parts = %D%/utf8.h %D%/utf8.c %D%/jsonline.h %D%/jsonline.c %D%/progress.h %D%/progress.c
%C%_owlq_SOURCES = %D%/owlq.c %D%/config.c %D%/setup.c %D%/list.c %D%/ctl.c %D%/simulate.c \
  $(queue_select_parts) $(queue_print_parts) $(queue_read_parts)
%C%_owlq_LDADD = lib/libowl.a $(OWFAT_LIBS) $(JANSSON_LIBS)

if CMOCKA
check_PROGRAMS += %D%/filter_test %D%/select_test %D%/jsonline_test
%C%_filter_test_SOURCES = %D%/filter_test.c %D%/filter.c %D%/units.c
%C%_filter_test_LDADD = $(TEST_LIBS)
%C%_select_test_SOURCES = %D%/select_test.c $(queue_select_parts) $(queue_store_parts)
%C%_select_test_LDADD = $(TEST_LIBS)
%C%_jsonline_test_SOURCES = %D%/jsonline_test.c %D%/shared.c %D%/owlq.h $(queue_print_parts) $(queue_store_parts)
%C%_jsonline_test_LDADD = $(TEST_LIBS) $(JANSSON_LIBS)
endif
