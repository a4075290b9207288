/* message.h - a message of the queue, read: envelope, and what its log says
 *
 * Used by the runner for active messages and by owlq for display.
 */
#ifndef OWL_MESSAGE_H
#define OWL_MESSAGE_H

#include "lib/queuefile.h"
#include "queue/msglog.h"
#include "queue/store.h"

enum recipient_progress { RECIPIENT_WAITING, RECIPIENT_DONE, RECIPIENT_FAILED };

struct recipient_state {
  enum recipient_progress progress;
  bool told, delay_told;
  bool under_way; /* the runner's: a worker has it */
  bool refused;   /* the runner's: there was no room for it in this round */
  uint64_t attempts;
  uint64_t next_age_s;
  struct logrecord last; /* its texts point into message.log */
};

struct message {
  struct queueid id;
  enum store_place place;
  int fd;
  struct queuefile file;
  stralloc log;
  uint64_t log_octets; /* of the file, that check; a torn tail may follow */
  struct recipient_state *states; /* one per recipient of file.envelope */
  size_t waiting;      /* recipients neither done nor failed */
  uint64_t last_us;    /* wall clock of the last record, or arrival */
  uint64_t last_age_s;
  uint64_t dsns;       /* DSNs made so far */
  bool has_log;
  bool held, expired, returned; /* by the operator (queue/msglog.h) */
};

enum message_status {
  MESSAGE_OK,
  MESSAGE_GONE,  /* no such message */
  MESSAGE_BAD,   /* *reason says why it does not check */
  MESSAGE_FAILED /* errno: no memory, no descriptors, a read error: try later */
};

/* message_load(): opens and reads everything but the body.  Free with
 * message_free() after MESSAGE_OK; otherwise nothing is held. */
enum message_status message_load(struct message *m, struct store *s, const struct queueid *id,
                                 const char **reason);

/* message_apply(): takes one record into account, as after its append. */
void message_apply(struct message *m, const struct logrecord *r);

/* message_append(): encoded records behind what checks of the log.  0, or -1. */
int message_append(struct message *m, struct store *s, struct text records);

/* message_reread_log(): after appends, so that states[].last has the words of
 * the latest records.  0, or -1. */
int message_reread_log(struct message *m, struct store *s);

/* message_is_bounce(): nobody is told of it but, of its failure, the postmaster. */
bool message_is_bounce(const struct message *m);
extern const char message_double_bounce_sender[];

bool message_is_finished(const struct message *m); /* no recipient waits */

/* message_next_age(): the least next_age_s of those that wait. */
uint64_t message_next_age(const struct message *m);

/* message_read_body(): appends the first max octets of the body, checked
 * against its checksum when that is all of it.  0, or -1 (EBADMSG: it does not
 * check). */
int message_read_body(const struct message *m, stralloc *out, uint64_t max);

/* message_summarize_log(): for a message that is not loaded: age and time of
 * its last record, and the age from which it may be due, from its log alone.
 * 0, or -1: the log says nothing of that. */
struct log_summary {
  uint64_t last_us, last_age_s, next_age_s;
  uint64_t octets; /* of the log, that check; 0 when there is not even its magic */
  struct text route; /* of the recipient that may be due first; points into the log */
  bool untold; /* a failure that no DSN has been made about */
  bool held, expired, returned;
};
int message_summarize_log(struct text log, struct log_summary *out);

void message_free(struct message *m);

#endif
