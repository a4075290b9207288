/* waitlist.h - every message that the runner knows of, each once
 *
 * A message waits for its time (in a heap), is held, or is in the runner's
 * hands.  One whose destination cannot take it now is also parked in that
 * destination's lane, in the order of tags, so that the lane can fetch it
 * before its time.  By id everything costs the same however many wait; about
 * 80 octets of memory each.
 */
#ifndef OWL_WAITLIST_H
#define OWL_WAITLIST_H

#include <stdint.h>
#include "lib/queueid.h"

#define AGE_UNKNOWN UINT32_MAX
enum { NO_LANE = 0 };

/* How a message waits. */
struct wait {
  uint64_t due_us; /* boot clock; 0: new mail, before everything else; UINT64_MAX: never */
  uint64_t age_s;  /* the message's age when it is due, or AGE_UNKNOWN */
  uint32_t lane;   /* where it wants to go, as far as known */
  bool parked;     /* the lane may fetch it before it is due */
  bool held;       /* whatever is due: not before waitlist_release() */
  uint64_t tag;    /* its place among those parked in the lane */
  uint32_t hurry;  /* when it was hurried and found no room: its age then and 1, or 0 */
};

struct waiting {
  uint64_t due_us, arrival_us, tag;
  unsigned char random[10];
  unsigned char state; /* enum waiting_state */
  uint32_t age_s;
  uint32_t heap_at, parked_at;
  uint32_t lane;
  uint32_t hurry;
  uint32_t next; /* in its bucket, or of the free ones */
};

struct waiting_lane {
  uint32_t *heap; /* of those parked, by tag; owned */
  uint32_t parked, space;
  uint32_t waiting; /* parked or not */
  uint64_t now;     /* tag of the one that it fetched last */
};

struct waitlist {
  struct waiting *all; /* owned, like the rest */
  uint32_t used, space, unused;
  uint32_t *heap, count; /* of those with a time */
  uint32_t *buckets, bucket_count;
  struct waiting_lane *lanes;
  uint32_t lane_count;
  uint32_t held;
  uint64_t seed; /* so that nobody can choose ids that share a bucket */
};

/* waitlist_put(): a message begins to wait, or waits otherwise.  0, or -1
 * without memory: then a new one is not known, another one stays in hand. */
int waitlist_put(struct waitlist *w, const struct queueid *id, const struct wait *how);

/* waitlist_due(): when the first one is due; UINT64_MAX when none is. */
uint64_t waitlist_due(const struct waitlist *w);

struct due {
  bool new;       /* due_us was 0 */
  bool hurried;   /* by waitlist_hurry() or waitlist_release() */
  uint32_t lane;  /* that fetched it, or NO_LANE */
  uint64_t age_s; /* now, or AGE_UNKNOWN */
  uint64_t tag;   /* it had before, or 0 */
  uint32_t tag_lane; /* and where */
  uint32_t hurry; /* the same */
};

/* waitlist_take(): the first one comes into the runner's hands, who puts it
 * back or drops it.  waitlist_fetch(): the first one parked in the lane.
 * False when there is none. */
bool waitlist_take(struct waitlist *w, struct queueid *id, struct due *due, uint64_t now_us);
bool waitlist_fetch(struct waitlist *w, uint32_t lane, struct queueid *id, struct due *due,
                    uint64_t now_us);

bool waitlist_has(const struct waitlist *w, const struct queueid *id);

/* waitlist_drop(): forgets a message, whether it waits or is in hand. */
void waitlist_drop(struct waitlist *w, const struct queueid *id);

/* waitlist_hurry(): makes all (id NULL) or one due now, behind new mail; held
 * ones stay.  How many. */
size_t waitlist_hurry(struct waitlist *w, const struct queueid *id, uint64_t now_us);

/* waitlist_hurry_lanes(): those that want to go to a lane that is wanted, of
 * so many; costs as much as there are messages. */
size_t waitlist_hurry_lanes(struct waitlist *w, const bool *wanted, uint32_t lanes, uint64_t now_us);

/* waitlist_hold(), waitlist_release(): false when it does not wait. */
bool waitlist_hold(struct waitlist *w, const struct queueid *id, uint64_t now_us);
bool waitlist_release(struct waitlist *w, const struct queueid *id);

enum waiting_state {
  WAITING_UNUSED,
  WAITING_IN_HAND,
  WAITING_TIMED,
  WAITING_PARKED, /* timed as well */
  WAITING_HELD
};

/* waitlist_state(): WAITING_UNUSED for an unknown one; *waiting may be NULL. */
enum waiting_state waitlist_state(const struct waitlist *w, const struct queueid *id,
                                  struct waiting *waiting);

size_t waitlist_waiting(const struct waitlist *w); /* in hand ones left out */
size_t waitlist_in_lane(const struct waitlist *w, uint32_t lane);
size_t waitlist_parked(const struct waitlist *w, uint32_t lane);
uint64_t waitlist_now(const struct waitlist *w, uint32_t lane); /* tag of the last one fetched */

/* waitlist_oldest(): looks at so many messages from *from on, which it moves:
 * oldest_us[LANE], for lanes below the number given, becomes the least arrival
 * of those that want to go there.  False when there are no more.  Between two
 * calls messages may come and go. */
bool waitlist_oldest(const struct waitlist *w, uint32_t *from, uint32_t most, uint64_t *oldest_us,
                     uint32_t lanes);

void waitlist_free(struct waitlist *w);

#endif
