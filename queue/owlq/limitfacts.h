/* limitfacts.h - which settings limit deliveries by a route, as the control
 * files have them */
#ifndef OWL_OWLQ_LIMITFACTS_H
#define OWL_OWLQ_LIMITFACTS_H

#include "lib/fact.h"
#include "lib/route.h"

void limitfacts(struct facts *f, struct control *c, const struct route *r);

#endif
