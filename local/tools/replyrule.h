/* replyrule.h - whether a message may be answered by a program
 *
 * RFC 3834 2 and RFC 5230 4.5 to 4.7: only mail that a person has sent to this
 * user by name.  Sender and header are hostile.
 */
#ifndef OWL_LOCAL_TOOLS_REPLYRULE_H
#define OWL_LOCAL_TOOLS_REPLYRULE_H

#include "lib/text.h"

struct replycase {
  struct text sender;        /* the envelope's */
  struct text header;        /* lines end with LF */
  const struct text *own;    /* the user's addresses, without quoting */
  size_t own_count;
};

/* replyrule_objection(): why there must be no reply, a constant; NULL: none. */
const char *replyrule_objection(const struct replycase *c);

#endif
