/* network.h - networks of IP addresses: "192.0.2.0/24", "2001:db8::/32", "::1"
 *
 * An address without a prefix length is a network of one.  Addresses are
 * written with or without [brackets].
 */
#ifndef OWL_NETWORK_H
#define OWL_NETWORK_H

#include "lib/control.h"
#include "lib/ip.h"

struct network {
  struct ip ip;
  unsigned bits; /* 0 to 32 or 128 */
};

/* network_parse(): false where the text is none, or has an address bit behind
 * the prefix: that is a slip. */
bool network_parse(struct network *n, struct text t);

bool network_has(const struct network *n, const struct ip *ip);

/* network_mask(): clears what is behind the first bits. */
void network_mask(struct ip *ip, unsigned bits);

/* network_load(): a control file of networks.  0, or -1 with c->error set,
 * also where a line is none. */
int network_load(struct list *out, struct control *c, enum control_name name);

/* network_list_has(): whether a line of what was loaded has the address. */
bool network_list_has(const struct list *l, const struct ip *ip);

#endif
