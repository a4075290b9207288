/* mailbox.h - whom this process delivers for: all that owl-lspawn found out
 *
 * Views; what they point to lives as long as the process.
 */
#ifndef OWL_LOCAL_MAILBOX_H
#define OWL_LOCAL_MAILBOX_H

#include "lib/text.h"

struct mailbox {
  const char *user, *home, *local, *dash, *ext, *host;
  const char *default_delivery;
};

/* The lines that are put in front of a message, without LF, appended. */
int mailbox_cat_delivered_to(stralloc *out, const struct mailbox *box);
int mailbox_cat_return_path(stralloc *out, struct text sender);

#endif
