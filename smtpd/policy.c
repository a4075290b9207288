#include "config.h"
#include "smtpd/policy.h"
#include "lib/address.h"

bool policy_refuses_sender(const struct settings *s, struct text sender) {
  struct text local, domain;
  if (sender.len == 0) return false;
  if (list_find(&s->badmailfrom, sender)) return true;
  if (!address_split(sender, &local, &domain)) return false;
  struct text at_domain = {domain.s - 1, domain.len + 1};
  return list_find(&s->badmailfrom, at_domain) != NULL;
}

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
  stralloc_zero(out);
  if (text_cat(out, own ? local : recipient) == -1) return -1;
  if (own && (!stralloc_cats(out, "@") || !stralloc_cat(out, &s->localiphost))) return -1;
  return text_cat(out, s->relayclient);
}

bool policy_may_relay(const struct settings *s, struct text address) {
  struct text local, domain;
  if (s->relayclient.s || !address_split(address, &local, &domain)) return true;
  return list_find_domain(&s->rcpthosts, domain) != NULL;
}
