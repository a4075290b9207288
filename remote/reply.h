/* reply.h - read an SMTP server's reply (RFC 5321 4.2) within a fixed amount of memory
 *
 * Octets are fed as they come; no call waits.  A reply ends with the first line
 * whose code is not followed by '-'.  A line may end with LF alone: servers
 * that send one exist, and nothing else can be meant.  The text is kept up to
 * REPLY_TEXT_MAX octets, lines divided by LF, with every control octet replaced
 * by '?'; what is over is read and dropped.  Input is hostile.
 */
#ifndef OWL_REPLY_H
#define OWL_REPLY_H

#include "lib/result.h"

enum {
  REPLY_TEXT_MAX = RESULT_TEXT_MAX,
  REPLY_OCTETS_MAX = 65536 /* of the whole reply: a server without end is given up */
};

enum reply_status {
  REPLY_MORE, /* everything was taken, and the reply goes on */
  REPLY_DONE,
  REPLY_MALFORMED /* no code, codes of two kinds, or over REPLY_OCTETS_MAX */
};

struct reply {
  unsigned code; /* of the last line, 200 to 599 */
  stralloc text; /* owned */
  /* the parser's place */
  unsigned line_code, first_digit;
  size_t octets, column;
  bool continued, after_cr;
};

/* reply_begin(): makes ready for the next reply; keeps the memory. */
void reply_begin(struct reply *r);

/* reply_feed(): takes octets from the front of *in, none behind the reply's
 * end. */
enum reply_status reply_feed(struct reply *r, struct text *in);

/* reply_line(): the next line of the text, cut from the front of *rest. */
bool reply_line(struct text *rest, struct text *line);

enum { STATUS_MAX = 12 }; /* "5.123.123" and NUL, with room */

/* reply_enhanced(): the RFC 3463 code that a line starts with, if its class is
 * the reply's own (RFC 2034 4); false when there is none. */
bool reply_enhanced(const struct reply *r, char status[STATUS_MAX]);

void reply_free(struct reply *r);

#endif
