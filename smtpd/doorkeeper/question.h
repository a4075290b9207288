/* question.h - ask delivery whether it would take a local address
 *
 * The connection to RUNDIR/rcpt/socket (owlpost-door(7)) is made for the first
 * question and kept for the session's others.
 */
#ifndef OWL_QUESTION_H
#define OWL_QUESTION_H

#include "lib/door.h"

struct question {
  const char *path; /* of the socket */
  int fd;           /* -1: not connected */
  struct frame_reader reader;
};

void question_open(struct question *q, const char *path);

/* question_ask(): the answer's texts hold until the next call.  A connection
 * that has broken is made again once.  0, or -1 with errno. */
int question_ask(struct question *q, struct text address, int limit_ms, struct result *answer);

void question_close(struct question *q);

#endif
