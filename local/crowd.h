/* crowd.h - which sessions run, and of whom
 *
 * By process and log-in name, in whichever case it was said.
 */
#ifndef OWL_LOCAL_CROWD_H
#define OWL_LOCAL_CROWD_H

#include <sys/types.h>
#include "lib/text.h"

enum { CROWD_MAX = 10000 };

struct crowd {
  struct crowd_member *list; /* owned */
  size_t count, room;
};

size_t crowd_count(const struct crowd *c, struct text user);

/* crowd_reserve(): before the process is started, so that crowd_add() cannot
 * fail.  0, or -1 with errno: ENOMEM, or EAGAIN where there are CROWD_MAX. */
int crowd_reserve(struct crowd *c, struct text user);
void crowd_add(struct crowd *c, pid_t pid);

/* crowd_user(): whose session the process is, a view until it ends; absent: it is none. */
struct text crowd_user(const struct crowd *c, pid_t pid);

/* crowd_end(): whether it was one of them. */
bool crowd_end(struct crowd *c, pid_t pid);

void crowd_free(struct crowd *c);

#endif
