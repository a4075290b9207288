/* identity.h - a certificate with its chain, its key and its OCSP answer
 *
 * The signer loads them from files and keeps the keys.  To the zygote go the
 * public parts alone, as octets, and there identity_read() makes of them the same
 * with a key that asks the signer (remotekey.h).
 *
 * Checked at load: that certificate and key are RSA of at least 2048 bits or EC,
 * and belong together.
 */
#ifndef OWL_TLS_IDENTITY_H
#define OWL_TLS_IDENTITY_H

#include <openssl/ssl.h>
#include <time.h>
#include "tls/settings.h"

enum { IDENTITY_CHAIN_MAX = 10, IDENTITY_OCTETS = 256 * 1024, IDENTITY_WHY = 1500 };

struct identity {
  X509 *leaf;
  STACK_OF(X509) *chain; /* of the issuers; may be empty, not NULL */
  EVP_PKEY *key;
  unsigned char *staple; /* OPENSSL_malloc()ed, or NULL */
  size_t staple_len;
};

/* identity_load(): 0, or -1 and why has a sentence. */
int identity_load(struct identity *i, const struct certificate_files *f, char why[IDENTITY_WHY]);

/* Public parts as octets: how many, or 0 when there is no room. */
size_t identity_put(const struct identity *i, unsigned char *out, size_t room);

/* identity_read(): the inverse; i->key is the public key.  0 or -1: malformed. */
int identity_read(struct identity *i, const unsigned char *octets, size_t len);

/* What is wrong with the certificate's dates, or NULL. */
const char *identity_date_fault(const struct identity *i, time_t now);

/* Whether the certificate is for this host name. */
int identity_is_for(const struct identity *i, const char *host);

/* The first host name that the certificate is for, or "". */
void identity_name(const struct identity *i, char *to, size_t size);

void identity_free(struct identity *i);

#endif
