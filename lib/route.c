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

/* Notes what a control file has for the address, and what follows from it. */
static void note(struct facts *f, const char *file, const struct list_line *line, struct text domain,
                 const char *meaning) {
  if (!f) return;
  fact_begin(f, file);
  fact_s(f, line ? "it has \"" : "it has no line for ");
  fact_t(f, line ? line->key : domain);
  if (line && line->value.s) fact_s(f, ":");
  if (line && line->value.s) fact_t(f, line->value);
  fact_s(f, line ? "\": " : "");
  fact_s(f, line ? meaning : "");
  fact_detail(f, "found", text_of(line ? "yes" : "no"));
  if (line) fact_detail(f, "key", line->key);
  if (line && line->value.s) fact_detail(f, "value", line->value);
  fact_end(f);
}

/* user%host@domain with domain in percenthack becomes user@host, repeatedly. */
static void undo_percents(const struct route_table *t, stralloc *address, struct facts *f) {
  struct text local, domain;
  const struct list_line *line;
  while (address_split(text_of_stralloc(address), &local, &domain) &&
         (line = list_find(&t->percenthack, domain))) {
    const char *percent = memrchr(local.s, '%', local.len);
    note(f, "percenthack", line, domain, percent ? "the last % becomes the @" : "there is no %");
    if (!percent) return;
    address->s[percent - address->s] = '@';
    address->len = local.len;
    if (f) fact_say(f, "rewritten", "now it is ", text_of_stralloc(address));
  }
  note(f, "percenthack", NULL, domain, "");
}

static const struct list_line *find_virtual(const struct route_table *t, struct text address,
                                            struct text domain, struct facts *f) {
  const struct list_line *line = list_find(&t->virtualdomains, address);
  if (!line) line = list_find_domain(&t->virtualdomains, domain);
  note(f, "virtualdomains", line, domain,
       line && line->value.len ? "delivered here, that put in front" : "no virtual domain");
  return line;
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

static int route_remote(const struct route_table *t, struct text domain, struct route *r,
                        struct facts *f) {
  const struct list_line *line = list_find_domain(&t->smtproutes, domain);
  struct text relay = TEXT_ABSENT;
  r->channel = CHANNEL_REMOTE;
  if (line && parse_relay(line->value, &relay, &r->port) == -1) return errno = EINVAL, -1;
  r->use_mx = relay.len == 0; /* an empty relay asks for MX, perhaps on another port */
  note(f, "smtproutes", line, domain, r->use_mx ? "by MX records" : "to this relay");
  struct text host = r->use_mx ? domain : relay;
  return stralloc_copyb(&r->host, host.s, host.len) ? 0 : -1;
}

static int cat_host(const struct route_table *t, stralloc *address, struct facts *f) {
  if (!stralloc_cats(address, "@") || !stralloc_cat(address, &t->envnoathost)) return -1;
  if (f) fact_say(f, "envnoathost", "there is no @; now it is ", text_of_stralloc(address));
  return 0;
}

/* Behind envnoathost and percenthack. */
static int choose(const struct route_table *t, struct route *r, struct facts *f) {
  struct text local, domain;
  address_split(text_of_stralloc(&r->address), &local, &domain);
  const struct list_line *line = list_find(&t->locals, domain);
  note(f, "locals", line, domain, "delivered here");
  if (line) return 0;
  line = find_virtual(t, text_of_stralloc(&r->address), domain, f);
  if (line && line->value.len) return prepend(&r->address, line->value);
  return route_remote(t, domain, r, f);
}

static void note_route(struct facts *f, const struct route *r) {
  bool remote = r->channel == CHANNEL_REMOTE;
  fact_begin(f, "route");
  fact_s(f, !remote ? "local, to " : r->use_mx ? "remote, to the mail exchangers of " : "remote, to ");
  fact_t(f, text_of_stralloc(remote ? &r->host : &r->address));
  if (remote) fact_s(f, ", port ");
  if (remote) fact_u(f, r->port);
  fact_detail(f, "channel", text_of(remote ? "remote" : "local"));
  fact_detail(f, "address", text_of_stralloc(&r->address));
  if (remote) {
    fact_detail(f, "host", text_of_stralloc(&r->host));
    fact_detail_u(f, "port", r->port);
    fact_detail(f, "by", text_of(r->use_mx ? "mx" : "relay"));
  }
  fact_end(f);
}

int route_explain(const struct route_table *t, struct text address, struct route *r, struct facts *f) {
  struct text local, domain;
  r->channel = CHANNEL_LOCAL;
  r->port = PORT_SMTP;
  r->use_mx = false;
  stralloc_zero(&r->host);
  stralloc_zero(&r->address);
  if (text_cat(&r->address, address) == -1) return -1;
  if (!address_split(address, &local, &domain) && cat_host(t, &r->address, f) == -1) return -1;
  undo_percents(t, &r->address, f);
  if (choose(t, r, f) == -1) return -1;
  if (f) note_route(f, r);
  return 0;
}

int route_find(const struct route_table *t, struct text address, struct route *r) {
  return route_explain(t, address, r, NULL);
}

bool route_leads_nowhere(const struct route *r) {
  return r->channel == CHANNEL_REMOTE && (r->host.len == 0 || r->host.len > RESULT_HOST_MAX);
}

void route_free(struct route *r) {
  stralloc_free(&r->address);
  stralloc_free(&r->host);
}
