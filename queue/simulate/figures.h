/* figures.h - what is counted of destinations and senders, and their delays */
#ifndef OWL_SIMULATE_FIGURES_H
#define OWL_SIMULATE_FIGURES_H

#include <stdint.h>
#include "lib/text.h"

/* Of recipients, where nothing else is said. */
struct figures {
  stralloc name;
  void *host; /* the one that plays this destination, its owner's */
  uint64_t sent, delivered, failed, waiting; /* failed: for whatever reason */
  uint64_t attempts, deferrals;
  uint64_t connections, connections_now, connections_most; /* asked for, also in vain */
  uint64_t probes, probes_now, probes_most; /* those to a destination that is known to be down */
  uint64_t *delays_us; /* from arrival to delivery; owned */
  size_t delay_count, delay_space;
};

/* All of one kind, by name. */
struct figures_table {
  void *by_name; /* tsearch(3) */
  struct figures **all; /* owned */
  size_t count, space;
};

/* figures_named(): finds or makes them; ASCII case is folded where fold is
 * set.  NULL without memory. */
struct figures *figures_named(struct figures_table *t, struct text name, bool fold);

/* figures_find(): NULL when there are none of this name. */
struct figures *figures_find(const struct figures_table *t, const char *name);

/* figures_delay(): 0, or -1 without memory. */
int figures_delay(struct figures *f, uint64_t delay_us);

/* figures_sort(): before figures_at().  figures_at(): the delay that so many
 * percent of the delivered ones had at most; 0 when none was delivered. */
void figures_sort(struct figures *f);
uint64_t figures_at(const struct figures *f, unsigned percent);

/* figures_sum(): all of the table in one, delays too.  0, or -1 without memory. */
int figures_sum(struct figures *sum, const struct figures_table *t);

/* figures_rank(): those with the greatest 99th percentile first. */
void figures_rank(struct figures_table *t);

void figures_free(struct figures *f);
void figures_table_free(struct figures_table *t);

#endif
