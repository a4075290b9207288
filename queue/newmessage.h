/* newmessage.h - make one durable message in the queue (owlpost-queue(5))
 *
 * Used by the injector and, for DSNs, by the runner.  Nothing exists under a
 * name before newmessage_commit(): the file is unnamed (O_TMPFILE) or, where
 * the file system has no such thing, a locked file in tmp/ that the runner
 * clears away once nobody holds the lock.
 */
#ifndef OWL_NEWMESSAGE_H
#define OWL_NEWMESSAGE_H

#include <stdint.h>
#include "lib/envelope.h"
#include "lib/queueid.h"

struct newmessage {
  int queue_fd; /* the queue's folder, the caller's */
  int fd;
  struct queueid id;
  bool named; /* it lies in tmp/ under its id */
  uint64_t octets; /* of the message, so far */
  uint32_t crc;
  stralloc pending; /* not yet written */
};

enum newmessage_status {
  NEWMESSAGE_OK,
  NEWMESSAGE_EXISTS,       /* commit: a message of this id is in todo/ already */
  NEWMESSAGE_NOT_CREATED,  /* errno; nothing exists */
  NEWMESSAGE_NOT_WRITTEN,  /* errno; nothing exists */
  NEWMESSAGE_NO_MEMORY,    /* nothing exists */
  NEWMESSAGE_UNKNOWN       /* errno; it may exist or not: give no answer */
};

/* newmessage_open(): begins a message.  Set the umask to 0 before, so that
 * the file's mode is 0440. */
enum newmessage_status newmessage_open(struct newmessage *m, int queue_fd, const struct queueid *id);

/* newmessage_write(): appends to the message. */
enum newmessage_status newmessage_write(struct newmessage *m, const void *octets, size_t len);

/* newmessage_commit(): adds envelope and trailer, syncs the file, links it
 * into todo/, syncs todo/.  After NEWMESSAGE_OK it is durable.  In every case
 * the descriptor is closed and *m done with. */
enum newmessage_status newmessage_commit(struct newmessage *m, const struct envelope *e);

/* Its steps, for several messages that share syncs.  newmessage_complete():
 * adds envelope and trailer; then m->fd must be synced.  newmessage_name(): links it
 * into todo/.  After a failure of one of them it is to be aborted.
 * newmessage_sync_names(): makes all names durable.  0, or -1 with errno.
 * newmessage_settle(): whether that went well; else takes the name back.  Then the
 * descriptor is closed and *m done with. */
enum newmessage_status newmessage_complete(struct newmessage *m, const struct envelope *e);
enum newmessage_status newmessage_name(struct newmessage *m);
int newmessage_sync_names(int queue_fd);
enum newmessage_status newmessage_settle(struct newmessage *m, bool synced);

/* newmessage_abort(): nothing comes of it. */
void newmessage_abort(struct newmessage *m);

/* newmessage_poke(): tells the runner of it.  That may fail silently: the
 * runner then finds the message when it looks through todo/. */
void newmessage_poke(int queue_fd, const struct queueid *id);

#endif
