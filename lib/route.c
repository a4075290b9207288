#include "config.h"
#include "lib/route.h"
#include <errno.h>
#include <string.h>
#include "lib/address.h"

void route_unload(struct route_table *t) {
  list_free(&t->locals);
  list_free(&t->virtualdomains);
  list_free(&t->percenthack);
  list_free(&t->smtproutes);
  stralloc_free(&t->envnoathost);
  *t = (struct route_table){0};
}

/* user%host@domain with domain in percenthack becomes user@host, repeatedly. */
static void undo_percents(const struct route_table *t, stralloc *address) {
  struct text local, domain;
  while (address_split(text_of_stralloc(address), &local, &domain) &&
         list_find(&t->percenthack, domain)) {
    const char *percent = memrchr(local.s, '%', local.len);
    if (!percent) return;
    address->s[percent - address->s] = '@';
    address->len = local.len;
  }
}

static const struct list_line *find_virtual(const struct route_table *t, struct text address,
                                            struct text domain) {
  const struct list_line *line = list_find(&t->virtualdomains, address);
  return line ? line : list_find_domain(&t->virtualdomains, domain);
}

static int prepend(stralloc *address, struct text prefix) {
  stralloc whole = {0};
  int r = -1;
  if (text_cat(&whole, prefix) == 0 && stralloc_cats(&whole, "-") &&
      stralloc_cat(&whole, address) && stralloc_copy(address, &whole))
    r = 0;
  stralloc_free(&whole);
  return r;
}

/* relay[:port]; a relay in brackets may hold colons.  *port is left alone when
 * there is none. */
static int parse_relay(struct text value, struct text *host, uint64_t *port) {
  const char *bracket = value.len && value.s[0] == '[' ? memchr(value.s, ']', value.len) : NULL;
  size_t end = bracket ? (size_t)(bracket - value.s) : 0;
  while (end < value.len && value.s[end] != ':') end++;
  *host = (struct text){value.s, end};
  if (end + 1 >= value.len) return 0;
  struct text digits = {value.s + end + 1, value.len - end - 1};
  return text_uint(digits, port) == 0 && *port > 0 && *port <= 65535 ? 0 : -1;
}

static int check_relays(const struct route_table *t, struct control *c) {
  struct text host;
  uint64_t port;
  for (size_t i = 0; i < t->smtproutes.count; i++)
    if (parse_relay(t->smtproutes.lines[i].value, &host, &port) == -1)
      return control_fail(c, CONTROL_SMTPROUTES, "a port is not a number from 1 to 65535");
  return 0;
}

int route_load(struct route_table *t, struct control *c) {
  *t = (struct route_table){0};
  if (control_list(c, CONTROL_LOCALS, &t->locals) == 0 &&
      control_list(c, CONTROL_VIRTUALDOMAINS, &t->virtualdomains) == 0 &&
      control_list(c, CONTROL_PERCENTHACK, &t->percenthack) == 0 &&
      control_list(c, CONTROL_SMTPROUTES, &t->smtproutes) == 0 &&
      control_text(c, CONTROL_ENVNOATHOST, &t->envnoathost) == 0 && check_relays(t, c) == 0)
    return 0;
  route_unload(t);
  return -1;
}

static int route_remote(const struct route_table *t, struct text domain, struct route *r) {
  const struct list_line *line = list_find_domain(&t->smtproutes, domain);
  struct text relay = TEXT_ABSENT;
  r->channel = CHANNEL_REMOTE;
  if (line && parse_relay(line->value, &relay, &r->port) == -1) return errno = EINVAL, -1;
  r->use_mx = relay.len == 0; /* an empty relay asks for MX, perhaps on another port */
  struct text host = r->use_mx ? domain : relay;
  return stralloc_copyb(&r->host, host.s, host.len) ? 0 : -1;
}

int route_find(const struct route_table *t, struct text address, struct route *r) {
  struct text local, domain;
  r->channel = CHANNEL_LOCAL;
  r->port = PORT_SMTP;
  r->use_mx = false;
  stralloc_zero(&r->host);
  stralloc_zero(&r->address);
  if (text_cat(&r->address, address) == -1) return -1;
  if (!address_split(address, &local, &domain) &&
      (!stralloc_cats(&r->address, "@") || !stralloc_cat(&r->address, &t->envnoathost)))
    return -1;
  undo_percents(t, &r->address);
  address_split(text_of_stralloc(&r->address), &local, &domain);
  if (list_find(&t->locals, domain)) return 0;
  const struct list_line *virtual = find_virtual(t, text_of_stralloc(&r->address), domain);
  if (virtual && virtual->value.len) return prepend(&r->address, virtual->value);
  return route_remote(t, domain, r);
}

void route_free(struct route *r) {
  stralloc_free(&r->address);
  stralloc_free(&r->host);
}
