/* senders.h - whom owl-smtpd takes mail from */
#ifndef OWL_SENDERS_H
#define OWL_SENDERS_H

#include "smtpd/doorkeeper/settings.h"

/* senders_refuse(): the reason to refuse a client that greets with this name
 * (badhelo), or this sender (badmailfrom): a literal; or NULL.  The null sender
 * is never refused. */
const char *senders_refuse(const struct settings *s, struct text helo, struct text sender,
                           struct facts *f);

#endif
