#include "config.h"
#include "login/secure.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/tlsdoor.h"
#include "lib/tlsfacts.h"
#include "login/event.h"

enum { HANDSHAKE_MS = 60000 };

/* Whoever is told that TLS begins has no way back: owl-tlsd must be there before. */
static int connect_daemon(struct login_doorkeeper *k) {
  k->tls_door = tlsdoor_connect(k->settings->rundir.s);
  if (k->tls_door == -1) login_event(k, "TLS not available: unable to reach owl-tlsd", text_of(strerror(errno)));
  return k->tls_door;
}

struct result login_secure_grant(struct login_doorkeeper *k) {
  if (!k->offers_tls || k->facts || k->user.len)
    return (struct result){.class = RESULT_FAILURE, .text = text_of("TLS is not available here")};
  if (connect_daemon(k) == -1)
    return (struct result){.class = RESULT_DEFERRAL, .text = text_of("TLS is not available now, please come again later")};
  k->tls_is_granted = true;
  return (struct result){.class = RESULT_SUCCESS, .text = text_of("go ahead with TLS")};
}

static int ask(struct login_doorkeeper *k, int network) {
  return tlsdoor_serve(&k->tls_door, k->settings->rundir.s, k->settings->asks_certificate, network, k->facts, HANDSHAKE_MS);
}

static int fail(struct login_doorkeeper *k) {
  login_event(k, "TLS failed", text_of(k->facts ? k->facts->error : "out of memory"));
  free(k->facts);
  k->facts = NULL;
  return -1;
}

int login_secure_begin(struct login_doorkeeper *k, int network) {
  k->tls_is_granted = false;
  k->facts = malloc(sizeof *k->facts);
  int plain = k->facts ? ask(k, network) : -1;
  if (plain == -1) return fail(k);
  if (tlsfacts_describe(&k->words, k->facts) == -1) {
    close(plain);
    return fail(k);
  }
  login_event(k, "TLS", text_of_stralloc(&k->words));
  return plain;
}

void login_secure_close(struct login_doorkeeper *k) {
  if (k->tls_door >= 0) close(k->tls_door);
  free(k->facts);
  stralloc_free(&k->words);
}
