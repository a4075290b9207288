/* aliasplan.h - plans that come from the database of aliases
 *
 * For a process that delivers by it: box->aliases is its path, box->local the
 * name.
 */
#ifndef OWL_LOCAL_ALIAS_ALIASPLAN_H
#define OWL_LOCAL_ALIAS_ALIASPLAN_H

#include "local/plan.h"
#include "local/alias/textset.h"

/* aliasplan_load(): as plan_load(). */
int aliasplan_load(struct plan *p, const struct mailbox *box, struct verdict *v);

/* aliasplan_owner(): 1 and *owner, the address that forwarded mail comes from;
 * 0: the alias has no owner; -1 with *v. */
int aliasplan_owner(stralloc *owner, const struct mailbox *box, struct verdict *v);

/* aliasplan_check(): whether this user can read the database and the name is in
 * it.  0, or -1 with *v. */
int aliasplan_check(const char *path, struct text name, struct verdict *v);

/* aliasplan_take(): the lines that came of it become the plan's instructions.
 * name is for messages.  0, or -1 with *v. */
int aliasplan_take(struct plan *p, const struct textset *lines, const char *name, struct verdict *v);

#endif
