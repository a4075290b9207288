/* srsrules.h - whose forwards get SRS addresses (lib/srs.h), and who made them:
 * the control files srsdomains, srssecret and srsmaxage
 *
 * Whatever reads these files knows the secret: the runner and the spawner of
 * local deliveries, neither of which reads mail or is reached from the network.
 */
#ifndef OWL_SRSRULES_H
#define OWL_SRSRULES_H

#include "lib/route.h"
#include "lib/srs.h"

struct srsrules {
  struct list domains; /* of mailboxes that forward, and whose senders' domain is put there */
  struct list ours;    /* the latter */
  stralloc octets;     /* of srssecret */
  struct text *secrets; /* owned; the first signs */
  size_t secret_count;
  uint64_t maxage_s;
};

/* srsrules_load(): without srsdomains nothing else is read.  0, or -1 with
 * c->error set and *s empty: there is no secret, others may read it, a domain
 * is none. */
int srsrules_load(struct srsrules *s, struct control *c);
void srsrules_unload(struct srsrules *s);

/* srsrules_domain(): the domain of SRS addresses for what a mailbox of this
 * domain forwards; absent: its forwards keep their senders. */
struct text srsrules_domain(const struct srsrules *s, struct text forwarder);

/* srsrules_concern(): whether it looks like an address that was made here. */
bool srsrules_concern(const struct srsrules *s, struct text address);

/* srsrules_sign(): the sender's address on the way to other hosts, from a
 * mailbox of the domain forwarder.  1: *out is it; 0: he keeps his own, being
 * nobody, a list that wants an address for each recipient ("...-@[]"), or one
 * whose mail is delivered here; -1 without memory. */
int srsrules_sign(const struct srsrules *s, const struct route_table *routes, struct text forwarder, struct text sender,
                  uint64_t wall_us, stralloc *out);

/* srsrules_reverse(): whom an address of ours stands for: *out is overwritten.
 * SRS_NONE: it is not one.  What comes out is no SRS address of ours. */
enum srs_status srsrules_reverse(const struct srsrules *s, struct text address, uint64_t wall_us, stralloc *out);

/* srsrules_route(): where the sender's mail for an address goes: route_explain() of what
 * srsrules_reverse() makes of it, or, of an address that does not check, as it
 * is: where it is delivered it is refused. */
int srsrules_route(const struct srsrules *s, const struct route_table *routes, struct text sender, struct text address,
                   uint64_t wall_us, struct route *r, struct facts *f);

#endif
