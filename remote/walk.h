/* walk.h - the addresses of a destination, one after the other (RFC 5321 5)
 *
 * With MX: the hosts by preference, each host's IPv6 and IPv4 addresses in
 * turn; where this host stands in the set, it and all that are not better than
 * it are left out.  No MX record: the domain itself.  Hosts of one preference are
 * looked up together, when their turn comes.  A relay or a literal has its addresses only.
 */
#ifndef OWL_WALK_H
#define OWL_WALK_H

#include "remote/connector.h"
#include "remote/resolve.h"
#include "remote/verdict.h"

enum {
  WALK_TARGETS_MAX = 64, /* addresses of hosts of one preference */
  WALK_LAST_MAX = 32     /* that are put off to the end */
};

/* What is asked of TLS with a host. */
enum walk_tls { WALK_FULL = 0, WALK_UNCHECKED, WALK_PLAIN };

struct walk_target {
  struct name_text canonical; /* the name at the end of its aliases; len 0: it has none */
  bool is_secure; /* its addresses were vouched for by DNSSEC */
  struct text host; /* a view of the walk's or the destination's octets */
  struct ip ip;
  bool used; /* the caller's: not to be tried (again) */
  bool has_no_usable_tlsa; /* the caller's: owl-tlsd could make nothing of its TLSA records */
  enum walk_tls tls; /* the caller's: what has failed before is not asked for again */
};

/* What came of a host, over all of its addresses. */
enum walk_host { WALK_UNTRIED = 0, WALK_WAITS, WALK_ANSWERED };

struct walk {
  const struct destination *destination;
  const struct connector_settings *settings;
  struct mx_set hosts;
  size_t next_host;
  unsigned char came_of[MX_MAX]; /* enum walk_host of each host; the domain or relay itself: the first */
  bool hosts_are_secure; /* DNSSEC vouches for it that these hosts take the domain's mail */
  struct host group[MX_MAX]; /* hosts of one preference */
  struct walk_target targets[WALK_TARGETS_MAX];
  size_t target_count;
  struct walk_target last[WALK_LAST_MAX];
  size_t last_count;
  struct ifaddrs *own; /* addresses of this host, once they were asked for; owned */
  struct stspolicy sts; /* the caller's: the domain's policy, which all hosts share, */
  bool has_sts;         /* once it was looked for */
  struct facts *facts; /* NULL, or who wants to know what was looked up */
  struct verdict said; /* the caller's: by the last server that spoke; class none: none has */
  struct verdict trouble; /* the last thing that went wrong; class success: nothing yet */
};

/* walk_begin(): from the start.  The walk keeps its memory. */
void walk_begin(struct walk *w, const struct destination *d, const struct connector_settings *s);

/* walk_targets(): the targets of one preference, of which at least one is not
 * used yet: those of before, or else of the next preference; at last, those that
 * did not answer lately (remote/deadlist.h).  NULL at the end.  The caller marks
 * what it has used. */
struct walk_target *walk_targets(struct walk *w, size_t *count);

/* walk_note(): an address of the host gave an answer that stands, or could not be
 * asked now.  walk_has_waiting(): a host could not be asked at any address: it
 * may have a better answer later. */
void walk_note(struct walk *w, struct text host, bool answered);
bool walk_has_waiting(const struct walk *w);

/* walk_end(): no address was left, and none was used: trouble says why in any
 * case. */
void walk_end(struct walk *w);

void walk_free(struct walk *w);

#endif
