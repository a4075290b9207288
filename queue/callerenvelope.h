/* callerenvelope.h - the envelope that an injector's caller gives: the classic
 * one on a descriptor, and what it cannot say on a second one (owl-queue(8))
 */
#ifndef OWL_CALLERENVELOPE_H
#define OWL_CALLERENVELOPE_H

#include "lib/envelope.h"

struct callerenvelope {
  stralloc classic; /* F... T... as read; the envelope points into it */
  stralloc extra;
  struct envelope envelope;
};

enum callerenvelope_status {
  CALLERENVELOPE_OK,
  CALLERENVELOPE_TRUNCATED, /* end of file before the last NUL: the caller gave up */
  CALLERENVELOPE_READ_ERROR, /* errno */
  CALLERENVELOPE_MALFORMED,
  CALLERENVELOPE_TOO_LONG,  /* an address */
  CALLERENVELOPE_CONTROL,   /* an octet below 32, or DEL, in an address */
  CALLERENVELOPE_TOO_MANY,  /* recipients */
  CALLERENVELOPE_UNKNOWN,   /* a critical term that is not known here, or too much of others */
  CALLERENVELOPE_NO_MEMORY
};

/* callerenvelope_read(): F sender NUL, (T recipient NUL)*, NUL, and nothing
 * else.  *ce must be zeroed.  Hostile input. */
enum callerenvelope_status callerenvelope_read(struct callerenvelope *ce, int fd,
                                               uint64_t recipients_max);

/* callerenvelope_parse(): the same from octets in ce->classic. */
enum callerenvelope_status callerenvelope_parse(struct callerenvelope *ce, uint64_t recipients_max);

/* callerenvelope_load_extra(): reads the descriptor whose number is in the
 * string, which a caller has filled before it started us.  A descriptor that a
 * filter lost, or that is no plain file, gives nothing.  The descriptor, which
 * stays the caller's, or -1. */
int callerenvelope_load_extra(struct callerenvelope *ce, const char *descriptor);

/* callerenvelope_facts(): what the extra envelope says of the message's way in;
 * to be believed from the doorkeeper only. */
struct callerenvelope_facts {
  bool names_client;   /* it came from a network client */
  uint64_t arrival_us; /* when its transaction began; 0: not given */
};
struct callerenvelope_facts callerenvelope_facts(const struct callerenvelope *ce);

/* callerenvelope_is_recent(): whether a transaction that began at arrival_us
 * can end now: not in the future, nor more than a day ago. */
bool callerenvelope_is_recent(uint64_t arrival_us, uint64_t now_us);

/* callerenvelope_merge(): adds what the extra envelope gives: terms of the
 * message and of recipients that are still there, the domain of a mailbox that
 * sends it on, and, when facts is true, who the client was.  What does not decode adds nothing.  Terms that this version
 * does not know are kept, but a critical one is refused, which could only be
 * held, as is more than a few of them: the runner reads whole envelopes. */
enum callerenvelope_status callerenvelope_merge(struct callerenvelope *ce, bool facts);

void callerenvelope_free(struct callerenvelope *ce);

#endif
