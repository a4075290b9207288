#include "config.h"
#include "smtpd/doorkeeper/nodes.h"
#include <string.h>
#include "lib/network.h"
#include "lib/terms.h"

struct rule {
  struct text domain; /* ".domain": what lies below */
  struct network network;
};

/* A colon in [brackets] is the domain's. */
static bool parse_rule(struct rule *r, struct text line) {
  const char *bracket = line.len && line.s[0] == '[' ? memchr(line.s, ']', line.len) : NULL;
  size_t inside = bracket ? (size_t)(bracket - line.s) : 0;
  struct text rest = {line.s + inside, line.len - inside}, part;
  text_cut(&rest, ':', &part);
  r->domain = (struct text){line.s, inside + part.len};
  struct text name = r->domain;
  if (name.len && name.s[0] == '.') name = (struct text){name.s + 1, name.len - 1};
  if (!terms_node_is_valid(name) || name.s[0] == '@') return false;
  return rest.s && network_parse(&r->network, rest);
}

int nodes_load(struct list *out, struct control *c) {
  struct rule r;
  if (control_list(c, CONTROL_ETRNCLIENTS, out) == -1) return -1;
  for (size_t i = 0; i < out->count; i++)
    if (!parse_rule(&r, out->lines[i].key)) {
      list_free(out);
      return control_fail(c, CONTROL_ETRNCLIENTS, "a line is not domain:address or domain:network (address/bits)");
    }
  return 0;
}

static bool covers(struct text rule, struct text domain) {
  if (rule.s[0] != '.') return text_equal_nocase(rule, domain);
  if (domain.len <= rule.len) return false;
  return text_equal_nocase(rule, (struct text){domain.s + domain.len - rule.len, rule.len});
}

/* All that lies below a domain lies below whatever is above it. */
static bool covers_below(struct text rule, struct text domain) {
  if (rule.s[0] != '.') return false;
  return text_equal_nocase((struct text){rule.s + 1, rule.len - 1}, domain) || covers(rule, domain);
}

enum wish { WISH_ANY, WISH_DOMAIN, WISH_BELOW };

static bool is_granted(const struct settings *s, const struct client *c, enum wish what, struct text domain) {
  struct ip ip;
  struct rule r;
  if (s->relayclient.s) return true;
  if (c->address.len == 0 || !ip_parse_literal(&ip, text_of_stralloc(&c->address), true)) return false;
  for (size_t i = 0; i < s->etrnclients.count; i++) {
    if (!parse_rule(&r, s->etrnclients.lines[i].key) || !network_has(&r.network, &ip)) continue;
    if (what == WISH_ANY || (what == WISH_DOMAIN ? covers : covers_below)(r.domain, domain)) return true;
  }
  return false;
}

bool nodes_has_client(const struct settings *s, const struct client *c) {
  return is_granted(s, c, WISH_ANY, TEXT_ABSENT);
}

bool nodes_allow(const struct settings *s, const struct client *c, struct text node) {
  if (node.s[0] != '@') return is_granted(s, c, WISH_DOMAIN, node);
  struct text domain = {node.s + 1, node.len - 1};
  return is_granted(s, c, WISH_DOMAIN, domain) && is_granted(s, c, WISH_BELOW, domain);
}
