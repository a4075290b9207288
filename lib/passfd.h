/* passfd.h - descriptors through Unix sockets (SCM_RIGHTS); plain C */
#ifndef OWL_PASSFD_H
#define OWL_PASSFD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct msghdr;

/* passfd_receive(): like read(), without waiting; *fd becomes the descriptor that
 * came with the octets, close-on-exec, or stays as it is.  Whoever sent them may be
 * hostile: further ones, and any where *fd is one already, are closed. */
ssize_t passfd_receive(int from, void *to, size_t size, int *fd);

/* passfd_keep(): of what recvmsg() has filled.  The descriptors are appended to fds, of
 * which there are *count, until there are so many; whatever else came is closed.  false:
 * not all that was sent is there. */
bool passfd_keep(const struct msghdr *m, int *fds, unsigned *count, unsigned most);

/* passfd_send(): like send(), without waiting and without SIGPIPE; fd, unless it is -1, goes
 * with the first octet. */
ssize_t passfd_send(int to, const void *octets, size_t len, int fd);

#endif
