/* pool.h - one ready injector: many messages at a time, in one process
 *
 * While it waits for the disk others of its kind take what comes; what has come
 * for it meanwhile shares the next sync.
 */
#ifndef OWL_QUEUED_POOL_H
#define OWL_QUEUED_POOL_H

#include <signal.h>
#include <sys/types.h>

enum { POOL_GUESTS_MAX = 1000 };

struct pool {
  int listener;  /* does not block; others may hold it, too */
  int queue_fd;
  uid_t doorkeeper; /* nobody else is served */
  const volatile sig_atomic_t *is_ending; /* set by a signal that is blocked but while pool_run() waits */
  const sigset_t *mask_while_waiting;
};

/* pool_run(): until it is told to end: then what waits at the socket is taken, what
 * has begun is finished, within POOL_ENDS_S.  0, or -1 with errno. */
enum { POOL_ENDS_S = 10 };
int pool_run(const struct pool *p);

#endif
