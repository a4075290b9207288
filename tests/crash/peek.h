/* peek.h - a stopped process's memory, descriptors and paths
 *
 * Functions return 0 (or octets), or -1 where it has no such thing.
 */
#ifndef OWL_CRASH_PEEK_H
#define OWL_CRASH_PEEK_H

#include <stddef.h>
#include "tests/crash/tracee.h"

ssize_t peek_octets(pid_t pid, uint64_t address, void *to, size_t len);

/* peek_path(): the path that a call means by (dirfd, address), absolute,
 * without "." and "..".  An empty one, or /proc/self/fd/N, is the descriptor's. */
int peek_path(pid_t pid, int dirfd, uint64_t address, char out[PATH_SPACE]);

/* peek_descriptor(): where fd leads: a path, "socket:[N]", "pipe:[N]"... */
int peek_descriptor(pid_t pid, int fd, char out[PATH_SPACE]);

/* peek_inode(): of what fd leads to; 0: none, and then no plain file or folder. */
uint64_t peek_inode(pid_t pid, int fd, bool *folder);

/* peek_offset(): where fd stands. */
int64_t peek_offset(pid_t pid, int fd);

/* peek_open(): fd's file, opened by us for reading. */
int peek_open(pid_t pid, int fd);

#endif
