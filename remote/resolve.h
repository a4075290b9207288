/* resolve.h - MX and address look-ups (RFC 1035), by c-ares
 *
 * Servers come from /etc/resolv.conf, or from DNSCACHEIP in the environment:
 * addresses with commas between them, each with a port if need be.  They are
 * asked with EDNS, and by TCP where an answer does not fit.  One look-up takes
 * at most the limit, whatever servers do.  Aliases are followed.  Answers are
 * hostile (remote/answer.h).
 */
#ifndef OWL_RESOLVE_H
#define OWL_RESOLVE_H

#include "lib/ip.h"
#include "lib/tlswire.h"
#include "remote/answer.h"
#include "remote/mx.h"
#include "remote/query.h"

enum resolve_status {
  RESOLVE_FOUND,
  RESOLVE_NONE,     /* the name exists, but has no such record */
  RESOLVE_NO_NAME,  /* the name does not exist, or cannot exist in the DNS */
  RESOLVE_TEMPORARY /* no answer, a server's failure, nonsense, or no memory */
};

struct lookup {
  enum resolve_status status;
  bool authenticated;  /* the server vouches for all of it by DNSSEC; to be
                        * believed as far as the way to the server is */
  const char *problem; /* static; of RESOLVE_TEMPORARY: what went wrong */
};

enum { RESOLVE_ADDRESSES_MAX = 16 };

struct address_list {
  struct ip ips[RESOLVE_ADDRESSES_MAX]; /* IPv6 and IPv4 in turn */
  size_t count;
};

/* resolve_random(): not to be guessed. */
uint32_t resolve_random(void);

struct lookup resolve_mx(struct mx_set *set, struct text domain, unsigned limit_s);

/* resolve_txt(): calls take for each TXT record, its strings put together; any
 * octet may be among them. */
typedef void resolve_txt_fn(void *context, struct text record);
struct lookup resolve_txt(struct text name, unsigned limit_s, resolve_txt_fn *take, void *context);

/* A host, and what is found of it. */
struct host {
  struct text name;
  struct address_list list;
  struct lookup found;
  struct name_text canonical; /* RESOLVE_FOUND: the name at the end of its aliases */
};

enum { RESOLVE_HOSTS_MAX = MX_MAX };

/* resolve_hosts(): addresses of up to RESOLVE_HOSTS_MAX hosts, all asked for at
 * the same time.  Without memory each has RESOLVE_TEMPORARY. */
void resolve_hosts(struct host *hosts, size_t count, unsigned limit_s);

/* resolve_alias(): whether the name is an alias: found.authenticated is about that one
 * step. */
struct lookup resolve_alias(struct text name, unsigned limit_s);

/* TLSA records (RFC 6698), as USAGE SELECTOR MATCHING HEX. */
struct tlsa_set {
  char lines[TLSWIRE_TLSA][TLSWIRE_TLSA_MAX + 1];
  unsigned count; /* of those that can be compared with (RFC 7672 3.1): usage 2 or 3 */
};

/* resolve_tlsa(): those of a TCP port of that host.  Found: there is one, of whatever kind. */
struct lookup resolve_tlsa(struct tlsa_set *set, struct text host, unsigned port, unsigned limit_s);

/* resolve_place(): where the name servers are that are asked. */
enum query_place resolve_place(void);

#endif
