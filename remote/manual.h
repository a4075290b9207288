/* manual.h - owl-remote without a runner: one message by hand, or a test of one
 *
 * An agent is started in a child, and gets what the runner would send it.
 */
#ifndef OWL_MANUAL_H
#define OWL_MANUAL_H

#include "lib/fact.h"
#include "remote/byhand.h"

/* Serves as an agent at that socket, which it takes over; what the process is
 * to end with. */
struct manual {
  int (*agent)(int socket, const void *context);
  const void *context;
};

/* manual_send(): the message on descriptor 0, as qmail-remote: the report goes to
 * descriptor 1.  What the process is to end with. */
int manual_send(const struct manual *m, struct byhand *b);

/* manual_test(): asks about the one recipient, and sends nothing; what came of it
 * is a fact.  0, or -1 with errno: it could not be started. */
int manual_test(const struct manual *m, struct byhand *b, struct facts *facts);

#endif
