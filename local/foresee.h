/* foresee.h - what would stop an instruction, while there is no message yet
 *
 * For explanations and for answers to RCPT: as the user and in his home.
 */
#ifndef OWL_LOCAL_FORESEE_H
#define OWL_LOCAL_FORESEE_H

#include "local/plan.h"
#include "local/store/quotas.h"

enum foreseen {
  FORESEEN_NOTHING, /* a forward or a program cannot be looked at: nothing, too */
  FORESEEN_TROUBLE, /* *v is the deferral */
  FORESEEN_FULL     /* *v is what mailboxes without room end with */
};

enum foreseen foresee(const struct plan *p, const struct instruction *one, const struct mailbox *box,
                      const struct quotas_view *how, struct verdict *v);

#endif
