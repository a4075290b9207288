/* iofd.h - whole reads and writes on descriptors, with a time limit
 *
 * Limits are in milliseconds for the whole call; IO_FOREVER waits without
 * end.  EINTR is handled.  On failure -1 and errno; ETIMEDOUT when the limit
 * ran out.
 */
#ifndef OWL_IOFD_H
#define OWL_IOFD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "lib/owfat.h"

enum { IO_FOREVER = -1 };

/* io_deadline(), io_remaining_ms(): one limit that several calls share. */
uint64_t io_deadline(int limit_ms);
int io_remaining_ms(uint64_t deadline);

/* io_limit_ms(): seconds, as control files give them, as a limit; saturates. */
int io_limit_ms(uint64_t seconds);

/* io_wait(): until one of the poll(2) events is there.  0, or -1. */
int io_wait(int fd, short events, int limit_ms);

/* io_read(): waits, then reads once.  Octets, 0 at the end, or -1. */
ssize_t io_read(int fd, void *to, size_t size, int limit_ms);

/* io_write_all(): all of it.  0, or -1; then part of it may have gone.  With a
 * limit it writes PIPE_BUF octets at a time, so that the limit holds on a
 * descriptor that blocks, too. */
int io_write_all(int fd, const void *octets, size_t len, int limit_ms);

/* io_slurp(): appends everything until the end of file.  0, or -1; EFBIG when
 * there is more than max octets.  What was read before a failure is there. */
int io_slurp(int fd, stralloc *out, size_t max, int limit_ms);

/* io_slurp_at(), io_slurp_file(): the same of a file; flags are further ones of
 * openat(2).  A FIFO without O_NONBLOCK blocks. */
int io_slurp_at(int folder_fd, const char *path, int flags, stralloc *out, size_t max);
int io_slurp_file(const char *path, stralloc *out, size_t max);

/* io_to_memory(): all that comes until the end of file, in a memory file that can
 * be read as often as wanted.  Its descriptor, close-on-exec, or -1. */
int io_to_memory(int fd);

/* io_pread_all(): exactly len octets at offset.  0, or -1; EIO when the file
 * is shorter. */
int io_pread_all(int fd, void *to, size_t len, off_t offset);

/* io_next_data(): the offset, from at to end, of the next octets of a file that
 * are not known to be a hole; end when there are none.  Moves the descriptor's
 * own offset. */
uint64_t io_next_data(int fd, uint64_t at, uint64_t end);

/* io_sync_folder(): fsync of the folder at path, from the folder at (or
 * AT_FDCWD).  0, or -1. */
int io_sync_folder(int at, const char *path);

/* io_folder_of(): appends the folder that a path lies in ("a/." of "a/b", "." of
 * "b"), NUL-terminated.  io_sync_above(): fsync of it.  0, or -1 with errno. */
int io_folder_of(stralloc *out, const char *path);
int io_sync_above(const char *path);

int io_set_nonblocking(int fd);
int io_set_cloexec(int fd);

#endif
