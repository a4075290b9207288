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
 * filter lost, or that is no plain file, gives nothing. */
void callerenvelope_load_extra(struct callerenvelope *ce, const char *descriptor);

/* callerenvelope_names_client(): whether the extra envelope says that the
 * message came from a network client. */
bool callerenvelope_names_client(const struct callerenvelope *ce);

/* callerenvelope_merge(): adds what the extra envelope gives: terms of the
 * message and of recipients that are still there, the domain of a mailbox that
 * sends it on, and, when facts is true, who the client was.  What does not decode adds nothing.  Terms that this version
 * does not know are kept, but a critical one is refused, which could only be
 * held, as is more than a few of them: the runner reads whole envelopes. */
enum callerenvelope_status callerenvelope_merge(struct callerenvelope *ce, bool facts);

void callerenvelope_free(struct callerenvelope *ce);

#endif
