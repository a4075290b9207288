/* limits.h - how many sessions there may be, and of whom */
#ifndef OWL_LIMITS_H
#define OWL_LIMITS_H

#include "lib/control.h"
#include "listen/sessions.h"

struct limits {
  uint64_t sessions, sessions_per_client; /* the latter 0: no limit */
  uint64_t bits4, bits6;
};

/* limits_load(): 0, or -1 with c->error set. */
int limits_load(struct limits *l, struct control *c);

/* limits_client(): the client that the address belongs to. */
struct ip limits_client(const struct limits *l, const struct ip *address);

/* limits_refuse(): why there may be no further session of that
 * client, or NULL.  client NULL: of one whose sessions are not limited. */
const char *limits_refuse(const struct limits *l, const struct sessions *s, const struct ip *client);

/* limits_exceeds(): whether the client has more sessions than it may. */
bool limits_exceeds(const struct limits *l, const struct sessions *s, const struct ip *client);

#endif
