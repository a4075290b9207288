/* configuration.h - what the listener reads of the control files, all or nothing */
#ifndef OWL_CONFIGURATION_H
#define OWL_CONFIGURATION_H

#include "smtpd/doorkeeper/settings.h"
#include "smtpd/listen/limits.h"

struct configuration {
  struct settings settings;
  struct limits limits;
};

/* configuration_load(): fills *c from all files.  0, or -1: *c is as before and
 * *why says which file is wrong. */
int configuration_load(struct configuration *c, stralloc *why);

void configuration_free(struct configuration *c);

#endif
