/* verp.h - senders that name their recipient, so that a bounce tells by its
 * address who is meant (variable envelope return paths)
 *
 * A sender PREFIX@HOST-@[] asks for it: each recipient USER@DOMAIN is sent the
 * message as from PREFIXUSER=DOMAIN@HOST.  Of the message itself the sender is
 * PREFIX@HOST.  Both are qmail's form.
 */
#ifndef OWL_VERP_H
#define OWL_VERP_H

#include "lib/text.h"

bool verp_is_wanted(struct text sender);

/* verp_plain(): who is told of the message's fate: PREFIX@HOST, or a sender
 * that does not ask for it as it is. */
struct text verp_plain(struct text sender);

/* verp_cat(): appends the sender for this recipient; where that would be longer
 * than an address may be, PREFIX@HOST.  0, or -1 without memory. */
int verp_cat(stralloc *out, struct text sender, struct text recipient);

#endif
