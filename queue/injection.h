/* injection.h - one message on its way in, from its first octet until it is durable
 *
 * What an injector of one message (queue.c) and one of many (queued.c) have in
 * common: limits, trace field, envelope, order of syncs.  It reads nothing by
 * itself.  Message and envelope are a caller's, who is not trusted.
 *
 * All return an exit code of the injector (lib/exitcode.h): INJECTOR_OK to go
 * on; any other is the end of the message, of which nothing is left but, after
 * INJECTOR_BUG from injection_settle(), perhaps itself.  text, where it is set,
 * says more to people.
 */
#ifndef OWL_INJECTION_H
#define OWL_INJECTION_H

#include "lib/control.h"
#include "lib/exitcode.h"
#include "queue/callerenvelope.h"
#include "queue/newmessage.h"

enum { INJECTION_SOLE_OWNER = -1 };

struct injection_limits {
  uint64_t message_octets, recipients, free_octets, seconds;
  stralloc instance;
};

struct injection {
  struct injection_limits limits;
  struct callerenvelope envelope;
  struct newmessage message;
  bool is_open;          /* of message there is something to abort */
  uint64_t space_checked; /* octets of it for which there was room */
  uint64_t arrival_us;
  uint64_t caller_uid;
  bool is_doorkeeper;    /* its facts are believed */
  bool arrival_taken;    /* the caller's time of arrival is the message's */
  const char *text;      /* constant */
};

/* injection_configure(): reads the control files. */
int injection_configure(struct injection *in, struct control *c);

/* injection_open_queue(): the queue's folder.  INJECTOR_QUEUE_FOLDER: errno says why. */
int injection_open_queue(struct control *c, int *fd);

/* injection_check_space(): whether the queue has as much room as the limits want. */
int injection_check_space(struct injection *in, int queue_fd);

/* injection_begin(): makes the file, and writes the trace field.  The extra
 * envelope must have been loaded, caller_uid be set.  shared_fd is its memory
 * file, which others may hold (lib/claim.h), or INJECTION_SOLE_OWNER. */
int injection_begin(struct injection *in, int queue_fd, int shared_fd);

/* injection_take(): more octets of the message. */
int injection_take(struct injection *in, const void *octets, size_t len);

/* injection_address(): the classic envelope has been read, with this result. */
int injection_address(struct injection *in, enum callerenvelope_status read);

/* injection_write(): the rest of the file.  injection_name(): gives it its name, after
 * message.fd has been synced, or not (lib/syncall.h).  injection_settle(): after the
 * folder of the names has been synced (newmessage_sync_names()), once for several,
 * or not; INJECTOR_OK: accepted.  injection_commit(): all of these, with their syncs, for
 * a message by itself. */
int injection_commit(struct injection *in);
int injection_write(struct injection *in);
int injection_name(struct injection *in, bool synced);
int injection_settle(struct injection *in, bool synced);

/* injection_close(): frees all; what is not settled never was. */
void injection_close(struct injection *in);

#endif
