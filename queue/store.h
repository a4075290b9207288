/* store.h - the queue's folder as the runner and the operator's tool see it
 *
 *   todo/ID          new messages, made by injectors
 *   wait/XX/ID       messages whose first try did not finish them
 *   wait/XX/ID.log   what became of them (queue/msglog.h)
 *   bad/             what did not check
 *   tmp/             files that injectors have under way
 *   poke             FIFO by which injectors name new messages
 *   lock             held by the runner while it lives
 *
 * What is changed here reaches the disk with store_sync(), called by the
 * runner at most syncinterval after the change.  Functions return 0, or -1
 * with errno.
 */
#ifndef OWL_STORE_H
#define OWL_STORE_H

#include <stdint.h>
#include "lib/queueid.h"

enum store_place { PLACE_TODO, PLACE_WAIT };

enum { STORE_DIRTY_LOGS_MAX = 16, STORE_SPENT_MAX = 1024 };

struct store {
  int queue_fd;
  int lock_fd;
  bool dirty_todo;
  bool dirty_wait[QUEUEID_FOLDERS];
  int dirty_logs[STORE_DIRTY_LOGS_MAX]; /* open descriptors */
  uint64_t removals; /* of messages from wait/, so far */
  unsigned dirty_log_count;
  bool dirty_all; /* too much to name: sync the file system */
  bool doubtful;  /* a sync has failed: one that succeeds later proves nothing */
  struct queueid *spent; /* messages that are gone, whose logs go after the next sync */
  unsigned spent_count;
};

/* store_open(): opens the folder; store_lock(): takes the runner's lock, EAGAIN
 * when another one lives. */
int store_open(struct store *s, const char *folder);
int store_lock(struct store *s);
void store_close(struct store *s);

/* store_open_message(): a read-only descriptor; *place says where it lies. */
int store_open_message(struct store *s, const struct queueid *id, enum store_place *place);

/* store_open_bad(): the same in bad/.  EBADMSG or ELOOP: not a plain file. */
int store_open_bad(struct store *s, const struct queueid *id);
/* store_open_at(): the same, in that place only. */
int store_open_at(struct store *s, const struct queueid *id, enum store_place place);

/* store_find(): where it lies.  0, or -1 with errno, ENOENT: nowhere. */
int store_find(struct store *s, const struct queueid *id, enum store_place *place);
bool store_is_at(struct store *s, const struct queueid *id, enum store_place place);

/* store_read_log(): *out gets the whole log, empty when there is none. */
int store_read_log(struct store *s, const struct queueid *id, stralloc *out);

/* store_append_log(): octets go behind the first keep octets, the part that
 * checks; a torn tail is cut. */
int store_append_log(struct store *s, const struct queueid *id, struct text octets,
                     uint64_t keep);

/* store_rewrite_log(): the whole log anew, durable when it returns 0, whatever
 * became of earlier syncs. */
int store_rewrite_log(struct store *s, const struct queueid *id, struct text octets);

/* store_move_to_wait(): out of the injectors' reach. */
int store_move_to_wait(struct store *s, const struct queueid *id);

/* store_remove(): the message, and when that has reached the disk, its log:
 * without it a message that comes back would be delivered to all again. */
int store_remove(struct store *s, const struct queueid *id, enum store_place place);

/* store_remove_copy(): only the file in todo/.  store_remove_log(): only the log. */
int store_remove_copy(struct store *s, const struct queueid *id);
int store_remove_log(struct store *s, const struct queueid *id);

/* store_move_to_bad(): message and log. */
int store_move_to_bad(struct store *s, const struct queueid *id, enum store_place place);

/* store_remove_from_bad(): message and log. */
int store_remove_from_bad(struct store *s, const struct queueid *id);

/* store_body_copy(): an unnamed file with the first octets of fd, the
 * message's body: readers are given store_reopen() of it. */
int store_body_copy(struct store *s, int fd, uint64_t octets);
int store_reopen(int fd);

/* store_scan(): calls found(context, id) for each message in folder ("todo",
 * "wait/a0", "bad"); names that are no ids are passed over.  Stops early when
 * found returns -1 and then returns -1. */
int store_scan(struct store *s, const char *folder, int (*found)(void *, const struct queueid *),
               void *context);

/* store_wait_folder(): "wait/a0" for number 0xa0. */
void store_wait_folder(char path[16], unsigned number);

bool store_is_dirty(const struct store *s);
int store_sync(struct store *s);
int store_sync_todo(struct store *s);

/* store_sync_all(): the whole file system.  What a runner that was killed had
 * not synced still looks as if it could be believed. */
int store_sync_all(struct store *s);

/* store_clear_tmp(): removes files whose injector is gone. */
int store_clear_tmp(struct store *s);

/* store_clear_log(): removes the file of that name in a wait folder if a crash
 * left it: a log without a message, after the next sync, or a log that was
 * being rewritten. */
int store_clear_log(struct store *s, unsigned folder, const char *name);

#endif
