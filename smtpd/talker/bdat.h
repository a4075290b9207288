/* bdat.h - BDAT, the message in chunks (RFC 3030 2)
 *
 * A chunk's octets follow the command at once, so they are read whatever the
 * reply is.  A BDAT that is refused ends the transaction: what the client has
 * sent behind it already can never pass for the whole of a message.  Where the
 * size cannot be read nobody knows where the next command begins, and the
 * session ends.
 */
#ifndef OWL_BDAT_H
#define OWL_BDAT_H

#include <stdint.h>
#include "smtpd/talker/reply.h"

struct session;

enum bdat_state {
  BDAT_NONE,  /* the transaction has had no chunk */
  BDAT_FIRST, /* the pipe is open, its first chunk is to be read */
  BDAT_TAKING /* the pipe is open, and holds chunks */
};

struct bdat {
  enum bdat_state state;
  uint64_t left; /* octets of the chunk that are yet to be read */
  bool last;
};

/* bdat_parse(): "SIZE" or "SIZE LAST", SIZE at most INT64_MAX.  0, or -1. */
int bdat_parse(struct bdat *b, struct text argument);

/* bdat_command(): the reply's next is NEXT_CHUNK, its code 250 where the octets
 * may go into the pipe; or it hangs up. */
struct reply bdat_command(struct session *s, struct text argument);

#endif
