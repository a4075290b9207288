/* settings.h - what asking next hops about recipients needs to know */
#ifndef OWL_VERIFY_SETTINGS_H
#define OWL_VERIFY_SETTINGS_H

#include "lib/route.h"

struct verify_settings {
  struct route_table routes;
  stralloc rundir, sender;     /* NUL-terminated, the NUL not counted */
  uint64_t yes_s, no_s;        /* how long such answers are kept */
};

/* verify_settings_load(): in place of what *s has (zeroed at first), or on
 * failure nothing changes.  0, or -1 with c->error set. */
int verify_settings_load(struct verify_settings *s, struct control *c);

#endif
