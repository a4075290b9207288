#include "config.h"
#include "remote/tlscase.h"
#include <stdio.h>
#include <string.h>
#include "lib/tlsdoor.h"

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

/* An address is no name that a server could choose a certificate by (RFC 6066 3). */
static bool is_address(const struct walk_target *t) {
  struct ip ip;
  return ip_parse_literal(&ip, t->host, true);
}

static bool make_request(struct tls_request *r, const struct tlspolicy *p, const struct walk *w, const struct walk_target *t) {
  memset(r, 0, sizeof *r);
  r->role = TLS_CLIENT;
  (void)snprintf(r->service, sizeof r->service, "smtp");
  if (!is_address(t)) put_name(r->sni, t->host);
  (void)snprintf(r->session, sizeof r->session, "%.*s:%u", (int)(t->host.len < 200 ? t->host.len : 200), t->host.s,
                 w->destination->port);
  if (!tlspolicy_put(r, p)) return false;
  return r->names_count || is_address(t) || add_name(r, t->host);
}

/* ---- the case */

bool tlscase_make(struct tls_case *c, struct tls_request *r, const struct walk *w, const struct walk_target *t,
                  const struct net_wish *wish) {
  const struct destination *d = w->destination;
  const struct tlspolicy p = tlspolicy_find(w->settings->tlspolicy, d->host);
  *c = (struct tls_case){.level = p.level,
                         .is_ours = p.is_ours,
                         .host_is_secure = !d->use_mx,
                         .requiretls = wish->requiretls,
                         .tls_optional = wish->tls_optional,
                         .is_implicit = p.is_implicit || (d->port == PORT_TLS && p.level != LEVEL_NONE),
                         .has_tlsd = tlsdoor_is_there(w->settings->rundir)};
  return make_request(r, &p, w, t);
}

void tlscase_describe(char *to, size_t size, const struct tls_plan *p, const struct tls_facts *f) {
  int n = snprintf(to, size, "%s %s", f->version, f->cipher);
  if (n < 0 || (size_t)n >= size) return;
  to += n;
  size -= (size_t)n;
  if (p->check == TLS_CHECK_NOTHING) (void)snprintf(to, size, ", not verified");
  else (void)snprintf(to, size, ", verified by %s%s%s", p->by, f->peer[0] ? " as " : "", f->peer);
}
