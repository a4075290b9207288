/* database.h - the cdb files beside the control files: morercpthosts, recipients
 *
 * Each look-up opens its file, so a new one counts at once, and no talker has
 * one in its memory.  A file that is absent holds nothing.
 */
#ifndef OWL_DATABASE_H
#define OWL_DATABASE_H

#include "lib/fact.h"

/* database_has_domain(): folder/morercpthosts.cdb has the domain, or ".suffix"
 * of it.  1, 0, or -1 with errno. */
int database_has_domain(const char *folder, struct text domain, struct facts *f);

/* database_refuses(): folder/recipients.cdb has the domain of this address, but
 * neither the address nor all addresses there.  1, 0, or -1 with errno. */
int database_refuses(const char *folder, struct text address, struct facts *f);

#endif
