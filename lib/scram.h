/* scram.h - the arithmetic of SCRAM-SHA-256 (RFC 5802 3, RFC 7677)
 *
 * Keys are of SCRAM_OCTETS.  Comparisons take the same time whatever differs.
 */
#ifndef OWL_SCRAM_H
#define OWL_SCRAM_H

#include <stdint.h>
#include "lib/text.h"

enum { SCRAM_OCTETS = 32, SCRAM_SALT_OCTETS = 16 };

struct scram_keys {
  uint8_t stored[SCRAM_OCTETS], server[SCRAM_OCTETS];
};

/* scram_derive(): from a password as prepare_password() gives it. */
void scram_derive(struct scram_keys *k, struct text password, struct text salt, uint32_t iterations);

/* scram_prove(): the client's: from the password, what it sends and what the
 * server has to show. */
void scram_prove(struct text password, struct text salt, uint32_t iterations, struct text auth_message,
                 uint8_t proof[SCRAM_OCTETS], uint8_t signature[SCRAM_OCTETS]);

bool scram_same_password(const struct scram_keys *kept, const struct scram_keys *derived);

/* scram_check(): whether the proof was made by who knows the password; signature
 * is that of the server then. */
bool scram_check(const struct scram_keys *k, struct text auth_message, const uint8_t proof[SCRAM_OCTETS],
                 uint8_t signature[SCRAM_OCTETS]);

/* scram_fake_salt(): of a user that there is not: always the same for one secret
 * and name. */
void scram_fake_salt(uint8_t salt[SCRAM_SALT_OCTETS], struct text secret, struct text user);

#endif
