#include "config.h"
#include "smtpd/doorkeeper/trust.h"
#include "lib/network.h"
#include "smtpd/doorkeeper/nodes.h"

bool trust_has(const struct list *networks, const struct client *c) {
  struct ip ip;
  if (c->address.len == 0) return false;
  return ip_parse_literal(&ip, text_of_stralloc(&c->address), true) && network_list_has(networks, &ip);
}

struct settings trust_settings(const struct settings *s, const struct client *c) {
  struct settings mine = *s;
  if (!mine.relayclient.s && trust_has(&s->relayclients, c)) mine.relayclient = text_of("");
  mine.is_proxied = trust_has(&s->proxyclients, c);
  mine.may_xclient = trust_has(&s->xclients, c);
  mine.may_etrn = nodes_has_client(&mine, c);
  return mine;
}
