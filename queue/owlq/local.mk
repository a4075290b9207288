# queue/owlq/: runs as whoever starts it.  Reads the queue; changes it through
# the runner's control socket, or holds the queue's lock while it does.
bin_PROGRAMS += %D%/owlq
queue_select_parts = %D%/shared.c %D%/owlq.h %D%/units.h %D%/units.c %D%/filter.h %D%/filter.c \
  %D%/ids.h %D%/ids.c %D%/select.h %D%/select.c
queue_qmail_names = qmail-qread qmail-qstat
queue_list_parts = %D%/screen.h %D%/screen.c %D%/describe.h %D%/describe.c %D%/listrow.h %D%/listrow.c \
  %D%/listsort.h %D%/listsort.c %D%/attempts.h %D%/attempts.c %D%/qmailq.h %D%/qmailq.c \
  %D%/follow.h %D%/follow.c %D%/idset.h %D%/idset.c
queue_print_parts = %D%/utf8.h %D%/utf8.c %D%/jsonline.h %D%/jsonline.c %D%/progress.h %D%/progress.c
%C%_owlq_SOURCES = %D%/owlq.c %D%/config.c %D%/setup.c %D%/list.c %D%/ctl.c %D%/simulate.c \
  %D%/options.h %D%/options.c %D%/view.h %D%/view.c %D%/show.c %D%/body.c %D%/why.c %D%/askrunner.h %D%/askrunner.c \
  $(queue_list_parts) \
  %D%/link.h %D%/link.c %D%/owner.h %D%/owner.c %D%/layout.h %D%/layout.c %D%/change.h %D%/change.c %D%/changereport.c \
  %D%/destination.c %D%/check.h %D%/check.c %D%/checklook.c %D%/checkmend.c \
  %D%/explain.c %D%/tlscheck.c %D%/askprogram.h %D%/askprogram.c %D%/showfacts.h %D%/showfacts.c %D%/livefacts.h %D%/livefacts.c \
  %D%/limitfacts.h %D%/limitfacts.c %D%/srsview.h %D%/srsview.c \
  %D%/snapshot.h %D%/snapshot.c %D%/statsview.h %D%/statsview.c %D%/stats.c %D%/metricfamily.h %D%/metricfamily.c %D%/metrics.c \
  %D%/top.c \
  %D%/terminal.h %D%/terminal.c \
  queue/order.h queue/order.c queue/mend.h queue/mend.c queue/holds.h queue/holds.c queue/lanename.h queue/lanename.c queue/notes.h queue/notes.c \
  $(queue_select_parts) $(queue_print_parts) $(queue_read_parts)
%C%_owlq_LDADD = lib/libowl.a $(OWFAT_LIBS) $(JANSSON_LIBS) $(NETTLE_LIBS)

# owlq by names that qmail's operators know.
install-exec-hook:
	@for name in $(queue_qmail_names); do rm -f "$(DESTDIR)$(bindir)/$$name" && \
	  ln -s owlq "$(DESTDIR)$(bindir)/$$name" || exit 1; done
uninstall-hook:
	@for name in $(queue_qmail_names); do rm -f "$(DESTDIR)$(bindir)/$$name"; done

if CMOCKA
check_PROGRAMS += %D%/filter_test %D%/select_test %D%/jsonline_test %D%/list_test %D%/follow_test %D%/askrunner_test \
  %D%/askprogram_test
%C%_askprogram_test_SOURCES = %D%/askprogram_test.c %D%/askprogram.h %D%/askprogram.c
%C%_filter_test_SOURCES = %D%/filter_test.c %D%/filter.c %D%/units.c
%C%_select_test_SOURCES = %D%/select_test.c $(queue_select_parts) $(queue_store_parts)
%C%_jsonline_test_SOURCES = %D%/jsonline_test.c %D%/shared.c %D%/owlq.h $(queue_print_parts) $(queue_store_parts)
%C%_list_test_SOURCES = %D%/list_test.c %D%/options.h %D%/options.c $(queue_list_parts) $(queue_select_parts) \
  $(queue_print_parts) $(queue_store_parts)
%C%_follow_test_SOURCES = %D%/follow_test.c $(queue_list_parts) $(queue_select_parts) $(queue_print_parts) \
  $(queue_store_parts)
%C%_askrunner_test_SOURCES = %D%/askrunner_test.c %D%/askrunner.h %D%/askrunner.c %D%/link.h %D%/link.c \
  %D%/screen.h %D%/screen.c $(queue_print_parts) %D%/shared.c %D%/owlq.h $(queue_store_parts)
endif
