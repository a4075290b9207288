#include "config.h"
#include "smtpd/doorkeeper/secure.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/tlsdoor.h"
#include "lib/tlsfacts.h"
#include "smtpd/doorkeeper/certified.h"
#include "smtpd/doorkeeper/event.h"
#include "smtpd/doorkeeper/request.h"

static struct outcome not_available(void) {
  return outcome_refuse(454, "4.7.0", "TLS is not available now, please come again later");
}

/* Whoever is told 220 has no way back: owl-tlsd must be there before. */
static int connect_daemon(struct doorkeeper *k) {
  k->secure.door = tlsdoor_connect(k->settings->rundir.s);
  if (k->secure.door == -1) event_secured(k, "TLS not available: unable to reach owl-tlsd", text_of(strerror(errno)));
  return k->secure.door;
}

struct outcome secure_grant(struct doorkeeper *k, const struct door_request *r) {
  if (!request_is_empty(r)) return outcome_malformed;
  if (!k->settings->offers_starttls) return outcome_refuse(502, "5.5.1", "STARTTLS is not available here");
  if (k->state != DOORKEEPER_IDLE || k->secure.facts || k->client->login.len) return outcome_not_now();
  if (!k->secure.server.is_there && connect_daemon(k) == -1) return not_available();
  k->secure.is_granted = true;
  return outcome_grant(220, "2.0.0", "go ahead with TLS");
}

/* RFC 3207 4: what does not ask for more than to be let in. */
bool secure_allows(const struct doorkeeper *k, unsigned type, struct outcome *o) {
  bool takes_mail = type == DOOR_MAIL || type == DOOR_ETRN || type == DOOR_AUTH;
  if (!takes_mail || !k->settings->needs_tls || k->secure.facts) return true;
  *o = k->settings->offers_starttls ? outcome_refuse(530, "5.7.0", "must issue a STARTTLS command first")
                                    : not_available();
  return false;
}

bool secure_is_granted(const struct doorkeeper *k) { return k->secure.is_granted; }

static int ask_daemon(struct doorkeeper *k, int network, struct tls_facts *facts, int plain[2]) {
  bool asks_certificate = k->settings->tlsclients.count > 0;
  plain[0] = plain[1] = tlsdoor_serve(&k->secure.door, k->settings->rundir.s, asks_certificate, network, facts, SECURE_HANDSHAKE_MS);
  return plain[0] == -1 ? -1 : 0;
}

static int ask_server(struct doorkeeper *k, struct tls_facts *facts, int plain[2]) {
  struct ucspitls *u = &k->secure.server;
  if (ucspitls_begin(u, facts, SECURE_HANDSHAKE_MS) == -1) return -1;
  plain[0] = u->in;
  plain[1] = u->out;
  u->in = u->out = -1;
  return 0;
}

static int shake_hands(struct doorkeeper *k, int network, struct tls_facts *facts, int plain[2]) {
  return k->secure.server.is_there ? ask_server(k, facts, plain) : ask_daemon(k, network, facts, plain);
}

/* Ours from now on. */
static int take_facts(struct doorkeeper *k, struct tls_facts *facts) {
  k->secure.facts = facts;
  if (tlsfacts_describe(&k->secure.words, facts) == -1) return -1;
  event_secured(k, "TLS", text_of_stralloc(&k->secure.words));
  certified_settings(k);
  return 0;
}

/* What a server in front knows it has put into the environment itself. */
static int publish(const struct doorkeeper *k) {
  return k->secure.server.is_there ? 0 : certified_publish(k->secure.facts);
}

static int fail(struct doorkeeper *k, const char *why) {
  event_secured(k, "TLS failed", text_of(why));
  return -1;
}

int secure_begin(struct doorkeeper *k, int network, int plain[2]) {
  struct tls_facts *facts = malloc(sizeof *facts);
  k->secure.is_granted = false;
  if (!facts) return fail(k, "out of memory");
  if (shake_hands(k, network, facts, plain) == -1) {
    fail(k, facts->error);
    free(facts);
    return -1;
  }
  if (take_facts(k, facts) == 0 && publish(k) == 0) return 0;
  close(plain[0]);
  if (plain[1] != plain[0]) close(plain[1]);
  return fail(k, "out of memory");
}

int secure_inherit(struct doorkeeper *k) {
  struct tls_facts *facts = malloc(sizeof *facts);
  if (!facts) return -1;
  if (ucspitls_is_on(facts)) return take_facts(k, facts);
  free(facts);
  return 0;
}

void secure_close(struct doorkeeper *k) {
  if (k->secure.door >= 0) close(k->secure.door);
  ucspitls_close(&k->secure.server);
  free(k->secure.facts);
  stralloc_free(&k->secure.words);
}
