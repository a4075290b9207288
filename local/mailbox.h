/* mailbox.h - whom this process delivers for: all that owl-lspawn found out
 *
 * Views; what they point to lives as long as the process.
 */
#ifndef OWL_LOCAL_MAILBOX_H
#define OWL_LOCAL_MAILBOX_H

#include <stdint.h>
#include "lib/text.h"

struct mailbox {
  const char *user, *home, *local, *dash, *ext, *host;
  const char *default_delivery;
  uint64_t program_limit_s; /* of a program's life; 0: none */
  const char *aliases; /* the database that it is delivered by, or NULL: .qmail files */
  bool dotforward;     /* whether ~/.forward counts */
  const char *quota;        /* of Maildirs that have none of their own; NULL: none */
  bool full_defers;         /* what does not fit in a Maildir: a failure otherwise */
  bool ext_is_folder;       /* an extension without a .qmail file is a folder's name */
  uint64_t folders_max;     /* one is made for it while there are fewer */
};

/* The lines that are put in front of a message, without LF, appended. */
int mailbox_cat_delivered_to(stralloc *out, const struct mailbox *box);
int mailbox_cat_return_path(stralloc *out, struct text sender);

/* mailbox_cat_from_line(): the line that begins a message in an mbox, with the
 * time of now in UTC, as asctime() writes it. */
int mailbox_cat_from_line(stralloc *out, struct text sender);

#endif
