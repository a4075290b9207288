/* simulation.h - the runner as it is, with a load and hosts that are played
 *
 * All in one process and in virtual time, on a queue of its own.  simulation.c
 * turns the clocks and carries out changes, arrivals.c makes messages, roles.c
 * plays the agents.  Functions return 0, or -1 with a sentence in error.
 */
#ifndef OWL_SIMULATE_SIMULATION_H
#define OWL_SIMULATE_SIMULATION_H

#include <signal.h>
#include "queue/played.h"
#include "queue/privatequeue.h"
#include "queue/simulate/agenda.h"
#include "queue/simulate/figures.h"
#include "queue/simulate/host.h"
#include "queue/simulate/recording.h"

struct role;

struct simulation {
  const struct scenario *scenario;
  const struct recording *recording; /* or NULL */
  const struct control *base;        /* settings where the scenario says nothing; or NULL */
  struct runner runner;
  struct played played;
  struct log log;
  struct clock clock;
  uint64_t wall_us, boot_us, began_us; /* began_us: boot clock */
  char folder[PRIVATEQUEUE_PATH_MAX];
  struct store store;
  struct agenda agenda; /* of roles */
  struct chance chance;
  struct figures_table destinations, senders;
  struct model default_models[2]; /* by channel */
  uint64_t *next_us;   /* by load: when its next message comes */
  uint64_t *messages;  /* by load: so many have come */
  size_t recorded;     /* messages of the recording that have come */
  size_t changes;       /* that were carried out */
  uint64_t set_at_us[CONTROL_COUNT]; /* when the scenario set it last; UINT64_MAX: never */
  uint64_t message_count, last_id_us;
  struct route route;  /* of the address that is looked at */
  stralloc body, name;
  const volatile sig_atomic_t *stop; /* or NULL */
  char error[600];
};

/* simulation_run(): from beginning to end.  The figures are there afterwards;
 * simulation_free() in either case.  log_fd gets owl-send's log. */
int simulation_run(struct simulation *s, const struct scenario *scenario, const struct recording *recording,
                   const struct control *base, uint64_t seed, int log_fd, const volatile sig_atomic_t *stop);
void simulation_free(struct simulation *s);

/* Time since the beginning. */
uint64_t simulation_now_us(const struct simulation *s);

int simulation_fail(struct simulation *s, const char *what, const char *why); /* -1 */

/* simulation_destination(): the figures of where this address goes, or NULL
 * without memory. */
struct figures *simulation_destination(struct simulation *s, struct text address);

/* ---- arrivals.c */

int arrivals_begin(struct simulation *s);
uint64_t arrivals_next_us(const struct simulation *s); /* since the beginning; UINT64_MAX: no more */
int arrivals_make(struct simulation *s);               /* those that are due */

/* ---- roles.c */

extern const struct player roles_player; /* but for its context, the simulation */

/* roles_due(): what agents do now. */
int roles_due(struct simulation *s);
void roles_leave(struct simulation *s); /* all hang up */
void roles_free(struct simulation *s);  /* after that */

#endif
