#include "config.h"
#include "smtpd/doorkeeper/certified.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/credential.h"
#include "lib/tlsfacts.h"

enum { WITH_COLONS = 3 * CREDENTIAL_FINGERPRINT_DIGITS / 2 };

/* As openssl-x509(1) shows it. */
static const char *with_colons(const char *hex, char to[WITH_COLONS]) {
  size_t n = 0;
  for (size_t i = 0; hex[i] && i < CREDENTIAL_FINGERPRINT_DIGITS; i++) {
    if (i && i % 2 == 0) to[n++] = ':';
    to[n++] = hex[i];
  }
  to[n] = 0;
  return to;
}

bool certified_has(const struct list *tlsclients, const struct tls_facts *f) {
  char whole[WITH_COLONS], key[WITH_COLONS];
  const char *names[] = {f->fingerprint, f->key_fingerprint, with_colons(f->fingerprint, whole),
                         with_colons(f->key_fingerprint, key), tlsfacts_name(f)};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (*names[i] && list_find(tlsclients, text_of(names[i]))) return true;
  return false;
}

void certified_settings(struct doorkeeper *k) {
  if (k->settings != &k->settings_of_named) k->settings_of_named = *k->settings;
  k->settings = &k->settings_of_named;
  k->settings_of_named.offers_starttls = false;
  k->settings_of_named.is_secured = true;
  if (!k->settings->relayclient.s && certified_has(&k->settings->tlsclients, k->secure.facts))
    k->settings_of_named.relayclient = text_of("");
}

static const char *const names[] = {"SSL_PROTOCOL",       "SSL_CIPHER",  "SSL_CIPHER_USEKEYSIZE",
                                    "SSL_CLIENT_S_DN_CN", "SSL_TLS_SNI", "SSL_CLIENT_VERIFY"};

void certified_forget(void) {
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) unsetenv(names[i]);
}

int certified_publish(const struct tls_facts *f) {
  char bits[16];
  const char *verify = *f->verified ? "SUCCESS" : *f->fingerprint ? "GENEROUS" : "NONE";
  const char *values[] = {f->version, f->cipher, bits, f->peer, f->sni, verify};
  snprintf(bits, sizeof bits, "%u", f->bits);
  certified_forget();
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (*values[i] && setenv(names[i], values[i], 1) == -1) return -1;
  return 0;
}
