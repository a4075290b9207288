/* ownfile.h - open a file of ours in a folder of the mailbox's user
 *
 * Another user cannot make us follow a link or wait for a FIFO.  What the file
 * says is hostile all the same: its user may have written anything.
 */
#ifndef OWL_MAILBOX_OWNFILE_H
#define OWL_MAILBOX_OWNFILE_H

#include <sys/stat.h>

enum { OWNFILE_MODE = 0600 }; /* of what O_CREAT makes */

/* ownfile_open(): its descriptor, with what fstat(2) says; or -1 with errno, as
 * openat(2) sets it; EPERM: it is another user's, or no plain file. */
int ownfile_open(int folder, const char *name, int flags, struct stat *st);

#endif
