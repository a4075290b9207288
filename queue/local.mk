# queue/: the injector may create files in todo/, the runner owns the queue,
# the starter is root.  None of them touches the network.
owlpost_PROGRAMS += %D%/owl-queue
queue_injection_parts = %D%/injection.h %D%/injection.c %D%/newmessage.h %D%/newmessage.c \
  %D%/callerenvelope.h %D%/callerenvelope.c
%C%_owl_queue_SOURCES = %D%/queue.c $(queue_injection_parts)
%C%_owl_queue_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_owl_queue_LDFLAGS = $(AM_LDFLAGS) $(OWL_STATIC)

# An upgrade would take the injector's group away.  Others' folders (DESTDIR)
# and private instances (QUEUE_GROUP=) have no such group.  For automake this
# folder holds data.
install-data-hook:
	@if test -z "$(DESTDIR)" && test -n "$(QUEUE_GROUP)" && test "`id -u`" = 0; then \
	  if getent group "$(QUEUE_GROUP)" >/dev/null; then \
	    chgrp "$(QUEUE_GROUP)" "$(owlpostdir)/owl-queue" && chmod 2711 "$(owlpostdir)/owl-queue"; \
	  else \
	    echo "there is no group $(QUEUE_GROUP) yet: install again when it is there" >&2; \
	  fi; \
	fi

queue_bounce_parts = %D%/bounce.h %D%/bounce.c %D%/bouncepart.h %D%/bouncepage.h %D%/bouncepage.c \
  %D%/bouncetext.c %D%/bouncestatus.c %D%/bouncecontent.c
# Who gets what when: pure functions of state, event and clock.
queue_traffic_parts = %D%/dispatch.h %D%/dispatch.c %D%/lane.h %D%/lane.c %D%/lanename.h %D%/lanename.c %D%/laneturn.c %D%/window.h %D%/window.c \
  %D%/waitlist.h %D%/waitlist.c %D%/fair.h %D%/fair.c
queue_runner_core = %D%/runner.h %D%/runner.c %D%/rounds.c %D%/jobs.c %D%/workers.c %D%/tell.c %D%/report.c \
  %D%/store.h %D%/store.c %D%/msglog.h %D%/msglog.c %D%/message.h %D%/message.c \
  %D%/schedule.h %D%/schedule.c %D%/settings.h %D%/settings.c $(queue_traffic_parts) \
  %D%/order.h %D%/order.c %D%/mend.h %D%/mend.c %D%/holds.h %D%/holds.c %D%/notes.h %D%/notes.c %D%/operator.c \
  %D%/backlog.h %D%/backlog.c $(queue_bounce_parts) %D%/newmessage.h %D%/newmessage.c %D%/ctlserver.h %D%/ctlserver.c \
  %D%/runnerwhy.h %D%/runnerwhy.c %D%/statistics.h %D%/statistics.c %D%/node.h %D%/node.c
owlpost_PROGRAMS += %D%/owl-send
%C%_owl_send_SOURCES = %D%/send.c $(queue_runner_core)
%C%_owl_send_LDADD = lib/libowl.a $(OWFAT_LIBS) $(NETTLE_LIBS)
%C%_owl_send_LDFLAGS = $(AM_LDFLAGS) $(OWL_STATIC)

owlpost_PROGRAMS += %D%/owl-start
%C%_owl_start_SOURCES = %D%/start/start.c %D%/start/programs.h %D%/start/programs.c %D%/start/runfolders.h %D%/start/runfolders.c \
  %D%/start/account.h %D%/start/account.c %D%/start/say.h %D%/start/say.c
%C%_owl_start_LDADD = lib/libowl.a $(OWFAT_LIBS) $(NETTLE_LIBS)

# What reads the queue's files: the runner and the operator's tool.
queue_read_parts = %D%/store.h %D%/store.c %D%/msglog.h %D%/msglog.c %D%/message.h %D%/message.c \
  %D%/schedule.h %D%/schedule.c
include queue/owlq/local.mk
include queue/inject/local.mk
include queue/simulate/local.mk
include queue/queued/local.mk

if CMOCKA
queue_store_parts = %D%/store.c %D%/msglog.c %D%/message.c %D%/newmessage.c \
  %D%/privatequeue.h %D%/privatequeue.c %D%/testqueue.h %D%/testqueue.c
