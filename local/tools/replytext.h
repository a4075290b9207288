/* replytext.h - the message that owl-autoreply sends
 *
 * The user's text may start with header fields: when its first line is a From,
 * Subject or Reply-To, lines up to an empty one are the header, and may hold
 * these three.  The rest is the body, UTF-8.  The header that is answered is
 * hostile: of its Subject at most REPLYTEXT_SUBJECT_MAX octets and of its
 * Message-ID and References well-formed identifiers are taken.
 */
#ifndef OWL_LOCAL_TOOLS_REPLYTEXT_H
#define OWL_LOCAL_TOOLS_REPLYTEXT_H

#include <stdint.h>
#include "lib/queueid.h"
#include "lib/text.h"

enum {
  REPLYTEXT_SUBJECT_MAX = 200,
  REPLYTEXT_LINE_MAX = 998, /* octets, RFC 5322 2.1.1 */
  REPLYTEXT_REFERENCES_MAX = 20
};

struct replyorder {
  struct text text;    /* of the user */
  struct text subject; /* absent: that of the text, else "Auto: " and that of the header */
  struct text from;    /* absent: that of the text, else own */
  struct text own;     /* the user's address, without quoting */
  struct text to;      /* the same for the sender */
  struct text header;  /* that is answered */
  uint64_t now_us;
  const struct queueid *id; /* for Message-ID */
};

enum replytext_status { REPLYTEXT_OK, REPLYTEXT_MALFORMED, REPLYTEXT_NO_MEMORY };

/* replytext_make(): appends the message.  *why gets a constant sentence about
 * the user's text or addresses after REPLYTEXT_MALFORMED. */
enum replytext_status replytext_make(stralloc *out, const struct replyorder *o, const char **why);

#endif
