/* child.h - the end of a child that is waited for only so long
 *
 * The child is in a session of its own, or about to be (setsid(2)): who ends it
 * ends what it has started and what has stayed with it.
 */
#ifndef OWL_CHILD_H
#define OWL_CHILD_H

#include <sys/types.h>

enum { CHILD_NO_CODE = -1 }; /* ended by a signal, or by us */

/* child_await(): its exit code, or CHILD_NO_CODE.  It is ended when limit_ms
 * (lib/iowait.h) is over, when it cannot be watched, or when the peer of beside, a
 * socket or -1, has gone.  SIGCHLD must not be ignored. */
int child_await(pid_t pid, int limit_ms, int beside);

#endif
