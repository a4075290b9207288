/* changes.h - what this process itself changes in a folder
 *
 * Its own renames and deletions give the folders other times, and so the next look
 * would have to read them.  The kernel tells of every change (inotify(7)): where
 * there were as many as were made here, nobody else made any, and the index can
 * be written for the new times.  Only on file systems that other hosts do not
 * change; elsewhere, and where anything is in doubt, the next look reads.
 */
#ifndef OWL_MAILBOX_CHANGES_H
#define OWL_MAILBOX_CHANGES_H

#include "mailbox/mailbox.h"

/* changes_begin(): before the first change; more than once does no harm. */
void changes_begin(struct mailbox *m);

/* So many of these the kernel will have told of: a deletion is one, a rename two. */
enum { CHANGES_DELETION = 1, CHANGES_RENAME = 2 };

/* changes_end(): 1: all changes to new/ and cur/ were those, and m->time is that after
 * the last one; 0: they were not, or nobody knows.  Waits a moment, for file
 * systems tell the time in steps. */
int changes_end(struct mailbox *m);

#endif
