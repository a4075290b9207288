/* forward.h - send a message on to the addresses of a .qmail file, all of them
 * in one injection */
#ifndef OWL_LOCAL_FORWARD_H
#define OWL_LOCAL_FORWARD_H

#include "lib/envelope.h"
#include "local/body.h"
#include "local/plan.h"

/* One message for one recipient of ours. */
struct item {
  struct body body;
  const struct envelope *envelope;
  const struct envelope_recipient *recipient;
};

/* forward_owner(): 1: *owner is the forwarded message's sender; 0: the old one
 * stays; -1 with *v. */
int forward_owner(stralloc *owner, struct text sender, const struct mailbox *box, struct verdict *v);

/* forward_send(): Delivered-To in front; the sender is kept, or becomes
 * LOCAL-owner@HOST when there is a .qmail file for it.  0 when the message is
 * in the queue; -1 with *v when it is not. */
int forward_send(const struct item *item, const struct mailbox *box, const struct plan *plan,
                 struct verdict *v);

#endif
