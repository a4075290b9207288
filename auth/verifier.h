/* verifier.h - what the password file keeps of a user (owlpost-passwords(5))
 *
 * Fields with ':' between them, each {SCHEME} and a value:
 *   {SCRAM-SHA-256}ITERATIONS,SALT,STOREDKEY,SERVERKEY   the last three in base64
 *   {CRYPT}HASH                                           crypt(5)
 *   {CRAM-MD5}64 hexadecimal digits                       auth/crammd5.h
 *   {PLAIN.B64}BASE64                                     the password itself, for APOP
 *   {SECRET}BASE64                                        of nobody: for salts that are made up
 */
#ifndef OWL_AUTH_VERIFIER_H
#define OWL_AUTH_VERIFIER_H

#include "auth/crammd5.h"
#include "lib/scram.h"

enum { VERIFIER_ITERATIONS_MAX = 10000000, VERIFIER_OCTETS_MAX = 4096, VERIFIER_SECRET_OCTETS = 32 };

struct verifier {
  bool has_scram, has_crypt, has_cram, has_plain;
  uint32_t iterations;
  stralloc salt, secret;
  struct scram_keys keys;
  stralloc crypt; /* NUL-terminated */
  uint8_t cram[CRAMMD5_CONTEXT_OCTETS];
  stralloc plain;
};

/* verifier_read(): *v need not be zeroed; free it whatever comes back.  0, or -1 with errno:
 * EPROTO, ENOMEM. */
int verifier_read(struct verifier *v, struct text fields);
void verifier_free(struct verifier *v);

/* verifier_apop(): whether the response is that of the password (auth/crammd5.h);
 * false where the password is not kept. */
bool verifier_apop(const struct verifier *v, struct text challenge, struct text response);

/* verifier_password(): whether it is the password, asked of the strongest scheme
 * that is there.  1, 0, or -1 with errno: no scheme can tell. */
int verifier_password(const struct verifier *v, struct text password);

/* What is to be kept of a password. */
enum { VERIFIER_SCRAM = 1, VERIFIER_CRYPT = 2, VERIFIER_CRAM = 4, VERIFIER_PLAIN = 8 };

/* verifier_put(): appends the fields.  0, or -1 with errno. */
int verifier_put(stralloc *out, unsigned schemes, uint32_t iterations, struct text password);

#endif
