/* snapshot.h - the running runner's numbers, as owlq shows them */
#ifndef OWL_OWLQ_SNAPSHOT_H
#define OWL_OWLQ_SNAPSHOT_H

#include "lib/ctlstats.h"
#include "queue/owlq/link.h"

struct snapshot_row {
  struct ctlstats_destination d; /* its texts are views into octets */
  char *octets;                  /* owned */
};

struct snapshot {
  struct ctlstats_totals totals;
  uint64_t local_running, local_limit, remote_running, remote_limit;
  uint64_t waiting, active, held; /* messages */
  struct snapshot_row *rows;      /* owned */
  size_t count, space;
  uint64_t now_us; /* wall clock */
};

/* snapshot_take(): *s must be zeroed or freed before.  0, or -1 after it has
 * said what is wrong. */
int snapshot_take(struct snapshot *s, struct link *l, const struct ctlstats_request *request);

enum snapshot_order { BY_WAITING, BY_ACTIVE, BY_OLDEST, BY_FAULTS, BY_NAME, SNAPSHOT_ORDERS };
extern const char *const snapshot_orders[SNAPSHOT_ORDERS]; /* their names */

/* snapshot_order_named(): SNAPSHOT_ORDERS: there is none. */
enum snapshot_order snapshot_order_named(const char *name);

/* snapshot_sort(): the greatest or oldest first; equal ones by name. */
void snapshot_sort(struct snapshot *s, enum snapshot_order o);

/* snapshot_age(): whole seconds since then; 0 for never and the future. */
uint64_t snapshot_age(const struct snapshot *s, uint64_t us);

void snapshot_free(struct snapshot *s);

#endif
