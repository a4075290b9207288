/* settings.h - what the runner is configured to do
 *
 * Read whole and checked, or not at all: after a failure the old settings
 * stay in force.
 */
#ifndef OWL_SETTINGS_H
#define OWL_SETTINGS_H

#include "lib/srsrules.h"

struct settings {
  struct route_table routes;
  struct srsrules srs;
  struct list concurrencydomain, ratelimit, retryschedule;
  uint64_t backoff_first_s, backoff_max_s, retryjitter; /* percent */
  uint64_t concurrencysilent;
  uint64_t concurrency[2], retryskip_s[2]; /* by enum route_channel */
  uint64_t queuelifetime_s, recipientlimit, syncinterval_s, rescaninterval_s, retryfault_s;
  uint64_t timeoutdelivery_s, timeoutidle_s, bouncemaxbytes, bouncelifetime_s, delaywarning_s;
  bool bounces_are_qsbmf;
  stralloc me, bouncefrom, bouncehost, doublebounceto, doublebouncehost, instance;
};

/* 0, or -1 with c->error set and *s empty. */
int settings_load(struct settings *s, struct control *c);
void settings_free(struct settings *s);

#endif
