/* mboxes.h - the mboxes that are locked at a time, each once however often and
 * under however many names a .qmail file has it */
#ifndef OWL_LOCAL_STORE_MBOXES_H
#define OWL_LOCAL_STORE_MBOXES_H

#include "local/store/mbox.h"

struct mboxes { /* zeroed at first */
  struct mbox *list;
  size_t count, space;
};

/* mboxes_append(): the path must stay valid until mboxes_close().  0, or -1
 * with the deferral in *v. */
int mboxes_append(struct mboxes *all, const char *path, const struct mailbox *box, const struct item *item,
                  struct verdict *v);

/* mboxes_sync(): as mbox_sync(). */
int mboxes_sync(struct mboxes *all, struct verdict *v);

/* mboxes_mark(), mboxes_back(): as mbox_mark(), mbox_back(), for all. */
void mboxes_mark(struct mboxes *all);
void mboxes_back(struct mboxes *all);

/* mboxes_undo(): everything since they were opened. */
void mboxes_undo(struct mboxes *all);
void mboxes_close(struct mboxes *all);

#endif
