/* passfd.h - descriptors through Unix sockets (SCM_RIGHTS); plain C */
#ifndef OWL_PASSFD_H
#define OWL_PASSFD_H

#include <stddef.h>
#include <sys/types.h>

/* passfd_receive(): like read(), without waiting; *fd becomes the descriptor that
 * came with the octets, close-on-exec, or stays as it is.  One that comes where
 * *fd is one already is closed. */
ssize_t passfd_receive(int from, void *to, size_t size, int *fd);

/* passfd_send(): like send(), without waiting and without SIGPIPE; fd, unless it is -1, goes
 * with the first octet. */
ssize_t passfd_send(int to, const void *octets, size_t len, int fd);

#endif
