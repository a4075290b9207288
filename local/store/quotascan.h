/* quotascan.h - what is in a Maildir and its folders, for quota.h
 *
 * Sizes are taken from the files' names (,S=) where they stand there.  Folder
 * Trash and messages marked T are passed over, and so is what goes away
 * meanwhile.
 */
#ifndef OWL_LOCAL_STORE_QUOTASCAN_H
#define OWL_LOCAL_STORE_QUOTASCAN_H

#include <time.h>
#include "lib/text.h"

struct quotascan {
  int64_t octets, files;
  struct timespec latest; /* change of a folder, before it was read */
};

/* root ends with '/'.  deadline_us is by the boot clock, 0: none; past it the
 * count fails with ETIMEDOUT.  0, or -1 with errno. */
int quotascan_count(struct quotascan *s, const char *root, uint64_t deadline_us);

/* quotascan_is_current(): no folder has changed since. */
bool quotascan_is_current(const struct quotascan *s, const char *root);

/* quotascan_size(): what the name of a message says of its size.  false:
 * nothing.  Hostile input. */
bool quotascan_size(const char *name, int64_t *octets);

#endif
