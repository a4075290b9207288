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
  CALLERENVELOPE_NO_MEMORY
};

/* callerenvelope_read(): F sender NUL, (T recipient NUL)*, NUL, and nothing
 * else.  *ce must be zeroed.  Hostile input. */
enum callerenvelope_status callerenvelope_read(struct callerenvelope *ce, int fd,
                                               uint64_t recipients_max);

/* callerenvelope_parse(): the same from octets in ce->classic. */
enum callerenvelope_status callerenvelope_parse(struct callerenvelope *ce, uint64_t recipients_max);

/* callerenvelope_add_extra(): adds what the descriptor whose number is in the
 * string gives: terms of the message and of recipients that are still there,
 * and, when facts is true, who the client was.  A descriptor that a filter
 * lost, or that holds something else, adds nothing. */
void callerenvelope_add_extra(struct callerenvelope *ce, const char *descriptor, bool facts);

/* callerenvelope_merge(): the same from octets in ce->extra. */
void callerenvelope_merge(struct callerenvelope *ce, bool facts);

void callerenvelope_free(struct callerenvelope *ce);

#endif
