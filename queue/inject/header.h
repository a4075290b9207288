/* injectheader.h - the header that goes out, and the recipients it names
 *
 * Addresses are completed; Bcc, Resent-Bcc, Return-Path and Content-Length are
 * left out; Date, Message-ID, From and Cc, or their Resent- forms, are added
 * where they are missing.  Everything else stays octet for octet.  Input is
 * hostile.
 */
#ifndef OWL_QUEUE_INJECTHEADER_H
#define OWL_QUEUE_INJECTHEADER_H

#include "lib/queueid.h"
#include "queue/inject/author.h"
#include "queue/inject/recipients.h"

struct injectheader_order {
  const struct injectauthor *author;
  struct text from;    /* address for a From that is missing; absent: the author's */
  bool use_recipients; /* the message goes to those of the header */
  bool use_sender;     /* Return-Path may name the sender */
  uint64_t now_us;
  const struct queueid *id; /* for a Message-ID that is missing */
};

struct injectheader {
  stralloc header; /* without the empty line behind it */
  struct injectrecipients recipients;
  stralloc sender;
  bool has_sender; /* sender is that of Return-Path, perhaps empty */
};

/* injectheader_make(): *h must be zeroed, but may have recipients.  A field that cannot be parsed is a
 * failure when its addresses are needed, and stays as it is otherwise. */
enum inject_outcome injectheader_make(struct injectheader *h, const struct injectheader_order *order,
                                      struct text header, stralloc *why);

void injectheader_free(struct injectheader *h);

#endif
