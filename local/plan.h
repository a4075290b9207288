/* plan.h - what is to be done with mail for a mailbox: its .qmail file, its
 * .forward file, or the default delivery; or what an alias stands for */
#ifndef OWL_LOCAL_PLAN_H
#define OWL_LOCAL_PLAN_H

#include "local/instruction.h"
#include "local/mailbox.h"

/* Of instructions that are folders the value has become the path. */
struct plan {
  struct instructions instructions;
  bool is_default; /* a Maildir that is missing may be made */
  bool by_default_file; /* of a file .qmail-...default, which stands for what */
  size_t default_at;    /* the mailbox's ext has from here on */
  stralloc *paths;      /* of folders: what such instructions point to */
  size_t path_count;
};

/* plan_load(): in the user's home.  *p must be zeroed or freed before; free it
 * whatever comes back.  0, or -1 with *v. */
int plan_load(struct plan *p, const struct mailbox *box, bool sticky_matters, struct verdict *v);

void plan_free(struct plan *p);

#endif
