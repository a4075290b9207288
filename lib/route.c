#include "config.h"
#include "lib/route.h"
#include <errno.h>
#include <string.h>
#include "lib/address.h"

int route_load(struct route_table *t, struct control *c) {
  *t = (struct route_table){0};
  if (control_list(c, CONTROL_LOCALS, &t->locals) == 0 &&
      control_list(c, CONTROL_VIRTUALDOMAINS, &t->virtualdomains) == 0 &&
      control_list(c, CONTROL_PERCENTHACK, &t->percenthack) == 0 &&
      control_list(c, CONTROL_SMTPROUTES, &t->smtproutes) == 0 &&
      control_text(c, CONTROL_ENVNOATHOST, &t->envnoathost) == 0)
    return 0;
  route_unload(t);
  return -1;
}

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

/* relay[:port]; a relay in brackets may hold colons */
static int take_relay(struct route *r, struct text value) {
  size_t end = value.len;
  const char *bracket = value.len && value.s[0] == '[' ? memchr(value.s, ']', value.len) : NULL;
  size_t from = bracket ? (size_t)(bracket - value.s) : 0;
  const char *colon = memchr(value.s + from, ':', value.len - from);
  if (colon) {
    end = (size_t)(colon - value.s);
    struct text port = {colon + 1, value.len - end - 1};
    if (port.len && (text_uint(port, &r->port) == -1 || r->port == 0 || r->port > 65535))
      return errno = EINVAL, -1;
  }
  if (end == 0) return 0; /* no relay: MX, perhaps on another port */
  r->use_mx = false;
  return stralloc_copyb(&r->host, value.s, end) ? 0 : -1;
}

static int route_remote(const struct route_table *t, struct text domain, struct route *r) {
  r->channel = CHANNEL_REMOTE;
  r->use_mx = true;
  if (!stralloc_copyb(&r->host, domain.s, domain.len)) return -1;
  const struct list_line *line = list_find_domain(&t->smtproutes, domain);
  return line && line->value.len ? take_relay(r, line->value) : 0;
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
