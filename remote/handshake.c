#include "config.h"
#include "remote/handshake.h"
#include <stdio.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/tlsdoor.h"
#include "remote/prelude.h"
#include "remote/tlscase.h"
#include "remote/tlsnote.h"

enum { HANDSHAKE_MS = 300000 }; /* where the site sets no limit */

struct run {
  struct handshake *h;
  struct walk_target *target;
  int *fd;
  char address[IP_TEXT_MAX];
  struct tlscase known;
  struct tls_plan plan;
  struct tls_request request;
  struct text helo; /* the name that the server gave before TLS; absent: none */
};

static const struct connector_settings *settings_of(const struct run *r) { return r->h->walk->settings; }

/* ---- what is said about it */

static void log_host(const struct run *r, const char *ours, const char *theirs, const char *end) {
  struct log *l = settings_of(r)->log;
  if (!l) return;
  log_s(l, "owl-remote: TLS with ");
  log_t(l, r->target->host);
  log_s(l, " [");
  log_s(l, r->address);
  log_s(l, "]: ");
  log_s(l, ours);
  log_t(l, text_of(theirs));
  log_s(l, end);
  log_end(l);
}

static void note(const struct run *r, const char *result, const char *why) {
  tlsnote_session(&r->known, r->h->walk, r->target, *r->fd, r->helo, result, why);
}

static void close_connection(struct run *r) {
  close(*r->fd);
  *r->fd = -1;
}

static enum handshake_end avoid(struct run *r, const char *what, const char *theirs) {
  struct verdict *v = &r->h->walk->said;
  verdict_set(v, r->plan.class, r->plan.status, what);
  verdict_add_text(v, text_of(theirs));
  verdict_add(v, " (");
  verdict_add(v, r->plan.why);
  verdict_add(v, ")");
  verdict_who(v, r->target->host, text_of(r->address));
  walk_note(r->h->walk, r->target->host, v->class == RESULT_FAILURE);
  fact_say(r->h->walk->facts, "tls", "not this host: ", text_of_stralloc(&v->text));
  close_connection(r);
  return HANDSHAKE_NEXT;
}

/* A server's word, or the loss of it. */
static enum handshake_end lose(struct run *r, const struct result *said) {
  verdict_copy(&r->h->walk->said, said);
  walk_note(r->h->walk, r->target->host, said->class == RESULT_FAILURE);
  close_connection(r);
  return HANDSHAKE_NEXT;
}

static enum handshake_end done(struct run *r, enum smtp_stage stage) {
  r->h->peer->stage = stage;
  r->h->peer->hello = stage == STAGE_READY ? text_of_stralloc(&r->h->hello) : TEXT_ABSENT;
  r->h->peer->tls = r->h->tls[0] ? text_of(r->h->tls) : TEXT_ABSENT;
  return HANDSHAKE_DONE;
}

static enum handshake_end anew(struct run *r, enum walk_tls less, const char *error) {
  log_host(r, "", error, less == WALK_PLAIN ? "; it is tried without TLS" : "; it is tried without asking for the certificate");
  fact_say(r->h->walk->facts, "tls", "failed, and less will do: ", text_of(error));
  r->target->used = false;
  r->target->tls = less;
  close_connection(r);
  return HANDSHAKE_ANEW;
}

static enum handshake_end after_failure(struct run *r, const char *error) {
  switch (tlsverdict_after(&r->plan, TLS_FAILED)) {
    case NEXT_PLAIN:
    case NEXT_PLAIN_ANEW: return anew(r, WALK_PLAIN, error);
    case NEXT_UNCHECKED: return anew(r, WALK_UNCHECKED, error);
    case NEXT_HOST: break;
  }
  log_host(r, "", error, "; the mail waits");
  return avoid(r, "", error);
}

/* ---- TLS */

static int limit_ms(const struct run *r) {
  int ms = settings_of(r)->limits_ms[STEP_HELLO];
  return ms > 0 ? ms : HANDSHAKE_MS;
}

