/* unixsock.h - Unix sockets by path, of any length
 *
 * A path over the 107 octets that sun_path holds is reached through
 * /proc/self/fd.
 */
#ifndef OWL_UNIXSOCK_H
#define OWL_UNIXSOCK_H

#include <sys/types.h>

enum { UNIXSOCK_CONNECT_MS = 5000 };

/* unixsock_listen(): a listening stream socket, close-on-exec, with this mode;
 * a socket that nobody listens at is replaced, any other file is left alone.
 * Descriptor, or -1 with errno (EADDRINUSE). */
int unixsock_listen(const char *path, mode_t mode, int backlog);

/* unixsock_listen_in(): the socket RUNDIR/NAME/socket, which everybody may write to
 * who may enter the folder; that is its maker's business: where we are not root
 * a missing one is made, for us alone.  A listener that is going down is waited
 * for, UNIXSOCK_CONNECT_MS.  Does not block.  Descriptor, or -1 with errno. */
int unixsock_listen_in(const char *rundir, const char *name);

/* unixsock_connect(): descriptor, close-on-exec, or -1 with errno; ETIMEDOUT
 * when the listener's backlog stays full for UNIXSOCK_CONNECT_MS.
 * unixsock_connect_within(): the same with a limit of its own; 0: none. */
int unixsock_connect(const char *path);
int unixsock_connect_within(const char *path, int limit_ms);

/* unixsock_connect_in(): the same, to the socket RUNDIR/NAME/socket of a service. */
int unixsock_connect_in(const char *rundir, const char *name, int limit_ms);

/* unixsock_pair(): a stream socketpair, both ends close-on-exec.  0 or -1. */
int unixsock_pair(int pair[2]);

#endif
