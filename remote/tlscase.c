#include "config.h"
#include "remote/tlscase.h"
#include <stdio.h>
#include <string.h>
#include "lib/tlsdoor.h"

static struct text canonical_of(const struct walk_target *t) {
  return (struct text){t->canonical.s, t->canonical.len};
}

/* An address is no name that a server could choose a certificate by (RFC 6066 3). */
static bool is_address(const struct walk_target *t) {
  struct ip ip;
  return ip_parse_literal(&ip, t->host, true);
}

/* ---- TLSA records (RFC 7672 2.2) */

static enum tlsa_state state_of(struct tlscase *c, const struct lookup *l) {
  if (l->status == RESOLVE_TEMPORARY) {
    c->problem = l->problem;
    return TLSA_FAILED;
  }
  if (l->status != RESOLVE_FOUND || !l->authenticated) return TLSA_ABSENT;
  return c->tlsa.count ? TLSA_USABLE : TLSA_UNUSABLE;
}

static void look_up(struct tlscase *c, const struct walk *w, struct text base) {
  struct lookup l = resolve_tlsa(&c->tlsa, base, w->destination->port, w->settings->timeoutdns_s);
  c->facts.tlsa = state_of(c, &l);
  c->base = base;
}

/* Of a host that is an alias, where DNSSEC does not vouch for what it stands
 * for, the first step may still be vouched for (RFC 7672 2.2.2). */
static bool first_step_is_secure(struct tlscase *c, const struct walk *w, const struct walk_target *t) {
  struct lookup l = resolve_alias(t->host, w->settings->timeoutdns_s);
  if (l.status == RESOLVE_TEMPORARY) {
    c->problem = l.problem;
    c->facts.tlsa = TLSA_FAILED;
  }
  return l.status == RESOLVE_FOUND && l.authenticated;
}

static void find_tlsa(struct tlscase *c, const struct walk *w, const struct walk_target *t) {
  bool is_alias = t->canonical.len;
  if (t->is_secure && is_alias) look_up(c, w, canonical_of(t));
  if (c->facts.tlsa != TLSA_ABSENT) return;
  if (t->is_secure || (is_alias && first_step_is_secure(c, w, t))) look_up(c, w, t->host);
}

static bool level_asks_for_dane(const struct tlspolicy *p) {
  switch (p->level) {
    case LEVEL_MAY:
    case LEVEL_ENCRYPT:
    case LEVEL_DANE:
    case LEVEL_STS: return !p->no_dane;
    case LEVEL_NONE:
    case LEVEL_VERIFY:
    case LEVEL_FINGERPRINT:
    case TLS_LEVELS: break;
  }
  return false;
}

static bool dane_counts(const struct tlscase *c, const struct walk *w, const struct walk_target *t) {
  bool may_be_signed = t->is_secure || t->canonical.len;
  return may_be_signed && c->facts.host_is_secure && level_asks_for_dane(&c->policy) && !is_address(t) &&
         (w->destination->use_mx || dnssec_is_trusted(w->settings->dnssec)); /* with MX records host_is_secure has asked */
}

static void note_tlsa(const struct tlscase *c, struct facts *f) {
  static const char *const states[] = {"none that DNSSEC vouches for", "found", "found, none of which can be used", "the look-up failed"};
  if (!f) return;
  fact_begin(f, "tlsa");
  fact_s(f, "TLSA records");
  if (c->base.s) fact_s(f, " of ");
  if (c->base.s) fact_t(f, c->base);
  fact_s(f, ": ");
  fact_s(f, states[c->facts.tlsa]);
  if (c->problem) fact_s(f, ": ");
  if (c->problem) fact_s(f, c->problem);
  fact_end(f);
  for (unsigned i = 0; c->facts.tlsa == TLSA_USABLE && i < c->tlsa.count; i++)
    fact_say(f, "tlsarecord", "", text_of(c->tlsa.lines[i]));
}

static bool is_vouched_for(const struct walk *w) {
  bool needs_dnssec = w->destination->use_mx;
  return w->hosts_are_secure && (!needs_dnssec || dnssec_is_trusted(w->settings->dnssec));
}

/* ---- MTA-STS (RFC 8461) */

/* Of a domain that is sent to by its MX records; it is not needed where DANE decides (RFC 8461 2). */
static bool sts_counts(const struct tlscase *c, const struct walk *w) {
  if (!w->destination->use_mx || c->policy.no_sts || c->facts.tlsa == TLSA_USABLE || c->facts.tlsa == TLSA_FAILED) return false;
  switch (c->policy.level) {
    case LEVEL_MAY:
    case LEVEL_ENCRYPT: return !c->facts.tls_optional || c->facts.requiretls;
    case LEVEL_STS: return true;
    case LEVEL_VERIFY: return c->facts.requiretls;
    case LEVEL_NONE:
    case LEVEL_FINGERPRINT:
    case LEVEL_DANE:
    case TLS_LEVELS: break;
  }
  return false;
}