static void note_tls(struct run *r, const struct tls_facts *f) {
  tlscase_describe(r->h->tls, sizeof r->h->tls, &r->plan, f);
  fact_say(r->h->walk->facts, "tls", "", text_of(r->h->tls));
}

/* What the talker logs in by. */
static void note_channel(struct run *r, const struct tls_facts *f) {
  r->h->peer->verified = *f->verified;
  snprintf(r->h->exporter, sizeof r->h->exporter, "%s", f->exporter);
  snprintf(r->h->endpoint, sizeof r->h->endpoint, "%s", f->endpoint);
  if (*f->exporter) r->h->peer->exporter = text_of(r->h->exporter);
  if (*f->endpoint) r->h->peer->endpoint = text_of(r->h->endpoint);
}

/* The talker can set nothing of a descriptor. */
static enum handshake_end take_plaintext(struct run *r, int plaintext, const struct tls_facts *f) {
  close_connection(r);
  *r->fd = plaintext;
  if (io_set_nonblocking(plaintext) == -1) return avoid(r, "unable to set up a socket", "");
  note_tls(r, f);
  note_channel(r, f);
  return done(r, r->known.facts.is_implicit ? STAGE_GREETING : STAGE_HELLO);
}

/* What goes on with less was noted when it failed; a policy that is only tested
 * is kept or not by the host's name, too. */
static void note_success(const struct run *r) {
  const struct tls_case *k = &r->known.facts;
  if (r->target->tls != WALK_FULL) return;
  if (k->sts == STS_TESTING && !k->sts_names_host) note(r, "validation-failure", "the domain's MTA-STS policy does not name this host");
  else if (r->known.sts->source == STSPOLICY_FAILED) note(r, r->known.sts->result, r->known.sts->problem);
  else note(r, "", "");
}

/* TLSA records of a form that can be compared with may hold what is no
 * certificate or key: only owl-tlsd sees that, and then has verified nothing.
 * What is asked of such a host is another thing, so it is begun with anew. */
static enum handshake_end not_verified(struct run *r) {
  static const char why[] = "none of the TLSA records can be used";
  if (r->plan.check != TLS_CHECK_DANE) return avoid(r, "owl-tlsd has not verified the certificate", "");
  log_host(r, why, "", "; it is tried again without them");
  note(r, "tlsa-invalid", why);
  r->target->has_no_usable_tlsa = true;
  r->target->used = false;
  close_connection(r);
  return HANDSHAKE_ANEW;
}

static enum handshake_end begin_tls(struct run *r) {
  static struct tls_facts facts; /* large */
  if (!tlscase_request(&r->request, &r->known, &r->plan, r->h->walk, r->target))
    return avoid(r, "tlspolicy has more names than can be asked for", "");
  int plaintext = tlsdoor_open(settings_of(r)->rundir, &r->request, *r->fd, &facts, limit_ms(r));
  if (plaintext == -1 && facts.result[0]) note(r, facts.result, facts.error);
  if (plaintext == -1) return after_failure(r, facts.error);
  if (r->plan.check != TLS_CHECK_NOTHING && !*facts.verified) return close(plaintext), not_verified(r);
  note_success(r);
  return take_plaintext(r, plaintext, &facts);
}

/* ---- before TLS */

static enum handshake_end not_offered(struct run *r, struct text hello) {
  note(r, "starttls-not-supported", "the server does not offer STARTTLS");
  if (tlsverdict_after(&r->plan, TLS_NOT_OFFERED) == NEXT_HOST) return avoid(r, "the server does not offer STARTTLS", "");
  fact_say(r->h->walk->facts, "tls", "the server does not offer STARTTLS", TEXT_ABSENT);
  return done(r, text_copy(&r->h->hello, hello) == 0 ? STAGE_READY : STAGE_HELLO);
}

