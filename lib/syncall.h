/* syncall.h - fsync of several files at a time
 *
 * One after another each would wait for a flush of the disk of its own; asked for at once
 * they share it.
 */
#ifndef OWL_SYNCALL_H
#define OWL_SYNCALL_H

#include <stddef.h>

enum { SYNCALL_MAX = 64 };

/* syncall(): returns when all are done; errors[i] is 0, or the errno of fds[i].  count
 * is at most SYNCALL_MAX. */
void syncall(const int *fds, int *errors, size_t count);

#endif
