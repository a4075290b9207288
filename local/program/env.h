/* env.h - the environment of a .qmail file's programs (dot-qmail(5))
 *
 * What this process has in its own, and qmail's variables, which tell of the
 * message.  Strangers choose much of their values: control octets become '?',
 * but for the LF at the end of DTLINE, RPLINE and UFLINE.
 */
#ifndef OWL_LOCAL_PROGRAM_ENV_H
#define OWL_LOCAL_PROGRAM_ENV_H

#include "local/item.h"
#include "local/plan.h"

enum { PROGRAMENV_OURS = 18 };

struct programenv {
  stralloc lines[PROGRAMENV_OURS];
  size_t count;
  char **list; /* for execve(); NULL: not made yet */
};

/* programenv_make(): *e must be zeroed or freed before; free it whatever comes
 * back.  item is the message; 0, or -1 with *v. */
int programenv_make(struct programenv *e, const struct mailbox *box, const struct plan *plan,
                    const struct item *item, struct verdict *v);
void programenv_free(struct programenv *e);

#endif
