/* backlog.h - what waits, read in small steps behind the runner's start
 *
 * Goes through the folders of wait/ and hands over each message with its log,
 * a few milliseconds at a time, so that whatever else the runner has to do
 * never waits for long.  Logs are read in the order of their inodes, and asked
 * of the disk ahead of their turn: after a boot nothing is in memory, and in
 * the order of names each would cost the disk a movement of its own.
 *
 * What comes into wait/ meanwhile may be handed over or not: the runner knows
 * of it.  Logs without a message, which a crash left, are cleared away.  The
 * memory is that of one folder's names and is freed at the end.
 */
#ifndef OWL_BACKLOG_H
#define OWL_BACKLOG_H

#include <dirent.h>
#include <stdint.h>
#include "lib/clock.h"
#include "queue/store.h"

enum { BACKLOG_AHEAD = 64 };

/* A file of the folder: a message, or its log. */
struct backlog_entry {
  uint64_t inode; /* paired: of the log, 0 where there is none */
  bool is_log;
  struct queueid id;
};

struct backlog {
  unsigned folder; /* under way */
  bool done[QUEUEID_FOLDERS];
  unsigned done_count;
  DIR *listing;    /* NULL: closed, or not opened yet */
  int fd;          /* the same folder, for its logs; valid while it is listed or read */
  bool listed;
  uint64_t removals; /* of the store, before it was */
  struct backlog_entry *entries; /* owned */
  size_t count, space;
  size_t asked, taken;      /* entries: logs opened so far, messages handed over */
  int ahead[BACKLOG_AHEAD]; /* descriptors of the logs from taken to asked; -1: none */
  stralloc log;
};

/* A backlog begins zeroed. */

bool backlog_is_loaded(const struct backlog *b);

/* found(): a message that waits, and its log, empty when there is none or it
 * cannot be read; valid during the call.  0, or -1 with errno: it is handed
 * over again in the next step. */
typedef int backlog_found(void *context, const struct queueid *id, struct text log);

/* backlog_step(): goes on for about limit_us, or until all is loaded.  0, or -1
 * with errno: try again after a while.  A folder that cannot be read comes
 * again when the others are through. */
int backlog_step(struct backlog *b, struct store *s, const struct clock *clock, uint64_t limit_us,
                 backlog_found *found, void *context);

void backlog_free(struct backlog *b);

#endif
