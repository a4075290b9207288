/* xclient.h - XCLIENT: a client that is trusted says for whom it speaks
 * (Postfix's XCLIENT_README)
 *
 * Attributes: NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT; values in
 * xtext, [UNAVAILABLE] and [TEMPUNAVAIL] where there is none.  Hostile input.
 */
#ifndef OWL_XCLIENT_H
#define OWL_XCLIENT_H

#include "lib/door.h"

#define XCLIENT_KEYWORD "XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"

struct xclient {
  stralloc texts;              /* what the views below look into; owned */
  struct door_request request; /* for the doorkeeper */
  struct text helo, protocol;  /* for the talker; absent: not given */
};

enum xclient_status { XCLIENT_OK, XCLIENT_MALFORMED, XCLIENT_NO_MEMORY };

/* xclient_parse(): what stands behind the verb.  *x is overwritten, and to be
 * freed. */
enum xclient_status xclient_parse(struct xclient *x, struct text argument);

void xclient_free(struct xclient *x);

#endif
