#include "config.h"
#include "remote/walk.h"
#include <ifaddrs.h>
#include <string.h>
#include "lib/clock.h"
#include "lib/route.h"

static void trouble(struct walk *w, enum result_class class, const char *status, const char *ours,
                    struct text name) {
  verdict_set(&w->trouble, class, status, ours);
  verdict_add_text(&w->trouble, name);
  if (w->facts) fact_say(w->facts, "trouble", "", text_of_stralloc(&w->trouble.text));
}

/* What a look-up came to, as the fact of that kind. */
static void note_lookup(struct walk *w, const char *kind, const char *ours, struct text name,
                        const struct lookup *l) {
  static const char *const ends[] = {"found", "there is none", "no such name", "failed"};
  fact_begin(w->facts, kind);
  fact_s(w->facts, ours);
  fact_t(w->facts, name);
  fact_s(w->facts, ": ");
  fact_s(w->facts, ends[l->status]);
  if (l->authenticated) fact_s(w->facts, ", vouched for by DNSSEC");
  fact_detail(w->facts, "name", name);
  fact_detail(w->facts, "end", text_of(ends[l->status]));
  fact_detail(w->facts, "authenticated", text_of(l->authenticated ? "yes" : "no"));
  fact_end(w->facts);
}

/* A look-up that failed, perhaps only for now. */
static void unable(struct walk *w, const char *ours, struct text name, const struct lookup *l) {
  verdict_set(&w->trouble, RESULT_DEFERRAL, "4.4.3", ours);
  verdict_add_text(&w->trouble, name);
  verdict_add(&w->trouble, ": ");
  verdict_add(&w->trouble, l->problem);
  if (w->facts) fact_say(w->facts, "trouble", "", text_of_stralloc(&w->trouble.text));
}

static struct text host_name(const struct walk *w, size_t i) {
  return text_of(w->hosts.hosts[i].name);
}

/* Hosts are told apart by where their names stand. */
void walk_note(struct walk *w, struct text host, bool answered) {
  size_t i = 0;
  while (i < MX_MAX && w->hosts.hosts[i].name != host.s) i++;
  unsigned char *came_of = &w->came_of[i < MX_MAX ? i : 0];
  if (*came_of != WALK_ANSWERED) *came_of = answered ? WALK_ANSWERED : WALK_WAITS;
}

bool walk_has_waiting(const struct walk *w) {
  return memchr(w->came_of, WALK_WAITS, sizeof w->came_of);
}

static void put_off(struct walk *w, const struct walk_target *t) {
  char address[IP_TEXT_MAX];
  w->last[w->last_count++] = *t;
  if (!w->facts) return;
  ip_format(&t->ip, address);
  fact_say(w->facts, "dead", "did not answer lately, so it is tried last: ", text_of(address));
}

static bool is_dead(const struct walk *w, const struct ip *ip) {
  return w->settings->deadlist && w->last_count < WALK_LAST_MAX &&
         deadlist_has(w->settings->deadlist, ip, w->destination->port, clock_boot_us(&clock_system));
}

static void add_target(struct walk *w, struct text host, const struct ip *ip, const struct host *h) {
  struct walk_target t = {.host = host, .ip = *ip};
  if (h) t.is_secure = h->found.authenticated;
  if (h && !mx_same_name(host, (struct text){h->canonical.s, h->canonical.len})) t.canonical = h->canonical;
  if (w->target_count == WALK_TARGETS_MAX) return;
  if (is_dead(w, ip)) put_off(w, &t);
  else w->targets[w->target_count++] = t;
}

/* ---- this host */

static void note_own(const struct walk *w, struct text host, const char *sign) {
  fact_begin(w->facts, "ownhost");
  fact_t(w->facts, host);
  fact_s(w->facts, " is this host, by its ");
  fact_s(w->facts, sign);
  fact_s(w->facts, ": neither it nor a host that is not better is tried");
  fact_detail(w->facts, "host", host);
  fact_end(w->facts);
}

