/* unixsock.h - Unix sockets by path, of any length
 *
 * A path over the 107 octets that sun_path holds is reached through
 * /proc/self/fd.
 */
#ifndef OWL_UNIXSOCK_H
#define OWL_UNIXSOCK_H

#include <sys/types.h>

enum { UNIXSOCK_CONNECT_S = 5 }; /* a connection that is not taken by then fails */

/* unixsock_listen(): a listening stream socket, close-on-exec, with this mode;
 * a socket that nobody listens at is replaced, any other file is left alone.
 * Descriptor, or -1 with errno (EADDRINUSE). */
int unixsock_listen(const char *path, mode_t mode, int backlog);

/* unixsock_connect(): descriptor, close-on-exec, or -1 with errno; ETIMEDOUT
 * when the listener's queue stays full. */
int unixsock_connect(const char *path);

/* unixsock_pair(): a stream socketpair, both ends close-on-exec.  0 or -1. */
int unixsock_pair(int pair[2]);

#endif
