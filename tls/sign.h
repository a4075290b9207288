/* sign.h - private key operations, for questions that are hostile */
#ifndef OWL_TLS_SIGN_H
#define OWL_TLS_SIGN_H

#include <openssl/evp.h>
#include "tls/signwire.h"

/* sign_answer(): what the question asks, or an answer with len 0. */
void sign_answer(EVP_PKEY *key, const struct sign_question *q, struct sign_answer *a);

/* sign_is_pss(): whether octets, as many as the modulus of bits has, are an
 * encoding of EMSA-PSS with MGF1 and a salt as long as the digest, SHA-256, 384 or
 * 512 (RFC 8446 4.2.3).  Nothing that somebody encrypted to the key passes. */
int sign_is_pss(const unsigned char *octets, size_t len, int bits);

#endif
