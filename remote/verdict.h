/* verdict.h - a result with memory of its own
 *
 * struct result (lib/result.h) is made of views; a verdict keeps what they
 * point at until it is reported.  Class, status and code are always kept; a
 * text for which there is no memory is left out.
 */
#ifndef OWL_VERDICT_H
#define OWL_VERDICT_H

#include "lib/fact.h"
#include "remote/reply.h"

struct verdict {
  enum result_class class;
  char status[STATUS_MAX];
  unsigned code; /* of the server's reply, or 0 */
  stralloc text, host, address; /* owned */
};

/* verdict_set(): ours; who and its address are forgotten. */
void verdict_set(struct verdict *v, enum result_class class, const char *status, const char *text);

/* verdict_add(): more text; theirs is cleaned. */
void verdict_add(struct verdict *v, const char *ours);
void verdict_add_text(struct verdict *v, struct text theirs);

/* verdict_who(): the server that the verdict is about. */
void verdict_who(struct verdict *v, struct text host, struct text address);

/* verdict_of_reply(): the server's.  2xx success, 4xx deferral, 5xx failure;
 * any other code says nothing about the mail, so it is a deferral.  The status
 * is the reply's own, else the one that RFC 3463 has for its code. */
void verdict_of_reply(struct verdict *v, const struct reply *r);

/* verdict_defer(): turns it into a deferral, with this status where its own
 * does not fit.  The words stay. */
void verdict_defer(struct verdict *v, const char *status);

/* verdict_copy(): from a carrier's result, which has been checked. */
void verdict_copy(struct verdict *v, const struct result *r);

/* verdict_result(): views, valid until the verdict changes. */
struct result verdict_result(const struct verdict *v);

void verdict_free(struct verdict *v);

#endif
