/* resolve.h - MX and address look-ups, by libowfat's resolver
 *
 * Servers come from /etc/resolv.conf, or from DNSCACHEIP in the environment.
 * One look-up takes at most the limit.  Aliases are followed.  Answers are hostile; what does not
 * parse counts as RESOLVE_TEMPORARY.
 */
#ifndef OWL_RESOLVE_H
#define OWL_RESOLVE_H

#include "lib/ip.h"
#include "remote/mx.h"

enum resolve_status {
  RESOLVE_FOUND,
  RESOLVE_NONE,     /* the name exists, but has no such record */
  RESOLVE_NO_NAME,  /* the name does not exist */
  RESOLVE_TEMPORARY /* no answer, a server's failure, or no memory */
};

enum { RESOLVE_ADDRESSES_MAX = 16 };

struct address_list {
  struct ip ips[RESOLVE_ADDRESSES_MAX]; /* IPv6 and IPv4 in turn */
  size_t count;
};

/* resolve_begin(): seeds query numbers and ports.  0 or -1. */
int resolve_begin(void);

/* resolve_random(): not to be guessed. */
uint32_t resolve_random(void);

enum resolve_status resolve_mx(struct mx_set *set, struct text domain, unsigned limit_s);
enum resolve_status resolve_addresses(struct address_list *list, struct text name,
                                      unsigned limit_s);

#endif
