# queue/simulate/: runs as whoever starts it.  The runner against a load and
# hosts that are played, in virtual time, on a queue of its own in memory.
queue_simulate_parts = %D%/simulation.h %D%/simulation.c %D%/arrivals.c %D%/roles.c \
  %D%/scenario.h %D%/scenario.c %D%/words.h %D%/words.c %D%/recording.h %D%/recording.c \
  %D%/host.h %D%/host.c %D%/figures.h %D%/figures.c %D%/agenda.h %D%/agenda.c %D%/chance.h %D%/chance.c \
  queue/privatequeue.h queue/privatequeue.c queue/played.h queue/played.c \
  queue/owlq/progress.h queue/owlq/progress.c $(queue_runner_core)
owlpost_PROGRAMS += %D%/owl-simulate
%C%_owl_simulate_SOURCES = %D%/simulate.c %D%/print.h %D%/print.c queue/owlq/shared.c queue/owlq/owlq.h \
  queue/owlq/jsonline.h queue/owlq/jsonline.c queue/owlq/utf8.h queue/owlq/utf8.c \
  queue/owlq/screen.h queue/owlq/screen.c $(queue_simulate_parts)
%C%_owl_simulate_LDADD = lib/libowl.a $(OWFAT_LIBS) $(NETTLE_LIBS) $(JANSSON_LIBS)

if CMOCKA
check_PROGRAMS += %D%/simulation_test %D%/scenario_test
%C%_scenario_test_SOURCES = %D%/scenario_test.c %D%/scenario.h %D%/scenario.c %D%/words.h %D%/words.c \
  %D%/recording.h %D%/recording.c
%C%_simulation_test_SOURCES = %D%/simulation_test.c $(queue_simulate_parts)
endif
