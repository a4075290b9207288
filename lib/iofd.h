/* iofd.h - whole reads and writes on descriptors and files
 *
 * Limits are lib/iowait.h's.  On failure -1 and errno.
 */
#ifndef OWL_IOFD_H
#define OWL_IOFD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "lib/iowait.h"
#include "lib/owfat.h"

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

#endif
