/* race.h - connect to the first of several addresses that answers
 *
 * In the spirit of RFC 8305: the first address has a head start; while it does
 * not answer the next one is tried as well, and the first connection counts.
 * A refusal starts the next one at once.
 */
#ifndef OWL_RACE_H
#define OWL_RACE_H

#include "remote/attempts.h"
#include "remote/identity.h"
#include "remote/walk.h"

enum {
  RACE_HEAD_START_MS = 500,
  RACE_ATTEMPTS_MAX = 4, /* at one time */
  RACE_NETWORK_MAX = 2,  /* of them in one /24 or /48 */
  RACE_LOOK_MS = 100     /* between looks whether others have made room */
};

/* race_failed_fn: that address cannot be reached, error says why; EBUSY: too many
 * senders were trying to for as long as one may. */
typedef void race_failed_fn(void *context, const struct walk_target *t, int error);

struct race {
  unsigned port, timeoutconnect_s; /* of each attempt */
  int watched;                     /* -1, or a socket: when its peer is gone nothing goes on */
  const struct sources *sources;   /* NULL: the system chooses */
  const struct attempts *attempts; /* NULL: nobody counts */
  race_failed_fn *failed;
  void *context;
};

/* race_run(): a connected socket that does not block, and *winner; those that
 * were tried in vain are used afterwards, and so is the winner, but not those
 * that were still under way.  -1: nobody answers, or with EPIPE the
 * watched peer is gone. */
int race_run(const struct race *r, struct walk_target *targets, size_t count,
             const struct walk_target **winner);

#endif
