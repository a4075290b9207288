/* mbox.h - append messages to an mbox so that they stay there, whole
 *
 * mbox_open() locks: fcntl(2), and PATH.lock where a file can be made there.
 * mbox_append() writes a message behind what is there: when that does not end
 * with an empty line, as after a crash, it is ended first, so that nothing is
 * glued to it.  mbox_sync() brings all to the disk.  Until then mbox_undo()
 * gives the file its old length back.  mbox_close() unlocks.
 *
 * The path is the user's, but others may be able to write in its folder: the
 * file must be regular, have one name, no symbolic link, and belong to the
 * process's user.  /dev/null takes everything, too.
 */
#ifndef OWL_LOCAL_STORE_MBOX_H
#define OWL_LOCAL_STORE_MBOX_H

#include <sys/stat.h>
#include "local/store/dotlock.h"
#include "local/item.h"
#include "local/mailbox.h"
#include "local/verdict.h"

enum { MBOX_WAIT_MS = 30000 /* for a lock that somebody else has */ };

struct mbox {
  const char *path; /* NUL-terminated, the caller's */
  int fd;           /* -1: /dev/null */
  struct stat at_open;
  off_t start, mark, end; /* of what was appended; mark: see mbox_back() */
  struct dotlock lock;
};

/* All return 0, or -1 with the deferral in *v. */
int mbox_open(struct mbox *m, const char *path, int wait_ms, struct verdict *v);

/* mbox_append(): after a failure nothing of this message is left. */
int mbox_append(struct mbox *m, const struct mailbox *box, const struct item *item, struct verdict *v);
int mbox_sync(struct mbox *m, struct verdict *v);

/* mbox_back(): to where mbox_mark() was called last, or to the old length. */
void mbox_mark(struct mbox *m);
void mbox_back(struct mbox *m);
void mbox_undo(struct mbox *m); /* to the old length */
void mbox_close(struct mbox *m);

/* mbox_look(): for explanations: what stands in the way of mbox_open(), as far
 * as can be seen without writing. */
int mbox_look(const char *path, struct verdict *v);

#endif
