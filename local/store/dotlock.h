/* dotlock.h - the lock file PATH.lock beside an mbox, which mail readers use
 *
 * Made by a link, which is one step also over NFS.  A lock older than
 * DOTLOCK_STALE_S, by the file system's clock, was left behind by somebody who
 * died, and is taken away.
 */
#ifndef OWL_LOCAL_STORE_DOTLOCK_H
#define OWL_LOCAL_STORE_DOTLOCK_H

#include "lib/text.h"

enum { DOTLOCK_STALE_S = 600 };

enum dotlock_status {
  DOTLOCK_TAKEN,
  DOTLOCK_BUSY,
  DOTLOCK_IMPOSSIBLE, /* we may make no file there: the folder is another's, or read-only */
  DOTLOCK_ERROR       /* errno */
};

struct dotlock { /* zeroed at first */
  stralloc name; /* NUL-terminated */
  bool held;
};

/* dotlock_take(): tries once. */
enum dotlock_status dotlock_take(struct dotlock *l, const char *path);

/* dotlock_release(): in any case; frees what it holds. */
void dotlock_release(struct dotlock *l);

#endif
