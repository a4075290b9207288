/* answer.h - would mail for this local part be delivered?
 *
 * The answer is computed by what delivery itself uses: lookup_account(), and,
 * as that user and in his home, dotqmail_find().
 */
#ifndef OWL_LOCAL_ANSWER_H
#define OWL_LOCAL_ANSWER_H

#include "local/settings.h"
#include "local/verdict.h"

/* answer_find(): to be called in a process that ends afterwards: it becomes the
 * user and may hang as long as the user's file system does.  *v is the answer,
 * success, deferral or failure. */
void answer_find(struct text local, const struct settings *s, struct verdict *v);

#endif
