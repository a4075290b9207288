/* attempts.h - everything that a message's log tells, by recipient */
#ifndef OWL_OWLQ_ATTEMPTS_H
#define OWL_OWLQ_ATTEMPTS_H

#include "queue/message.h"

/* Instead of a recipient's number: what concerns the whole message. */
#define ATTEMPTS_MESSAGE SIZE_MAX

struct attempt {
  struct logrecord record; /* its texts lie in the message's log */
  size_t recipient, place; /* place: in the log */
};

struct attempts {
  struct attempt *each; /* owned */
  size_t count, space;
};

/* attempts_read(): of a loaded message; 0, or -1 without memory. */
int attempts_read(struct attempts *a, const struct message *m);

/* attempts_of(): those of one recipient, in the order of the log: how many, from
 * *first. */
size_t attempts_of(const struct attempts *a, size_t recipient, size_t *first);

void attempts_free(struct attempts *a);

#endif
