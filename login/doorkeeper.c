#include "config.h"
#include "login/doorkeeper.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/tlsfacts.h"
#include "login/event.h"
#include "login/opening.h"
#include "login/secure.h"

enum { DOOR_STEP_OCTETS = 512, ANSWER_MS = 60000 };

/* More than any log-in needs: a talker that has been taken over keeps nobody busy. */
enum { REQUESTS_MAX = 1000 };

void login_doorkeeper_open(struct login_doorkeeper *k) {
  k->session_us = clock_wall_us(k->clock);
  k->opened_us = clock_boot_us(k->clock);
  k->tls_door = k->session.sock = -1;
}

static void deny(struct logindoor_answer *a, enum result_class class, const char *text) {
  a->result = (struct result){.class = class, .text = text_of(text)};
}

/* ---- how one can log in */

static struct saslguard *prepare(struct login_doorkeeper *k) {
  struct saslguard *g = &k->guard;
  const struct client *c = k->client;
  g->rundir = k->settings->rundir.s;
  g->host = k->settings->me.s;
  g->allowed = SASL_ALL;
  g->about = (struct credential_request){.service = text_of(k->service), .client_port = c->port, .local_port = c->local_port};
  if (c->address.len) g->about.client_address = text_of_stralloc(&c->address);
  if (c->local_address.len) g->about.local_address = text_of_stralloc(&c->local_address);
  if (!k->facts) return g;
  g->about.tls = text_of_stralloc(&k->words);
  g->exporter = k->facts->exporter;
  g->endpoint = k->facts->endpoint;
  if (*k->facts->fingerprint) g->certificate = text_of(k->facts->fingerprint);
  if (*tlsfacts_name(k->facts)) g->certificate_name = text_of(tlsfacts_name(k->facts));
  return g;
}

/* Passwords do not go over the network for everybody to read, unless the site wants it. */
static bool may_log_in(const struct login_doorkeeper *k) { return k->facts || k->settings->authwithouttls; }

/* The same for the whole connection, since no greeting follows TLS. */
static int make_stamp(struct login_doorkeeper *k) {
  return k->stamp.len ? 0 : saslguard_stamp(&k->stamp, k->settings->me.s, k->session_us);
}

/* 0, or -1: the log says why. */
static int find_mechanisms(struct login_doorkeeper *k, stralloc *names) {
  stralloc_zero(names);
  if (saslguard_offer(prepare(k)) == -1) return login_event(k, "unable to ask owl-authd", text_of(strerror(errno))), -1;
  if (sasl_cat_set(names, k->guard.offered) == 0) return 0;
  return login_event(k, "out of memory", TEXT_ABSENT), -1;
}

static void offer(struct login_doorkeeper *k, struct logindoor_answer *a) {
  static stralloc names;
  deny(a, RESULT_SUCCESS, "ok");
  if (!may_log_in(k)) return;
  if (find_mechanisms(k, &names) == -1) {
    deny(a, RESULT_DEFERRAL, "passwords cannot be checked now, please try later");
    return;
  }
  a->offered = text_of_stralloc(&names);
  k->may_apop = k->guard.offers_apop && make_stamp(k) == 0;
  if (k->may_apop) a->challenge = text_of_stralloc(&k->stamp);
}

/* ---- a log-in */

static void let_in(struct login_doorkeeper *k, const struct saslguard_answer *g, struct text how, struct logindoor_answer *a) {
  if (text_copy(&k->user, g->user) == -1 || text_copy(&k->pass, g->pass) == -1 || g->pass.len == 0) {
    stralloc_zero(&k->user);
    login_event(k, "owl-authd gave no pass for", g->user);
    deny(a, RESULT_DEFERRAL, "mailboxes cannot be opened now, please try later");
    return;
  }
  login_event_user(k, how, g->user, NULL);
  deny(a, RESULT_SUCCESS, "you are logged in");
}

static void refuse(struct login_doorkeeper *k, struct text how, struct text user, struct logindoor_answer *a) {
  login_event_user(k, how, user, &a->result);
  if (a->result.class != RESULT_FAILURE) return;
  a->ends_session = ++k->refused >= k->settings->maxauthtries && k->settings->maxauthtries;
  k->sent_away = a->ends_session;
}

