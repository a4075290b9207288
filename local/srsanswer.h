/* srsanswer.h - is this an SRS address that this host has made?
 *
 * The runner sends its mail on to whom it stands for (lib/srsrules.h); so a
 * worker gets only what does not check, and who asks before is told the same.
 */
#ifndef OWL_LOCAL_SRSANSWER_H
#define OWL_LOCAL_SRSANSWER_H

#include "local/settings.h"
#include "local/verdict.h"

/* srsanswer_find(): false: it is no SRS address at a domain of srsdomains; true:
 * *v is the answer.  The address is hostile.  Takes no time worth a process. */
bool srsanswer_find(struct text address, const struct settings *s, struct verdict *v);

#endif
