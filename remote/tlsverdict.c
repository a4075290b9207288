#include "config.h"
#include "remote/tlsverdict.h"

static const char *const level_names[TLS_LEVELS] = {"none", "may", "encrypt", "verify", "fingerprint", "dane", "sts"};

const char *tls_level_name(enum tls_level level) { return level_names[level]; }

enum tls_level tls_level_find(struct text name) {
  unsigned i = 0;
  while (i < TLS_LEVELS && !text_equals(name, level_names[i])) i++;
  return (enum tls_level)i;
}

/* ---- plans */

static struct tls_plan plain(const char *why) {
  return (struct tls_plan){.action = TLS_PLAIN, .why = why};
}

static struct tls_plan avoid(const char *status, const char *why) {
  return (struct tls_plan){.action = TLS_AVOID, .must = true, .class = RESULT_DEFERRAL, .status = status, .why = why};
}

static struct tls_plan refuse(const char *why) {
  return (struct tls_plan){.action = TLS_AVOID, .must = true, .class = RESULT_FAILURE, .status = "5.7.10", .why = why};
}

static struct tls_plan must(enum tls_check check, const char *why) {
  static const char *const by[] = {"nothing", "names", "fingerprint", "dane"};
  return (struct tls_plan){.action = TLS_BEGIN, .check = check, .must = true, .class = RESULT_DEFERRAL,
                           .status = "4.7.5", .by = by[check], .why = why};
}

static struct tls_plan may(enum tls_check check, const char *why) {
  struct tls_plan p = must(check, why);
  p.must = false;
  return p;
}

/* ---- by level */

static const char lookup_failed[] = "the look-up of its TLSA records failed";

static struct tls_plan unreadable(void) {
  return avoid("4.3.0", "the files with MTA-STS policies cannot be read");
}

static struct tls_plan by_sts(const struct tls_case *c) {
  struct tls_plan p = must(TLS_CHECK_NAMES, "the domain's MTA-STS policy asks for it");
  p.by = "sts";
  return c->sts_names_host ? p : avoid("4.7.5", "the domain's MTA-STS policy does not name this host");
}

/* What the domain asks for.  level MAY or ENCRYPT */
static struct tls_plan as_published(const struct tls_case *c) {
  if (c->tlsa == TLSA_USABLE) return must(TLS_CHECK_DANE, "the host has TLSA records");
  if (c->tlsa == TLSA_FAILED) return avoid("4.4.3", lookup_failed);
  if (c->sts_unreadable) return unreadable();
  if (c->sts == STS_ENFORCE) return by_sts(c);
  if (c->tlsa == TLSA_UNUSABLE) return must(TLS_CHECK_NOTHING, "the host has TLSA records, none of which can be used");
  if (c->level == LEVEL_ENCRYPT) return must(TLS_CHECK_NOTHING, "tlspolicy says encrypt");
  if (c->sts == STS_TESTING && c->sts_names_host)
    return may(TLS_CHECK_NAMES, "the domain tests an MTA-STS policy");
  return may(TLS_CHECK_NOTHING, c->is_ours ? "tlspolicy says may" : "it is used where it is offered");
}

/* "TLS-Required: No" is the sender's word about what recipients' domains ask for
 * (RFC 8689 5), not about what this site does. */
static struct tls_plan as_unpublished(const struct tls_case *c) {
  return c->level == LEVEL_ENCRYPT ? must(TLS_CHECK_NOTHING, "tlspolicy says encrypt")
                                   : may(TLS_CHECK_NOTHING, "the message says TLS-Required: No");
}

static struct tls_plan only_dane(const struct tls_case *c) {
  switch (c->tlsa) {
    case TLSA_USABLE: break;
    case TLSA_FAILED: return avoid("4.4.3", lookup_failed);
    case TLSA_UNUSABLE: return avoid("4.7.5", "tlspolicy says dane, and no TLSA record of the host can be used");
    case TLSA_ABSENT: return avoid("4.7.5", "tlspolicy says dane, and the host has no TLSA record that DNSSEC vouches for");
  }
  return must(TLS_CHECK_DANE, "tlspolicy says dane");
}

