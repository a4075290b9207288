#include "config.h"
#include "smtpd/doorkeeper/policy.h"
#include <string.h>
#include "lib/address.h"
#include "lib/idn.h"
#include "smtpd/doorkeeper/database.h"
#include "smtpd/doorkeeper/match.h"

static bool is_own_literal(const struct client *c, struct text domain) {
  if (domain.len < 2 || domain.s[0] != '[' || domain.s[domain.len - 1] != ']') return false;
  struct text inside = {domain.s + 1, domain.len - 2};
  struct text tag = {inside.s, inside.len < 5 ? inside.len : 5};
  if (text_equal_nocase(tag, text_of("IPv6:"))) inside = (struct text){inside.s + 5, inside.len - 5};
  return inside.len && text_equal_nocase(inside, text_of_stralloc(&c->local_address));
}

int policy_address(const struct settings *s, const struct client *c, struct text recipient,
                   stralloc *out) {
  struct text local, domain;
  bool own = address_split(recipient, &local, &domain) && is_own_literal(c, domain);
  if (text_copy(out, own ? local : recipient) == -1) return -1;
  if (own && (!stralloc_cats(out, "@") || !stralloc_cat(out, &s->localiphost))) return -1;
  return text_cat(out, s->relayclient);
}

int policy_is_ours(const struct settings *s, struct text domain, struct facts *f) {
  if (match_note(f, "rcpthosts", idn_find_domain(&s->rcpthosts, domain), domain)) return 1;
  return database_has_domain(s->folder.s, domain, f);
}

int policy_is_submittable(const struct settings *s, struct text address) {
  struct text local, domain;
  if (!address_split(address, &local, &domain)) return 1;
  if (domain.len && (domain.s[0] == '[' || memchr(domain.s, '.', domain.len))) return 1;
  return policy_is_ours(s, domain, NULL);
}

int policy_may_relay(const struct settings *s, struct text address, struct facts *f) {
  struct text local, domain;
  if (s->relayclient.s) {
    fact_say(f, "relayclient", "RELAYCLIENT is set: this client may send to anybody", TEXT_ABSENT);
    return 1;
  }
  if (!address_split(address, &local, &domain)) {
    fact_say(f, "nodomain", "taken without rcpthosts, for it has no domain: ", address);
    return 1;
  }
  return policy_is_ours(s, domain, f);
}
