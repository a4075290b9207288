/* queueid.h - names of messages that are unique for ever
 *
 * 16 decimal digits (arrival, wall clock, us), a point, 20 hexadecimal digits
 * (80 random bits).  The log's message number is the first 16 digits.
 */
#ifndef OWL_QUEUEID_H
#define OWL_QUEUEID_H

#include "lib/text.h"

enum { QUEUEID_DIGITS = 16, QUEUEID_LENGTH = 37, QUEUEID_FOLDERS = 256 };

struct queueid {
  char s[QUEUEID_LENGTH + 1]; /* NUL-terminated */
};

/* queueid_make(): 0, or -1 with errno when no random octets can be had. */
int queueid_make(struct queueid *id, uint64_t arrival_us);

/* queueid_from(): from a time and exactly 10 octets. */
void queueid_from(struct queueid *id, uint64_t arrival_us, const unsigned char octets[10]);

/* queueid_parse(): true when t is a well-formed id.  Hostile input. */
bool queueid_parse(struct queueid *id, struct text t);

uint64_t queueid_arrival_us(const struct queueid *id);

/* queueid_folder(): which of the QUEUEID_FOLDERS folders it waits in. */
unsigned queueid_folder(const struct queueid *id);

#endif
