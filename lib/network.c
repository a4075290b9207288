#include "config.h"
#include "lib/network.h"
#include <string.h>

static unsigned bits_of(const struct ip *ip) { return ip->family == AF_INET ? 32 : 128; }

void network_mask(struct ip *ip, unsigned bits) {
  for (unsigned i = 0; i < bits_of(ip) / 8; i++) {
    unsigned kept = bits > i * 8 ? bits - i * 8 : 0;
    if (kept < 8) ip->octets[i] &= (unsigned char)(0xff00u >> kept);
  }
}

static bool parse_bits(struct network *n, struct text t) {
  uint64_t bits;
  if (text_uint(t, &bits) == -1 || bits > bits_of(&n->ip)) return false;
  n->bits = (unsigned)bits;
  return true;
}

bool network_parse(struct network *n, struct text t) {
  struct text address;
  text_cut(&t, '/', &address);
  if (!ip_parse_literal(&n->ip, address, true)) return false;
  n->bits = bits_of(&n->ip);
  if (t.s && !parse_bits(n, t)) return false;
  struct ip masked = n->ip;
  network_mask(&masked, n->bits);
  return ip_equal(&masked, &n->ip);
}

bool network_has(const struct network *n, const struct ip *ip) {
  struct ip masked = *ip;
  network_mask(&masked, n->bits);
  return ip_equal(&masked, &n->ip);
}

int network_load(struct list *out, struct control *c, enum control_name name) {
  struct network n;
  if (control_list(c, name, out) == -1) return -1;
  for (size_t i = 0; i < out->count; i++)
    if (!network_parse(&n, out->lines[i].key)) {
      list_free(out);
      return control_fail(c, name, "a line is no address and no network (address/bits)");
    }
  return 0;
}

bool network_list_has(const struct list *l, const struct ip *ip) {
  struct network n;
  for (size_t i = 0; i < l->count; i++)
    if (network_parse(&n, l->lines[i].key) && network_has(&n, ip)) return true;
  return false;
}