static enum handshake_end refused(struct run *r, const struct result *said) {
  note(r, "starttls-not-supported", "the server refuses STARTTLS");
  if (tlsverdict_after(&r->plan, TLS_REFUSED) == NEXT_HOST) return lose(r, said);
  log_host(r, "the server offers STARTTLS and refuses it", "", "; the mail goes without");
  return done(r, STAGE_HELLO);
}

static enum handshake_end speak(struct run *r) {
  const struct connector_settings *s = settings_of(r);
  const struct prelude_settings p = {s->limits_ms, r->h->walk->destination->is_lmtp, s->may_lack_seccomp, r->h->walk->facts};
  struct prelude prelude;
  enum handshake_end end = HANDSHAKE_GONE;
  enum prelude_end spoken = prelude_run(&prelude, &p, *r->fd, r->h->talker, r->h->wish->helohost, r->target->host, text_of(r->address));
  r->helo = prelude.name;
  switch (spoken) {
    case PRELUDE_LOST: end = lose(r, &prelude.result); break;
    case PRELUDE_READY: end = begin_tls(r); break;
    case PRELUDE_PLAIN: end = not_offered(r, prelude.hello); break;
    case PRELUDE_REFUSED: end = refused(r, &prelude.result); break;
    case PRELUDE_FAILED: end = avoid(r, "unable to speak with the server: the process that does died", ""); break;
    case PRELUDE_GONE: close_connection(r); break;
  }
  r->helo = TEXT_ABSENT;
  prelude_free(&prelude);
  return end;
}

/* ---- what is needed */

/* What has failed is not asked for again. */
static void weaken(struct tls_plan *p, enum walk_tls less) {
  if (p->must || less == WALK_FULL) return;
  p->check = TLS_CHECK_NOTHING;
  if (less == WALK_PLAIN) p->action = TLS_PLAIN;
}

/* A host that a policy excludes. */
static void note_avoided(const struct run *r) {
  if (r->known.facts.tlsa == TLSA_FAILED) note(r, "dnssec-invalid", r->plan.why);
  else if (r->known.facts.sts != STS_NONE && !r->known.facts.sts_names_host) note(r, "validation-failure", r->plan.why);
}

static enum handshake_end qmtp(struct run *r) {
  if (r->known.facts.requiretls) r->plan.class = RESULT_FAILURE, r->plan.status = "5.7.30";
  if (tlsverdict_after(&r->plan, TLS_NOT_OFFERED) == NEXT_HOST) return avoid(r, "QMTP has no TLS", "");
  return done(r, STAGE_GREETING);
}

/* Said once: a site that wants no owl-tlsd has no use for more. */
static void note_no_tlsd(struct run *r) {
  static bool is_noted;
  if (!is_noted && r->known.facts.level != LEVEL_NONE && !r->known.facts.has_tlsd)
    log_host(r, r->plan.why, "", ": the mail goes without");
  is_noted = true;
}

enum handshake_end handshake_run(struct handshake *h, struct walk_target *t, int *fd) {
  static struct run r; /* large: each step sets what the next one reads */
  r.h = h;
  r.target = t;
  r.fd = fd;
  r.helo = TEXT_ABSENT;
  h->tls[0] = 0;
  h->peer->verified = false;
  h->peer->exporter = h->peer->endpoint = TEXT_ABSENT;
  ip_format(&t->ip, r.address);
  tlscase_make(&r.known, h->walk, t, h->wish);
  r.plan = tlsverdict_plan(&r.known.facts);
  fact_say(h->walk->facts, "tlsplan", "", text_of(r.plan.why));
  weaken(&r.plan, t->tls);
  switch (r.plan.action) {
    case TLS_AVOID: note_avoided(&r); return avoid(&r, r.known.problem ? "unable to send by TLS: " : "unable to send by TLS", r.known.problem ? r.known.problem : "");
    case TLS_PLAIN: note_no_tlsd(&r); return done(&r, STAGE_GREETING);
    case TLS_BEGIN: break;
  }
  if (h->walk->destination->is_qmtp) return qmtp(&r);
  return r.known.facts.is_implicit ? begin_tls(&r) : speak(&r);
}