static bool is_own_name(const struct walk *w, struct text name) {
  return mx_same_name(name, w->settings->me) || mx_same_name(name, w->settings->helohost);
}

/* What answers at another port of this host need not be this mail system. */
static bool is_own_address(struct walk *w, const struct ip *ip) {
  bool own = ip_is_unspecified(ip);
  if (w->destination->port != PORT_SMTP) return false;
  if (!w->own && getifaddrs(&w->own) == -1) return own;
  for (const struct ifaddrs *i = w->own; i && !own; i = i->ifa_next) {
    struct ip mine;
    own = i->ifa_addr && ip_from_sockaddr(&mine, i->ifa_addr) && ip_equal(&mine, ip);
  }
  return own;
}

/* They may change between two walks. */
static void forget_own_addresses(struct walk *w) {
  if (w->own) freeifaddrs(w->own);
  w->own = NULL;
}

/* ---- look-ups */

/* false: the host is this one. */
static bool take_host(struct walk *w, const struct host *h) {
  switch (h->found.status) {
    case RESOLVE_FOUND: break;
    case RESOLVE_NONE:
    case RESOLVE_NO_NAME:
      return trouble(w, RESULT_DEFERRAL, "4.4.4", "no address found for mail exchanger ", h->name),
             true;
    case RESOLVE_TEMPORARY:
      walk_note(w, h->name, false);
      return unable(w, "unable to look up mail exchanger ", h->name, &h->found), true;
  }
  for (size_t i = 0; i < h->list.count; i++) {
    if (is_own_address(w, &h->list.ips[i])) return note_own(w, h->name, "address"), false;
    add_target(w, h->name, &h->list.ips[i], h);
  }
  return true;
}

/* false: one of them is this host. */
static bool take_group(struct walk *w, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (is_own_name(w, w->group[i].name)) return note_own(w, w->group[i].name, "name"), false;
  resolve_hosts(w->group, count, w->settings->timeoutdns_s);
  for (size_t i = 0; i < count; i++) {
    note_lookup(w, "addresses", "addresses of ", w->group[i].name, &w->group[i].found);
    if (!take_host(w, &w->group[i])) return false;
  }
  return true;
}

/* A loop: neither this group nor one behind it. */
static void end_at_own_host(struct walk *w, bool is_best) {
  w->target_count = 0;
  w->hosts.count = 0;
  if (!is_best) return;
  w->last_count = 0;
  trouble(w, RESULT_FAILURE, "5.4.6",
          "mail loops back: this host is the best mail exchanger for ", w->destination->host);
}

/* All hosts of one preference are looked up before the first is tried: one of
 * them may be this host, and then none of them is closer to the recipient. */
static void next_group(struct walk *w) {
  size_t end = mx_group_end(&w->hosts, w->next_host), begin = w->next_host;
  size_t last_count = w->last_count;
  w->target_count = 0;
  for (size_t i = begin; i < end; i++) w->group[i - begin].name = host_name(w, i);
  w->next_host = end;
  if (take_group(w, end - begin)) return;
  w->last_count = last_count;
  end_at_own_host(w, begin == 0);
}

/* The addresses of the destination's own name; which failures are for good
 * depends on who named it: a sender, or this site's smtproutes. */
static void look_up_name(struct walk *w) {
  const struct destination *d = w->destination;
  struct host *h = w->group;
  enum result_class class = d->use_mx ? RESULT_FAILURE : RESULT_DEFERRAL;
  const char *status = d->use_mx ? "5.1.2" : "4.4.4";
  h->name = d->host;
  resolve_hosts(h, 1, w->settings->timeoutdns_s);
  note_lookup(w, "addresses", "addresses of ", d->host, &h->found);
  switch (h->found.status) {
    case RESOLVE_FOUND: break;
    case RESOLVE_NONE:
      trouble(w, class, status, "no mail exchanger or address found for ", d->host);
      return;
    case RESOLVE_NO_NAME: trouble(w, class, status, "no such host: ", d->host); return;
    case RESOLVE_TEMPORARY: unable(w, "unable to look up ", d->host, &h->found); return;
  }
  for (size_t i = 0; i < h->list.count; i++) {
    add_target(w, d->host, &h->list.ips[i], h);
    if (!d->use_mx || !is_own_address(w, &h->list.ips[i])) continue;
    w->target_count = w->last_count = 0;
    trouble(w, RESULT_FAILURE, "5.4.6", "mail loops back: this host has the address of ", d->host);
    return;
  }
}

