/* identity.h - which address a connection comes from, and what name it gives
 *
 * By the sender's domain (keys "@domain", "@.suffix" of helohosts and outgoingips),
 * else by the destination ("domain", ".suffix": the mail domain, or the relay's
 * name), else helohost and outgoingip.  Name and address are looked for apart.
 */
#ifndef OWL_IDENTITY_H
#define OWL_IDENTITY_H

#include "lib/control.h"
#include "lib/ip.h"

enum { IDENTITY_SOURCES_MAX = 2 }; /* one of each family */

struct identities {
  struct list helohosts, outgoingips;
  stralloc helohost, outgoingip;
};

struct identity {
  struct text helohost; /* a view of the identities */
  uint64_t source;      /* the number of outgoingips' line, from 1; 0: outgoingip's */
};

/* Addresses to connect from; of a family that is missing the system chooses. */
struct sources {
  struct ip ips[IDENTITY_SOURCES_MAX];
  size_t count;
};

/* identities_load(): 0, or -1 with c->error set, also for what is no address. */
int identities_load(struct identities *s, struct control *c);
void identities_free(struct identities *s);

struct identity identity_find(const struct identities *s, struct text sender, struct text destination);

bool identity_equal(const struct identity *a, const struct identity *b);

/* identity_sources(): false: there is no such number. */
bool identity_sources(const struct identities *s, uint64_t number, struct sources *to);

/* sources_find(): the one of that family, or NULL. */
const struct ip *sources_find(const struct sources *s, int family);

#endif
