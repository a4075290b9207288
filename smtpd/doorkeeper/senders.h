/* senders.h - whom owl-smtpd takes mail from */
#ifndef OWL_SENDERS_H
#define OWL_SENDERS_H

#include "smtpd/doorkeeper/settings.h"

/* senders_refuse(): 1 and *why, a literal: a client that greets with this name
 * (badhelo), or this sender (badmailfrom), is refused; 0; or -1 without memory.
 * The null sender is never refused. */
int senders_refuse(const struct settings *s, struct text helo, struct text sender, struct facts *f, const char **why);

#endif