static void conclude(struct login_doorkeeper *k, const struct saslguard_answer *g, struct text how, struct text user,
                     struct logindoor_answer *a) {
  a->result = g->result;
  if (a->result.class != RESULT_SUCCESS) refuse(k, how, user, a);
  else if (g->user.len) let_in(k, g, how, a);
  if (g->challenge.s && a->result.class == RESULT_SUCCESS) a->challenge = g->challenge;
}

static int ask(struct login_doorkeeper *k, const struct logindoor_request *r, struct logindoor_answer *a) {
  struct sasl_question q = {r->mechanism, r->user, r->secret, r->attributes, r->binding};
  struct saslguard_answer g;
  if (!may_log_in(k) || saslguard_ask(prepare(k), &q, &g) == -1) return -1;
  conclude(k, &g, q.mechanism, q.user, a);
  return 0;
}

static int ask_apop(struct login_doorkeeper *k, const struct logindoor_request *r, struct logindoor_answer *a) {
  struct saslguard_answer g;
  if (!may_log_in(k) || !k->may_apop) return -1;
  saslguard_apop(prepare(k), r->user, text_of_stralloc(&k->stamp), r->response, &g);
  conclude(k, &g, text_of("APOP"), r->user, a);
  return 0;
}

/* ---- */

int login_doorkeeper_answer(struct login_doorkeeper *k, unsigned kind, struct text payload, struct logindoor_answer *a) {
  struct logindoor_request r;
  *a = (struct logindoor_answer){0};
  if (k->sent_away || k->tls_is_granted || k->session.sock >= 0) return -1;
  if (logindoor_read_request(&r, kind, payload) == -1) return -1;
  if (++k->requests > REQUESTS_MAX) return -1;
  if (kind == LOGINDOOR_OPEN) return opening_ask(k, &r, a);
  if (k->user.len) return -1; /* it is to be opened first */
  switch (kind) {
    case LOGINDOOR_OFFER: offer(k, a); return 0;
    case LOGINDOOR_AUTH: return ask(k, &r, a);
    case LOGINDOOR_APOP: return ask_apop(k, &r, a);
    default: a->result = login_secure_grant(k); return 0;
  }
}

static int send_answer(int door, const struct logindoor_answer *a) {
  stralloc payload = {0};
  int sent = logindoor_put_answer(&payload, a);
  if (sent == 0) sent = frame_send(door, &logindoor_protocol, LOGINDOOR_ANSWER, text_of_stralloc(&payload), -1, ANSWER_MS);
  int saved = errno;
  stralloc_free(&payload);
  errno = saved;
  return sent;
}

static enum login_doorkeeper_end serve(struct login_doorkeeper *k, int door, const struct frame *f) {
  struct logindoor_answer a;
  if (login_doorkeeper_answer(k, f->type, f->payload, &a) == -1) return LOGIN_DOORKEEPER_MALFORMED;
  return send_answer(door, &a) == 0 ? LOGIN_DOORKEEPER_TALKER_LEFT : LOGIN_DOORKEEPER_FAILED;
}

enum login_doorkeeper_end login_doorkeeper_serve(struct login_doorkeeper *k, int door) {
  struct frame_reader reader = {.protocol = &logindoor_protocol, .no_descriptors = true, .step_octets = DOOR_STEP_OCTETS};
  enum login_doorkeeper_end end = LOGIN_DOORKEEPER_TALKER_LEFT;
  enum frame_status s;
  struct frame f;
  while ((s = frame_receive(&reader, door, &f, IO_FOREVER)) == FRAME_READY) {
    end = serve(k, door, &f);
    /* a talker that stays behind the log-in has no business with the client any more */
    if (end != LOGIN_DOORKEEPER_TALKER_LEFT || k->session.sock >= 0) break;
  }
  if (s == FRAME_MALFORMED) end = LOGIN_DOORKEEPER_MALFORMED;
  if (s == FRAME_ERROR) end = LOGIN_DOORKEEPER_FAILED;
  credential_wipe(&reader.in); /* passwords came by */
  frame_reader_free(&reader);
  return end;
}

void login_doorkeeper_close(struct login_doorkeeper *k) {
  login_secure_close(k);
  saslguard_free(&k->guard);
  if (k->session.sock >= 0) mailboxdoor_close(&k->session);
  stralloc_free(&k->stamp);
  stralloc_free(&k->user);
  stralloc_free(&k->status);
  stralloc_free(&k->text);
  text_wipe(&k->pass);
}
