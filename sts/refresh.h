/* refresh.h - fetch again what is kept, before it ends (RFC 8461 10.2) */
#ifndef OWL_STS_REFRESH_H
#define OWL_STS_REFRESH_H

#include "sts/settings.h"

/* refresh_one(): fetches the policy of a domain and keeps it under this id, or
 * notes why it could not; another one who does the same is waited for, and what
 * he got counts.  0: it is in the files. */
int refresh_one(int folder, const char *domain, const char *id, const struct settings *s);

/* refresh_all(): takes away what is over, fetches what was not fetched today,
 * and says which could not be.  0, or -1 when the folder cannot be read. */
int refresh_all(int folder, const struct settings *s);

#endif
