/* livefacts.h - what the running runner knows of the destination of a
 * sender's mail for an address */
#ifndef OWL_OWLQ_LIVEFACTS_H
#define OWL_OWLQ_LIVEFACTS_H

#include "lib/control.h"
#include "lib/fact.h"

/* livefacts(): notes it, or why the runner cannot be asked. */
void livefacts(struct facts *f, struct control *c, struct text sender, struct text address);

#endif
