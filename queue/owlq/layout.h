/* layout.h - the queue's folders and files: which, whose, with which modes
 *
 * As in owlpost-queue(5), which says why.  What owlq setup makes and owlq check
 * compares.
 */
#ifndef OWL_OWLQ_LAYOUT_H
#define OWL_OWLQ_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "lib/text.h"

struct owners {
  uid_t send, smtpd;
  gid_t queue;
  bool private; /* all is one user's */
};

/* owners_find(): of a private queue, or of the machine's.  TOOL_OK, or an exit
 * code after it has said what is missing. */
int owners_find(struct owners *o, bool private);

struct place {
  char path[16]; /* from the queue's folder */
  mode_t type, mode; /* S_IFDIR..., and the rest */
  bool smtpd;    /* of owl-smtpd's user */
  bool optional; /* not made by owlq setup */
};

/* layout_place(): the n-th, folders before what lies in them.  False: there
 * are no more. */
bool layout_place(struct place *p, size_t n);

/* layout_knows(): whether something belongs there; in the queue's folder itself
 * the path begins with "./". */
bool layout_knows(const char *path);

/* layout_make(): makes it where it is missing, and gives it owner and mode.  0,
 * or -1 with errno. */
int layout_make(int queue_fd, const struct place *p, const struct owners *o);

/* layout_check(): appends to *why what is wrong with it; nothing: it is as it
 * should be.  0, or -1 without memory. */
int layout_check(stralloc *why, int queue_fd, const struct place *p, const struct owners *o);

#endif
