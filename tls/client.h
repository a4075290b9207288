/* client.h - the client's side of a handshake: what a request asks is enforced
 *
 * client_context() once per process that forks children; client_open() in the
 * child.  The policy is enforced inside the handshake, so that a server that
 * fails it gets an alert, and nothing of the plaintext.  No I/O but the reading of
 * the authorities.
 *
 * Checks (tlswire.h):
 *   nothing      no certificate is looked at; security level 1, since the other
 *                choice is no TLS at all.  Everything else: level 2 (112 bits)
 *   names        a chain to an authority, in time, for servers, with one of the names;
 *                a stapled answer of the authority that says revoked is believed,
 *                and a certificate that must bring one (RFC 7633) without it fails
 *   fingerprint  certificate or public key; dates, names and issuer do not count
 *   DANE         see dane.h.  Usage 3: the record is all that counts
 */
#ifndef OWL_TLS_CLIENT_H
#define OWL_TLS_CLIENT_H

#include <openssl/ssl.h>
#include "lib/tlswire.h"

/* NULL and "" are the default. */
struct client_settings {
  const char *authorities; /* PEM file; default: the system's.  One that is not there or is empty is an error */
  const char *ciphers;     /* for TLS 1.2, OpenSSL's form; default: Mozilla "intermediate" */
  const char *minversion;  /* "1.2" or "1.3"; default: 1.2 */
};

/* NULL: why has "unable to VERB OBJECT: reason". */
SSL_CTX *client_context(const struct client_settings *s, char *why, size_t why_size);

/* A session ready for SSL_connect(), or NULL, and f says why.  *r must live as
 * long as the session. */
SSL *client_open(SSL_CTX *context, const struct tls_request *r, struct tls_facts *f);

/* After a handshake that is done: facts with ok, or with the reason why not. */
void client_facts(SSL *ssl, const struct tls_request *r, struct tls_facts *f);

/* 0: not a version. */
int client_version_number(const char *version);

#endif
