/* reply.h - an SMTP reply (RFC 5321 4.2) with its enhanced status code (RFC 2034) */
#ifndef OWL_REPLY_H
#define OWL_REPLY_H

#include "lib/result.h"

enum reply_next {
  NEXT_COMMAND,
  NEXT_DATA,  /* read the message */
  NEXT_CHUNK, /* read the octets of BDAT, then reply */
  NEXT_TLS,   /* end after this reply: TLS begins */
  NEXT_END    /* hang up after this reply */
};

struct reply {
  unsigned code;
  struct text status; /* "5.5.1", or absent where RFC 2034 asks for none */
  struct text text;   /* lines divided by LF; octets below 32 are cleaned away */
  enum reply_next next;
};

enum { REPLY_LINE_MAX = 512 }; /* with CRLF, RFC 5321 4.5.3.1.5; what is longer is cut */

struct reply reply_say(unsigned code, const char *status, const char *text);
struct reply reply_hang_up(unsigned code, const char *status, const char *text);

/* reply_of(): what a result says; a class without code gets 250, 451 or 550. */
struct reply reply_of(const struct result *r);

/* reply_cat(): appends the lines as they are sent.  0, or -1 without memory. */
int reply_cat(stralloc *out, const struct reply *r);

#endif
