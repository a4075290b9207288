#include "config.h"
#include "smtpd/doorkeeper/authenticate.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "lib/tlsfacts.h"
#include "lib/tlswire.h"
#include "lib/variable.h"
#include "smtpd/doorkeeper/authsettings.h"
#include "smtpd/doorkeeper/certified.h"
#include "smtpd/doorkeeper/event.h"
#include "smtpd/doorkeeper/policy.h"
#include "smtpd/doorkeeper/request.h"
#include "smtpd/doorkeeper/sendermap.h"

static bool is_logged_in(const struct doorkeeper *k) { return k->client->login.len > 0; }

static void know_certificate(struct saslguard *g, const struct tls_facts *f) {
  g->exporter = f->exporter;
  g->endpoint = f->endpoint;
  if (*f->fingerprint) g->certificate = text_of(f->fingerprint);
  if (*tlsfacts_name(f)) g->certificate_name = text_of(tlsfacts_name(f));
}

static struct saslguard *prepare(struct doorkeeper *k) {
  struct saslguard *g = &k->guard;
  const struct client *c = k->client;
  const struct settings *s = k->settings;
  g->rundir = s->rundir.s;
  g->host = s->auth_host ? s->auth_host : s->me.s;
  g->allowed = s->mechanisms;
  g->about = (struct credential_request){.service = text_of(s->is_submission ? "submission" : "smtp"),
                                         .client_port = c->port, .local_port = c->local_port};
  if (c->address.len) g->about.client_address = text_of_stralloc(&c->address);
  if (c->local_address.len) g->about.local_address = text_of_stralloc(&c->local_address);
  if (k->secure.facts) {
    g->about.tls = text_of_stralloc(&k->secure.words);
    know_certificate(g, k->secure.facts);
  }
  return g;
}

static struct outcome not_available(struct doorkeeper *k) {
  struct outcome o = outcome_refuse(454, "4.7.0", "AUTH is not available now, please try later");
  event_asked_authd(k, text_of(strerror(errno)));
  return o;
}

static struct outcome offer(struct doorkeeper *k) {
  struct saslguard *g = prepare(k);
  struct outcome o = outcome_grant(250, "2.0.0", "ok");
  if (saslguard_offer(g) == -1) return not_available(k);
  stralloc_zero(&k->text);
  if (sasl_cat_set(&k->text, g->offered) == -1) return outcome_no_memory();
  o.answer.challenge = text_of_stralloc(&k->text);
  return o;
}

static int publish_all(const struct doorkeeper *k, struct text user, struct text mechanism) {
  if (variable_set("TCPREMOTEINFO", user) == -1 || variable_set("SMTPAUTHUSER", user) == -1) return -1;
  if (variable_set("SMTPAUTHMETHOD", mechanism) == -1) return -1;
  return k->settings->relayclient.s ? 0 : setenv("RELAYCLIENT", "", 1);
}

void authenticate_forget(void) {
  unsetenv("SMTPAUTHUSER");
  unsetenv("SMTPAUTHMETHOD");
}

static int let_in(struct doorkeeper *k, struct text user, struct text mechanism) {
  if (publish_all(k, user, mechanism) == -1) return -1;
  if (k->client != &k->named) {
    if (client_copy(&k->named, k->client) == -1) return -1;
    k->client = &k->named;
  }
  k->renamed = true; /* XCLIENT could only make it somebody else */
  if (text_copy(&k->named.login, user) == -1) return -1;
  if (k->settings != &k->settings_of_named) k->settings_of_named = *k->settings;
  k->settings = &k->settings_of_named;
  if (!k->settings->relayclient.s) k->settings_of_named.relayclient = text_of("");
  return 0;
}

/* Whatever its talker makes of it. */
static struct outcome send_away(struct doorkeeper *k, struct outcome o) {
  k->sent_away = o.answer.ends_session = true;
  return o;
}

static struct outcome welcome(struct doorkeeper *k, const struct saslguard_answer *a, struct text mechanism) {
  struct outcome o = outcome_grant(235, "2.7.0", "you are logged in");
  o.answer.challenge = a->challenge;
  bool is_in = let_in(k, a->user, mechanism) == 0;
  if (is_in) event_authenticated(k, a->user, mechanism);
  saslguard_drop(&k->guard); /* owl-authd has others to hear */
  return is_in ? o : send_away(k, outcome_no_memory()); /* half of a log-in would be another one */
}

static struct outcome refuse(struct doorkeeper *k, const struct saslguard_answer *a, const struct sasl_question *q) {
  const struct settings *s = k->settings;
  struct outcome o = {.answer = {.result = a->result}, .fd = -1};
  bool is_wrong = a->result.class == RESULT_FAILURE;
  o.answer.result.reply_code = is_wrong ? 535 : 454;
  if (!o.answer.result.status.s) o.answer.result.status = text_of(is_wrong ? "5.7.8" : "4.7.0");
  event_refused_login(k, q->mechanism, q->user, &o.answer.result);
  bool is_last = is_wrong && ++k->auth_failures >= s->maxauthtries && s->maxauthtries;
  return is_last ? send_away(k, o) : o;
}

static struct outcome ask(struct doorkeeper *k, const struct sasl_question *q) {
  struct saslguard_answer a;
  if (saslguard_ask(prepare(k), q, &a) == -1) return outcome_malformed;
  if (a.result.class != RESULT_SUCCESS) return refuse(k, &a, q);
  if (a.user.len) return welcome(k, &a, q->mechanism);
  struct outcome o = outcome_grant(334, "2.0.0", "go on");
  o.answer.challenge = a.challenge;
  return o;
}

struct outcome authenticate(struct doorkeeper *k, const struct door_request *r) {
  struct sasl_question q = {r->mechanism, r->envelope.auth_user, r->secret, r->attributes, r->binding};
  struct door_request rest = *r;
  rest.mechanism = rest.secret = rest.attributes = rest.binding = rest.envelope.auth_user = TEXT_ABSENT;
  if (!request_is_empty(&rest)) return outcome_malformed;
  if (!authsettings_offer(k->settings)) return outcome_refuse(502, "5.5.1", "AUTH is not available here");
  if (k->state != DOORKEEPER_IDLE || is_logged_in(k)) return outcome_not_now();
  return q.mechanism.s ? ask(k, &q) : offer(k);
}

/* Whether a submitted message may have this sender's domain: as policy_is_submittable(). */
static int is_submittable(const struct settings *s, struct text sender) {
  return s->is_submission ? policy_is_submittable(s, sender) : 1;
}

/* As sendermap_allows(). */
static int may_be_used(const struct doorkeeper *k, struct text sender) {
  return is_logged_in(k) ? sendermap_allows(&k->settings->sendermap, text_of_stralloc(&k->client->login), sender, k->facts) : 1;
}

bool authenticate_refuses(struct doorkeeper *k, struct text sender, struct outcome *o) {
  const struct settings *s = k->settings;
  if (s->needs_auth && !is_logged_in(k)) return *o = outcome_refuse(530, "5.7.0", "please log in first (AUTH)"), true;
  int submittable = is_submittable(s, sender);
  if (submittable == -1) {
    event_unreadable(k, "morercpthosts.cdb");
    return *o = outcome_refuse(451, "4.3.5", "unable to check that sender now, please try later"), true;
  }
  if (!submittable) return *o = outcome_refuse(554, "5.1.8", "the domain of that sender is not a whole one"), true;
  int may = may_be_used(k, sender);
  if (may == -1) return *o = outcome_no_memory(), true;
  if (!may) *o = outcome_refuse(553, "5.7.1", "you may not send with this address, by sendermap");
  return !may;
}