static void note_exchangers(const struct walk *w) {
  if (!w->facts) return;
  if (w->hosts.null) fact_say(w->facts, "nullmx", "a record says that no mail is taken", TEXT_ABSENT);
  for (size_t i = 0; i < w->hosts.count; i++) {
    fact_begin(w->facts, "mx");
    fact_t(w->facts, host_name(w, i));
    fact_s(w->facts, ", preference ");
    fact_u(w->facts, w->hosts.hosts[i].preference);
    fact_detail(w->facts, "host", host_name(w, i));
    fact_detail_u(w->facts, "preference", w->hosts.hosts[i].preference);
    fact_end(w->facts);
  }
}

static void look_up_mx(struct walk *w) {
  struct text domain = w->destination->host;
  struct lookup l = resolve_mx(&w->hosts, domain, w->settings->timeoutdns_s);
  note_lookup(w, "lookup", "MX records of ", domain, &l);
  w->hosts_are_secure = l.authenticated;
  switch (l.status) {
    case RESOLVE_FOUND: break;
    case RESOLVE_NONE:
      fact_say(w->facts, "nomx", "no MX record, so the domain is its own mail exchanger: ", domain);
      look_up_name(w);
      return;
    case RESOLVE_NO_NAME: trouble(w, RESULT_FAILURE, "5.1.2", "no such domain: ", domain); return;
    case RESOLVE_TEMPORARY:
      unable(w, "unable to look up the mail exchangers of ", domain, &l);
      return;
  }
  note_exchangers(w);
  if (mx_is_null(&w->hosts))
    trouble(w, RESULT_FAILURE, "5.1.10", "the domain takes no mail (null MX): ", domain);
  else if (w->hosts.count == 0)
    trouble(w, RESULT_DEFERRAL, "4.4.4", "no usable mail exchanger for ", domain);
}

/* ---- the walk */

void walk_begin(struct walk *w, const struct destination *d, const struct connector_settings *s) {
  struct ip literal;
  forget_own_addresses(w);
  w->destination = d;
  w->has_sts = false;
  w->hosts_are_secure = !d->use_mx; /* a relay is the site's own word */
  w->settings = s;
  w->hosts.count = w->next_host = w->target_count = w->last_count = 0;
  memset(w->came_of, WALK_UNTRIED, sizeof w->came_of);
  verdict_set(&w->trouble, RESULT_SUCCESS, "", "");
  verdict_set(&w->said, RESULT_NONE, "", "");
  if (ip_parse_literal(&literal, d->host, !d->use_mx))
    add_target(w, d->host, &literal, NULL);
  else if (d->use_mx)
    look_up_mx(w);
  else
    look_up_name(w);
}

static bool has_fresh_target(const struct walk *w) {
  for (size_t i = 0; i < w->target_count; i++)
    if (!w->targets[i].used) return true;
  return false;
}

static void take_last(struct walk *w) {
  memcpy(w->targets, w->last, w->last_count * sizeof *w->last);
  w->target_count = w->last_count;
  w->last_count = 0;
}

struct walk_target *walk_targets(struct walk *w, size_t *count) {
  while (!has_fresh_target(w)) {
    if (w->next_host < w->hosts.count) next_group(w);
    else if (w->last_count) take_last(w);
    else return NULL;
  }
  *count = w->target_count;
  return w->targets;
}

void walk_end(struct walk *w) {
  if (w->trouble.class == RESULT_SUCCESS)
    verdict_set(&w->trouble, RESULT_DEFERRAL, "4.4.4", "no address to connect to");
}

void walk_free(struct walk *w) {
  forget_own_addresses(w);
  verdict_free(&w->trouble);
  verdict_free(&w->said);
}
