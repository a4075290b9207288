/* netbio.h - a BIO on a socket, with the few system calls that the sandbox allows
 *
 * recvmsg() and sendmsg() that never wait and raise no SIGPIPE, whatever the
 * descriptor's own mode is: others hold copies of it.  NULL: no memory.  Freeing
 * it does not close fd.
 */
#ifndef OWL_TLS_NETBIO_H
#define OWL_TLS_NETBIO_H

#include <openssl/bio.h>

/* Once, before the first netbio_new(), and before forks.  false: no memory. */
int netbio_prepare(void);

BIO *netbio_new(int fd);

/* socket_take(), socket_give(): like read() and write(), in that manner. */
ssize_t socket_take(int fd, void *to, size_t size);
ssize_t socket_give(int fd, const void *octets, size_t len);

#endif
