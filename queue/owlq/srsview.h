/* srsview.h - what the sender of a message becomes on its way to other hosts
 * (lib/srsrules.h) */
#ifndef OWL_OWLQ_SRSVIEW_H
#define OWL_OWLQ_SRSVIEW_H

#include "lib/control.h"
#include "lib/envelope.h"
#include "lib/fact.h"

/* srsview_sender(): 1: *out is the sender, with today's stamp; 0: he keeps his
 * address; -1: c->error says why it is not known, as where the secret may not be
 * read. */
int srsview_sender(struct control *c, const struct envelope *e, uint64_t now_us, stralloc *out);

/* srsview_note(): the fact "srsdomains": what a mailbox of this domain sends on
 * to other hosts gets another sender; sender may be empty.  None when it does
 * not. */
void srsview_note(struct facts *f, struct control *c, struct text domain, struct text sender, uint64_t now_us);

#endif
