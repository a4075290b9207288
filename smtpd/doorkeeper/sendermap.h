/* sendermap.h - who may send as whom: the control file sendermap
 *
 *   bob@example.org:bob alice     these users
 *   @example.org:=                user NAME, or NAME@example.org, as NAME@example.org
 *   @lists.example.org:*          whoever has logged in
 *   :=                            at every other domain
 *
 * Of the sender's address, its domain and the empty key the first that has a
 * line decides.  ASCII case is ignored.  Without a line whoever has logged in may
 * send as anybody.  Where nothing matches, nobody may.  The null sender is
 * everybody's: notifications have it.
 */
#ifndef OWL_SENDERMAP_H
#define OWL_SENDERMAP_H

#include "lib/fact.h"
#include "lib/list.h"

/* sendermap_allows(): 1, 0, or -1 without memory. */
int sendermap_allows(const struct list *map, struct text user, struct text sender, struct facts *f);

#endif
