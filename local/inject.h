/* inject.h - put a message of ours into the queue */
#ifndef OWL_LOCAL_INJECT_H
#define OWL_LOCAL_INJECT_H

#include "lib/envelope.h"
#include "local/body.h"
#include "local/verdict.h"

/* inject_message(): the lines of head, then the body, through lib/injector.h.
 * 0 when the message is in the queue; -1 with *v, the injector's own words
 * among them, when it is not.  SIGPIPE must be ignored. */
int inject_message(struct text head, const struct body *body, const struct envelope *e, struct verdict *v);

#endif