check_PROGRAMS += %D%/waitlist_test %D%/window_test
%C%_waitlist_test_SOURCES = %D%/waitlist_test.c %D%/waitlist.c %D%/schedule.c
%C%_window_test_SOURCES = %D%/window_test.c %D%/window.c
check_PROGRAMS += %D%/schedule_test %D%/dispatch_test %D%/callerenvelope_test %D%/message_test
%C%_schedule_test_SOURCES = %D%/schedule_test.c %D%/schedule.c
%C%_dispatch_test_SOURCES = %D%/dispatch_test.c %D%/schedule.c $(queue_traffic_parts)
%C%_callerenvelope_test_SOURCES = %D%/callerenvelope_test.c %D%/callerenvelope.c
%C%_message_test_SOURCES = %D%/message_test.c $(queue_bounce_parts) $(queue_store_parts)
check_PROGRAMS += %D%/backlog_test
%C%_backlog_test_SOURCES = %D%/backlog_test.c %D%/backlog.c $(queue_store_parts)
check_PROGRAMS += %D%/store_test
%C%_store_test_SOURCES = %D%/store_test.c $(queue_store_parts)
queue_runner_parts = %D%/testrunner.h %D%/testrunner.c %D%/played.h %D%/played.c \
  %D%/privatequeue.h %D%/privatequeue.c %D%/testqueue.h %D%/testqueue.c $(queue_runner_core)
check_PROGRAMS += %D%/runner_test %D%/tell_test %D%/traffic_test %D%/bounce_test %D%/bounceform_test
%C%_traffic_test_SOURCES = %D%/traffic_test.c $(queue_runner_parts)
%C%_runner_test_SOURCES = %D%/runner_test.c $(queue_runner_parts)
%C%_tell_test_SOURCES = %D%/tell_test.c $(queue_runner_parts)
%C%_bounce_test_SOURCES = %D%/bounce_test.c %D%/testdsn.h $(queue_runner_parts)
%C%_bounceform_test_SOURCES = %D%/bounceform_test.c %D%/testdsn.h $(queue_runner_parts)
check_PROGRAMS += %D%/chaos_test
%C%_chaos_test_SOURCES = %D%/chaos_test.c $(queue_runner_parts)
check_PROGRAMS += %D%/orderhold_test %D%/orderretry_test %D%/orderbounce_test %D%/orderdelete_test %D%/orderdestination_test
check_PROGRAMS += %D%/ctlserver_test %D%/mend_test %D%/runnerwhy_test
%C%_mend_test_SOURCES = %D%/mend_test.c %D%/mend.c $(queue_store_parts)
%C%_orderhold_test_SOURCES = %D%/orderhold_test.c %D%/testorders.h $(queue_runner_parts)
%C%_orderretry_test_SOURCES = %D%/orderretry_test.c %D%/testorders.h $(queue_runner_parts)
%C%_orderbounce_test_SOURCES = %D%/orderbounce_test.c %D%/testorders.h $(queue_runner_parts)
%C%_orderdelete_test_SOURCES = %D%/orderdelete_test.c %D%/testorders.h $(queue_runner_parts)
%C%_orderdestination_test_SOURCES = %D%/orderdestination_test.c %D%/testorders.h $(queue_runner_parts)
%C%_ctlserver_test_SOURCES = %D%/ctlserver_test.c $(queue_runner_parts)
check_PROGRAMS += %D%/node_test
%C%_node_test_SOURCES = %D%/node_test.c $(queue_runner_parts)
check_PROGRAMS += %D%/statistics_test
%C%_statistics_test_SOURCES = %D%/statistics_test.c $(queue_runner_parts)
%C%_runnerwhy_test_SOURCES = %D%/runnerwhy_test.c $(queue_runner_parts)
endif

if FUZZERS
noinst_PROGRAMS += %D%/callerenvelope_fuzz %D%/msglog_fuzz
%C%_callerenvelope_fuzz_SOURCES = %D%/callerenvelope_fuzz.c %D%/callerenvelope.c
%C%_callerenvelope_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_callerenvelope_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
%C%_msglog_fuzz_SOURCES = %D%/msglog_fuzz.c %D%/msglog.c %D%/message.c %D%/store.c
%C%_msglog_fuzz_LDADD = lib/libowl.a $(OWFAT_LIBS)
%C%_msglog_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
endif
