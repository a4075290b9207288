/* remotekey.h - a key whose private operations are asked of the signer
 *
 * remotekey_make(): from a public key.  channel is read when the key is used, so
 * that children who fork later can each set their own.  Keys that are made keep a
 * pointer to it.  NULL: no memory.  The result holds no private part.
 *
 * OpenSSL 3's legacy methods for RSA and EC keys; a provider would be four times
 * the code for the same two operations.
 */
#ifndef OWL_TLS_REMOTEKEY_H
#define OWL_TLS_REMOTEKEY_H

#include <openssl/evp.h>
#include <stdint.h>

struct sign_channel {
  int fd; /* a SOCK_SEQPACKET whose other end the signer has */
};

EVP_PKEY *remotekey_make(const EVP_PKEY *public_key, uint32_t identity, const struct sign_channel *channel);

#endif
