/* passfd.h - descriptors through Unix sockets (SCM_RIGHTS) */
#ifndef OWL_TLS_PASSFD_H
#define OWL_TLS_PASSFD_H

#include <stddef.h>
#include <sys/types.h>

/* passfd_receive(): like read(), without waiting; *fd becomes the descriptor that
 * came with the octets, close-on-exec, or stays as it is.  One that comes where
 * *fd is one already is closed. */
ssize_t passfd_receive(int from, void *to, size_t size, int *fd);

/* passfd_send(): one octet and a descriptor, without waiting.  0, or -1. */
int passfd_send(int to, int fd);

#endif
