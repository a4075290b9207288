#include "config.h"
#include "remote/tlscheck.h"
#include "remote/tlscase.h"

static const char *asked(const struct tls_plan *p) {
  switch (p->check) {
    case TLS_CHECK_NOTHING: return "any certificate";
    case TLS_CHECK_NAMES: return "a certificate for its name, by an authority that is trusted";
    case TLS_CHECK_FINGERPRINT: return "one of the fingerprints";
    case TLS_CHECK_DANE: return "a certificate that matches its TLSA records";
  }
  return "";
}

static const char *verdict(const struct tls_plan *p) {
  switch (p->action) {
    case TLS_PLAIN: return "without TLS";
    case TLS_AVOID: return p->class == RESULT_FAILURE ? "nothing is sent, the mail fails" : "nothing is sent, the mail waits";
    case TLS_BEGIN: break;
  }
  return p->must ? "TLS or nothing, with " : "TLS where it is offered and works, with ";
}

static void note_verdict(struct facts *f, const char *kind, const struct tls_plan *p) {
  fact_begin(f, kind);
  fact_s(f, verdict(p));
  if (p->action == TLS_BEGIN) fact_s(f, asked(p));
  fact_s(f, ": ");
  fact_s(f, p->why);
  fact_detail(f, "action", text_of(p->action == TLS_PLAIN ? "plain" : p->action == TLS_AVOID ? "avoid" : p->must ? "must" : "may"));
  if (p->action == TLS_BEGIN) fact_detail(f, "check", text_of(p->by));
  fact_end(f);
}

static void note_policy(struct facts *f, const struct tlscase *c) {
  fact_begin(f, "tlspolicy");
  fact_s(f, c->policy.is_ours ? "a line says " : "there is no line, so it is ");
  fact_s(f, tls_level_name(c->policy.level));
  if (c->facts.is_implicit) fact_s(f, ", TLS from the first octet");
  fact_detail(f, "level", text_of(tls_level_name(c->policy.level)));
  fact_end(f);
}

/* What is looked up depends on it, too; it has been told. */
static void note_message(struct walk *w, const struct walk_target *t, const char *kind, const struct net_wish *wish) {
  static struct tlscase c; /* large */
  struct facts *f = w->facts;
  w->facts = NULL;
  tlscase_make(&c, w, t, wish);
  w->facts = f;
  struct tls_plan p = tlsverdict_plan(&c.facts);
  note_verdict(f, kind, &p);
}

static void note_messages(struct walk *w, const struct walk_target *t) {
  static const struct net_wish required = {.requiretls = true}, optional = {.tls_optional = true};
  note_message(w, t, "requiretls", &required);
  note_message(w, t, "tlsrequiredno", &optional);
}

static void check_host(struct walk *w, const struct walk_target *t) {
  static struct tlscase c; /* large */
  static const struct net_wish usual;
  fact_begin(w->facts, "host");
  fact_t(w->facts, t->host);
  fact_s(w->facts, w->hosts_are_secure ? ", whose name is vouched for" : ", whose name nobody vouches for");
  fact_s(w->facts, t->is_secure ? ", and so are its addresses" : "");
  fact_detail(w->facts, "host", t->host);
  fact_end(w->facts);
  tlscase_make(&c, w, t, &usual);
  struct tls_plan p = tlsverdict_plan(&c.facts);
  note_policy(w->facts, &c);
  note_verdict(w->facts, "verdict", &p);
  note_messages(w, t);
}

/* A host is one, with however many addresses. */
static bool is_new(const struct walk_target *all, size_t i) {
  for (size_t n = 0; n < i; n++)
    if (mx_same_name(all[n].host, all[i].host)) return false;
  return true;
}

static void note_dnssec(struct dnssec *d, struct facts *f) {
  bool trusted = dnssec_is_trusted(d);
  fact_begin(f, "dnssec");
  fact_s(f, trusted ? "the name server of this host validates" : "DANE is off");
  if (d->why && d->why[0]) fact_s(f, ": ");
  if (d->why) fact_s(f, d->why);
  fact_detail(f, "dane", text_of(trusted ? "on" : "off"));
  fact_end(f);
}

void tlscheck_destination(const struct destination *d, const struct connector_settings *s, struct facts *f) {
  static struct walk walk; /* large */
  struct walk_target *targets;
  size_t count;
  if (d->socket_path) {
    fact_say(f, "verdict", "without TLS: it is a socket of this host", TEXT_ABSENT);
    return;
  }
  note_dnssec(s->dnssec, f);
  walk.facts = f;
  walk_begin(&walk, d, s);
  while ((targets = walk_targets(&walk, &count)))
    for (size_t i = 0; i < count; i++) {
      if (!targets[i].used && is_new(targets, i)) check_host(&walk, &targets[i]);
      targets[i].used = true;
    }
  walk_free(&walk);
}
