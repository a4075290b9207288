/* forward.h - send a message on to the addresses of a .qmail file, all of them
 * in one injection */
#ifndef OWL_LOCAL_FORWARD_H
#define OWL_LOCAL_FORWARD_H

#include "local/item.h"
#include "local/plan.h"

/* forward_owner(): 1: *owner is the forwarded message's sender; 0: the old one
 * stays; -1 with *v. */
int forward_owner(stralloc *owner, struct text sender, const struct mailbox *box, struct verdict *v);

/* forward_send(): to the plan's first addresses, count of them.  Delivered-To in
 * front; the sender is kept, or becomes that of forward_owner().  0 when the message is
 * in the queue; -1 with *v when it is not. */
int forward_send(const struct item *item, const struct mailbox *box, const struct plan *plan,
                 size_t count, struct verdict *v);

#endif
