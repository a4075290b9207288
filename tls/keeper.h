/* keeper.h - the zygote's side of resume.h, for all its children
 *
 * A seat is the socket to one child.  It is given up when the child closes its
 * end or says what it may not.
 */
#ifndef OWL_TLS_KEEPER_H
#define OWL_TLS_KEEPER_H

#include <poll.h>
#include "tls/resume.h"

struct keeper_seat {
  int fd;
  struct resume_seat seat;
};

struct keeper {
  struct sessions *sessions;
  struct keeper_seat *seats;
  unsigned count, max;
};

/* 0, or -1: no memory. */
int keeper_open(struct keeper *k, unsigned max);

/* The child's end of a new seat, close-on-exec, or -1: it goes on without. */
int keeper_seat(struct keeper *k);

/* keeper_polls(): fills one pollfd for each seat.  keeper_serve(): those that are
 * ready; the seats must be as they were. */
void keeper_polls(const struct keeper *k, struct pollfd *polls);
void keeper_serve(struct keeper *k, const struct pollfd *polls);

#endif
