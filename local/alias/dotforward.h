/* dotforward.h - ~/.forward, for sites that come from Sendmail or Postfix
 *
 * Where the control file dotforward allows it, it counts for mail without an
 * extension, when there is no .qmail file.  Delivery and the answer to a RCPT
 * question both ask dotforward_open().  The current folder must be the user's
 * home.  Its form is that of an included file of aliases; the user's own name
 * means the default delivery.
 */
#ifndef OWL_LOCAL_ALIAS_DOTFORWARD_H
#define OWL_LOCAL_ALIAS_DOTFORWARD_H

#include "local/plan.h"

/* dotforward_open(): 1: open at *fd, the caller closes it; 0: no such file; -1
 * with the deferral in *v, also when it belongs to somebody else or others can
 * write to it. */
int dotforward_open(int *fd, struct verdict *v);

/* dotforward_load(): 1: *p is what it says; 0: there is none, or nothing in it;
 * -1 with *v. */
int dotforward_load(struct plan *p, const struct mailbox *box, struct verdict *v);

#endif
