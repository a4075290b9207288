#include "config.h"
#include "remote/walk.h"
#include <ifaddrs.h>
#include "lib/route.h"

static void trouble(struct walk *w, enum result_class class, const char *status, const char *ours,
                    struct text name) {
  verdict_set(&w->trouble, class, status, ours);
  verdict_add_text(&w->trouble, name);
  if (w->facts) fact_say(w->facts, "trouble", "", text_of_stralloc(&w->trouble.text));
}

static struct text host_name(const struct walk *w, size_t i) {
  return text_of(w->hosts.hosts[i].name);
}

static void add_target(struct walk *w, struct text host, const struct ip *ip) {
  if (w->target_count == WALK_TARGETS_MAX) return;
  w->targets[w->target_count++] = (struct walk_target){host, *ip};
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
static bool is_own_address(const struct walk *w, const struct ip *ip) {
  struct ifaddrs *all = NULL;
  bool own = ip_is_unspecified(ip);
  if (w->destination->port != PORT_SMTP) return false;
  if (getifaddrs(&all) == -1) return own;
  for (const struct ifaddrs *i = all; i && !own; i = i->ifa_next) {
    struct ip mine;
    own = i->ifa_addr && ip_from_sockaddr(&mine, i->ifa_addr) && ip_equal(&mine, ip);
  }
  freeifaddrs(all);
  return own;
}

/* ---- look-ups */

/* false: the host is this one. */
static bool look_up(struct walk *w, struct text host) {
  struct address_list list;
  if (is_own_name(w, host)) return note_own(w, host, "name"), false;
  switch (resolve_addresses(&list, host, w->settings->timeoutdns_s)) {
    case RESOLVE_FOUND: break;
    case RESOLVE_NONE:
    case RESOLVE_NO_NAME:
      return trouble(w, RESULT_DEFERRAL, "4.4.4", "no address found for mail exchanger ", host),
             true;
    case RESOLVE_TEMPORARY:
      return trouble(w, RESULT_DEFERRAL, "4.4.3", "unable to look up mail exchanger ", host), true;
  }
  for (size_t i = 0; i < list.count; i++) {
    if (is_own_address(w, &list.ips[i])) return note_own(w, host, "address"), false;
    add_target(w, host, &list.ips[i]);
  }
  return true;
}

/* All hosts of one preference are looked up before the first is tried: one of
 * them may be this host, and then none of them is closer to the recipient. */
static void next_group(struct walk *w) {
  size_t end = mx_group_end(&w->hosts, w->next_host);
  w->target_count = w->next_target = 0;
  for (size_t i = w->next_host; i < end; i++) {
    if (look_up(w, host_name(w, i))) continue;
    w->target_count = 0;
    if (w->next_host == 0)
      trouble(w, RESULT_FAILURE, "5.4.6",
              "mail loops back: this host is the best mail exchanger for ", w->destination->host);
    w->hosts.count = 0;
    return;
  }
  w->next_host = end;
}

/* The addresses of the destination's own name; which failures are for good
 * depends on who named it: a sender, or this site's smtproutes. */
static void look_up_name(struct walk *w) {
  struct address_list list;
  const struct destination *d = w->destination;
  enum result_class class = d->use_mx ? RESULT_FAILURE : RESULT_DEFERRAL;
  const char *status = d->use_mx ? "5.1.2" : "4.4.4";
  switch (resolve_addresses(&list, d->host, w->settings->timeoutdns_s)) {
    case RESOLVE_FOUND: break;
    case RESOLVE_NONE:
      trouble(w, class, status, "no mail exchanger or address found for ", d->host);
      return;
    case RESOLVE_NO_NAME: trouble(w, class, status, "no such host: ", d->host); return;
    case RESOLVE_TEMPORARY:
      trouble(w, RESULT_DEFERRAL, "4.4.3", "unable to look up ", d->host);
      return;
  }
  for (size_t i = 0; i < list.count; i++) {
    add_target(w, d->host, &list.ips[i]);
    if (!d->use_mx || !is_own_address(w, &list.ips[i])) continue;
    w->target_count = 0;
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
  switch (resolve_mx(&w->hosts, domain, w->settings->timeoutdns_s)) {
    case RESOLVE_FOUND: break;
    case RESOLVE_NONE:
      fact_say(w->facts, "nomx", "no MX record, so the domain is its own mail exchanger: ", domain);
      look_up_name(w);
      return;
    case RESOLVE_NO_NAME: trouble(w, RESULT_FAILURE, "5.1.2", "no such domain: ", domain); return;
    case RESOLVE_TEMPORARY:
      trouble(w, RESULT_DEFERRAL, "4.4.3", "unable to look up the mail exchangers of ", domain);
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
  w->destination = d;
  w->settings = s;
  w->hosts.count = w->next_host = w->target_count = w->next_target = 0;
  verdict_set(&w->trouble, RESULT_SUCCESS, "", "");
  if (ip_parse_literal(&literal, d->host, !d->use_mx))
    add_target(w, d->host, &literal);
  else if (d->use_mx)
    look_up_mx(w);
  else
    look_up_name(w);
}

const struct walk_target *walk_next(struct walk *w) {
  while (w->next_target == w->target_count) {
    if (w->next_host >= w->hosts.count) return NULL;
    next_group(w);
  }
  return &w->targets[w->next_target++];
}

void walk_end(struct walk *w) {
  if (w->trouble.class == RESULT_SUCCESS)
    verdict_set(&w->trouble, RESULT_DEFERRAL, "4.4.4", "no address to connect to");
}

void walk_free(struct walk *w) { verdict_free(&w->trouble); }
