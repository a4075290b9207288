/* holds.h - destinations that the operator holds, kept across restarts
 *
 * A file of the queue's folder, holds: the name of a lane (lanename.h) on each
 * line.  Written by whoever has the queue's lock.
 */
#ifndef OWL_HOLDS_H
#define OWL_HOLDS_H

#include "lib/text.h"

enum { HOLDS_NAME_MAX = 300, HOLDS_OCTETS_MAX = 1 << 20 };

struct holds {
  stralloc names; /* each with a line feed */
};

/* holds_load(): none when there is no file.  0, or -1 with errno, EBADMSG: it
 * is no such file. */
int holds_load(struct holds *h, int queue_fd);

/* holds_next(): the names, one after the other; *rest is all of h->names
 * before the first call.  False: there are no more. */
bool holds_next(struct text *rest, struct text *name);

/* holds_change(): holds a name, in any form of it, or holds it no longer; durable when it returns
 * 0.  -1 with errno, EINVAL: this is no name; nothing has changed then. */
int holds_change(struct holds *h, int queue_fd, struct text name, bool held);

void holds_free(struct holds *h);

#endif
