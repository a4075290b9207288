/* trouble.h - what it is in a Maildir that cannot be opened */
#ifndef OWL_MAILBOX_TROUBLE_H
#define OWL_MAILBOX_TROUBLE_H

#include "mailbox/mailbox.h"

/* trouble_put(): behind mailbox_open() that failed with this error: appends "PATH/PART:
 * REASON", where the part is the first that gives the same error once more, or "PATH:
 * REASON" where none does.  path: what the user calls the Maildir.  0, or -1 without memory. */
int trouble_put(stralloc *out, const struct mailbox *m, const char *path, int error);

#endif
