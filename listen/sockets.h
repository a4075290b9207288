/* sockets.h - the listening sockets, bound here or handed over
 *
 * All are close-on-exec and do not block.  Failures are told by errno.
 */
#ifndef OWL_SOCKETS_H
#define OWL_SOCKETS_H

#include <stddef.h>
#include "listen/endpoint.h"

enum { SOCKETS_MAX = 64 };

struct sockets {
  int fds[SOCKETS_MAX];
  unsigned words[SOCKETS_MAX]; /* of each: enum endpoint_words */
  size_t count;
};

/* sockets_bind(): adds one; an IPv6 socket takes no IPv4 connections.  0 or -1. */
int sockets_bind(struct sockets *s, const struct endpoint *e);

/* sockets_inherit(): adds those of LISTEN_FDS, where LISTEN_PID is this
 * process (sd_listen_fds(3)), and takes the variables out of the environment.
 * A name in LISTEN_FDNAMES is words of endpoint.h; others say nothing.
 * 1; 0: there are none; -1: one is no listening stream socket. */
int sockets_inherit(struct sockets *s);

/* sockets_bequeath(): makes the next program's sockets_inherit() find them:
 * moves them to descriptors from 3 on, where nothing else may be open.  0 or -1. */
int sockets_bequeath(struct sockets *s);

void sockets_close(struct sockets *s);

#endif