static struct tls_plan only_sts(const struct tls_case *c) {
  if (c->tlsa == TLSA_USABLE) return must(TLS_CHECK_DANE, "tlspolicy says sts, and the host has TLSA records");
  if (c->tlsa == TLSA_FAILED) return avoid("4.4.3", lookup_failed);
  if (c->sts_unreadable) return unreadable();
  if (c->sts == STS_NONE) return avoid("4.7.5", "tlspolicy says sts, and the domain has no MTA-STS policy");
  return by_sts(c);
}

static struct tls_plan by_level(const struct tls_case *c) {
  switch (c->level) {
    case LEVEL_NONE: return plain(c->is_ours ? "tlspolicy says none" : "this site has no TLS (tlsdaemon is 0)");
    case LEVEL_MAY:
    case LEVEL_ENCRYPT: break;
    case LEVEL_VERIFY: return must(TLS_CHECK_NAMES, "tlspolicy says verify");
    case LEVEL_FINGERPRINT: return must(TLS_CHECK_FINGERPRINT, "tlspolicy says fingerprint");
    case LEVEL_DANE: return only_dane(c);
    case LEVEL_STS: return only_sts(c);
    case TLS_LEVELS: break;
  }
  return c->tls_optional && !c->requiretls ? as_unpublished(c) : as_published(c);
}

/* ---- REQUIRETLS (RFC 8689 4.2.1) */

static bool host_is_vouched_for(const struct tls_case *c) {
  return c->host_is_secure || (c->sts != STS_NONE && c->sts_names_host);
}

static struct tls_plan not_vouched_for(const struct tls_case *c) {
  if (c->sts_unreadable) return unreadable();
  if (c->sts_unknown) return avoid("4.7.10", "the message requires TLS, and the MTA-STS policy that may vouch for the host cannot be had");
  return refuse("the message requires TLS with a host that is verified, and neither DNSSEC nor MTA-STS vouches for its name");
}

/* That a server does not offer TLS may be the work of somebody on the way: it waits. */
static struct tls_plan required(const struct tls_case *c, struct tls_plan p) {
  bool is_checked = p.check == TLS_CHECK_DANE || p.check == TLS_CHECK_FINGERPRINT;
  if (p.action == TLS_AVOID) return p;
  if (p.action == TLS_PLAIN) return refuse("the message requires TLS, which this site does not use with the next hop");
  if (!is_checked && !host_is_vouched_for(c)) return not_vouched_for(c);
  if (!is_checked) p = must(TLS_CHECK_NAMES, "the message requires TLS (REQUIRETLS)");
  p.status = "4.7.10";
  return p;
}

/* ---- what is possible */

/* At a port that speaks TLS only, plaintext would reach nobody. */
static struct tls_plan at_port(const struct tls_case *c, struct tls_plan p) {
  if (c->is_implicit && p.action == TLS_BEGIN) p.must = true;
  return p;
}

static struct tls_plan with_tlsd(const struct tls_case *c, struct tls_plan p) {
  if (c->has_tlsd || p.action != TLS_BEGIN) return p;
  return p.must ? avoid("4.7.5", "TLS is needed, and owl-tlsd does not run") : plain("owl-tlsd does not run");
}

struct tls_plan tlsverdict_plan(const struct tls_case *c) {
  struct tls_plan p = by_level(c);
  if (c->requiretls) p = required(c, p);
  return with_tlsd(c, at_port(c, p));
}

enum tls_next tlsverdict_after(const struct tls_plan *p, enum tls_failure f) {
  if (p->must) return NEXT_HOST;
  switch (f) {
    case TLS_NOT_OFFERED:
    case TLS_REFUSED: return NEXT_PLAIN;
    case TLS_FAILED: break;
  }
  return p->check == TLS_CHECK_NOTHING ? NEXT_PLAIN_ANEW : NEXT_UNCHECKED;
}
