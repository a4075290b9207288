/* msglog.h - the log beside a message: what became of it so far
 *
 * A file of records behind 8 octets of magic; each record is a u32 length, a
 * u32 CRC-32C of the payload and the payload of TLV items (owlpost-queue(5)).
 * Records are only appended.  A torn tail is cut.
 */
#ifndef OWL_MSGLOG_H
#define OWL_MSGLOG_H

#include "lib/queueid.h"
#include "lib/result.h"

enum { MSGLOG_MAGIC_OCTETS = 8, MSGLOG_RECORD_MAX = 65536, MSGLOG_ROUTE_MAX = 300 };

/* What the operator has ordered.  Such a record is about the whole message and
 * holds no result; held then says whether it is held from now on. */
enum logevent {
  EVENT_NONE = 0,
  EVENT_HOLD = 1,    /* not tried until it is released */
  EVENT_RELEASE = 2, /* due now */
  EVENT_RETRY = 3,   /* due now */
  EVENT_EXPIRE = 4,  /* due now; what is then deferred has failed */
  EVENT_RETURN = 5   /* whoever waits has failed */
};

struct logrecord {
  uint64_t time_us;    /* wall clock */
  uint64_t age_s;      /* the message's age then */
  uint64_t recipient;  /* its place in the envelope */
  uint64_t next_age_s; /* deferral: the age at which it is tried again */
  uint64_t event;      /* enum logevent */
  uint64_t by_uid;     /* an event: who ordered it */
  bool held;           /* an event: held from now on */
  bool told;           /* a DSN has been made about all failures and successes recorded before this */
  bool delay_told;     /* and about the delay of all that had been tried and wait */
  struct text dsn;     /* its queue id */
  struct text route;   /* name of the lane (queue/lane.h) that a deferred recipient is for */
  struct result result;
};

/* msglog_cat_magic(), msglog_cat(): append to *out.  0, or -1: no memory, or
 * a member over its limit. */
int msglog_cat_magic(stralloc *out);
int msglog_cat(stralloc *out, const struct logrecord *r);

/* msglog_first(): checks the magic; sets *rest behind it.  False: not a log
 * (an empty file is one without records). */
bool msglog_first(struct text octets, struct text *rest);

enum msglog_status { MSGLOG_RECORD, MSGLOG_END, MSGLOG_TORN };

/* msglog_next(): the next record; r points into rest.  MSGLOG_TORN: what
 * follows does not check; rest still starts at it, so that it can be cut. */
enum msglog_status msglog_next(struct text *rest, struct logrecord *r);

#endif