static const struct stspolicy *policy_of(struct walk *w) {
  if (!w->has_sts) stspolicy_find(&w->sts, w->destination->host, &w->settings->sts);
  w->has_sts = true;
  return &w->sts;
}

static void find_sts(struct tlscase *c, struct walk *w, const struct walk_target *t) {
  const struct stspolicy *p = c->sts = policy_of(w);
  c->facts.sts = p->mode;
  c->facts.sts_unreadable = p->source == STSPOLICY_UNREADABLE;
  c->facts.sts_unknown = p->source == STSPOLICY_UNKNOWN || p->source == STSPOLICY_FAILED;
  c->facts.sts_names_host = p->mode != STS_NONE && stspolicy_allows(p, t->host);
  if (!w->facts) return;
  fact_begin(w->facts, "sts");
  fact_s(w->facts, "MTA-STS policy: ");
  fact_s(w->facts, sts_mode_name(p->mode));
  if (p->mode != STS_NONE) fact_s(w->facts, c->facts.sts_names_host ? ", which names this host" : ", which does not name this host");
  if (p->problem[0]) fact_s(w->facts, "; ");
  if (p->problem[0]) fact_t(w->facts, text_of(p->problem));
  fact_end(w->facts);
}

/* ---- the case */

void tlscase_make(struct tlscase *c, struct walk *w, const struct walk_target *t, const struct net_wish *wish) {
  static const struct stspolicy none;
  const struct destination *d = w->destination;
  c->tlsa.count = 0;
  c->base = TEXT_ABSENT;
  c->problem = NULL;
  c->sts = &none;
  c->policy = tlspolicy_find(w->settings->tlspolicy, d->host);
  if (w->settings->has_no_tls && !c->policy.is_ours) c->policy.level = LEVEL_NONE;
  c->facts = (struct tls_case){.level = c->policy.level,
                               .is_ours = c->policy.is_ours,
                               .host_is_secure = is_vouched_for(w),
                               .requiretls = wish->requiretls,
                               .tls_optional = wish->tls_optional,
                               .is_implicit = c->policy.is_implicit || (d->port == PORT_TLS && c->policy.level != LEVEL_NONE),
                               .has_tlsd = tlsdoor_is_there(w->settings->rundir)};
  if (dane_counts(c, w, t)) {
    find_tlsa(c, w, t);
    if (t->has_no_usable_tlsa && c->facts.tlsa == TLSA_USABLE) c->facts.tlsa = TLSA_UNUSABLE;
    note_tlsa(c, w->facts);
  }
  if (sts_counts(c, w)) find_sts(c, w, t);
}

/* ---- the request */

/* A name of the DNS has no final dot in a certificate or in SNI. */
static void put_name(char *to, struct text name) {
  if (name.len && name.s[name.len - 1] == '.') name.len--;
  if (name.len > TLSWIRE_NAME_MAX) name.len = 0;
  memcpy(to, name.s, name.len);
  to[name.len] = 0;
}

static bool add_name(struct tls_request *r, struct text name) {
  if (r->names_count == TLSWIRE_NAMES) return false;
  put_name(r->names[r->names_count++], name);
  return true;
}

/* RFC 7672 3.2.2: with usage 2 the certificate may also be the domain's, or in
 * the name that the host has as an alias. */
static bool ask_dane(struct tls_request *r, const struct tlscase *c, const struct walk *w, const struct walk_target *t) {
  r->tlsa_count = c->tlsa.count;
  for (unsigned i = 0; i < c->tlsa.count; i++) memcpy(r->tlsa[i], c->tlsa.lines[i], strlen(c->tlsa.lines[i]) + 1);
  put_name(r->sni, c->base);
  return add_name(r, c->base) && (mx_same_name(c->base, t->host) || add_name(r, t->host)) &&
         (!w->destination->use_mx || mx_same_name(t->host, w->destination->host) || add_name(r, w->destination->host));
}

bool tlscase_request(struct tls_request *r, const struct tlscase *c, const struct tls_plan *p, const struct walk *w,
                     const struct walk_target *t) {
  tlswire_clear_request(r);
  r->role = TLS_CLIENT;
  r->check = p->check;
  (void)snprintf(r->session, sizeof r->session, "%.*s:%u", (int)(t->host.len < 200 ? t->host.len : 200), t->host.s,
                 w->destination->port);
  if (!is_address(t)) put_name(r->sni, t->host);
  if (!tlspolicy_put(r, &c->policy)) return false;
  if (p->check == TLS_CHECK_DANE) return ask_dane(r, c, w, t);
  return r->names_count || is_address(t) || add_name(r, t->host);
}

void tlscase_describe(char *to, size_t size, const struct tls_plan *p, const struct tls_facts *f) {
  int n = snprintf(to, size, "%s %s", f->version, f->cipher);
  if (n < 0 || (size_t)n >= size) return;
  to += n;
  size -= (size_t)n;
  if (p->check == TLS_CHECK_NOTHING) (void)snprintf(to, size, ", not verified");
  else (void)snprintf(to, size, ", verified by %s%s%s", p->by, f->peer[0] ? " as " : "", f->peer);
}
