/* iofd.h - whole reads and writes on descriptors, with a time limit
 *
 * Limits are in milliseconds for the whole call; IO_FOREVER waits without
 * end.  EINTR is handled.  On failure -1 and errno; ETIMEDOUT when the limit
 * ran out.
 */
#ifndef OWL_IOFD_H
#define OWL_IOFD_H

#include <stddef.h>
#include <sys/types.h>
#include "lib/owfat.h"

enum { IO_FOREVER = -1 };

/* io_wait(): until one of the poll(2) events is there.  0, or -1. */
int io_wait(int fd, short events, int limit_ms);

/* io_read(): waits, then reads once.  Octets, 0 at the end, or -1. */
ssize_t io_read(int fd, void *to, size_t size, int limit_ms);

/* io_write_all(): all of it.  0, or -1; then part of it may have gone. */
int io_write_all(int fd, const void *octets, size_t len, int limit_ms);

/* io_slurp(): appends everything until the end of file, at most max octets.
 * 0, or -1; EFBIG when there is more than max. */
int io_slurp(int fd, stralloc *out, size_t max, int limit_ms);

/* io_pread_all(): exactly len octets at offset.  0, or -1; EIO when the file
 * is shorter. */
int io_pread_all(int fd, void *to, size_t len, off_t offset);

int io_set_nonblocking(int fd);
int io_set_cloexec(int fd);

#endif
