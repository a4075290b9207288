#include "config.h"
#include "tls/rehearsal.h"

enum { ROUNDS = 20 };

static bool join(SSL *a, SSL *b) {
  BIO *one, *other;
  if (BIO_new_bio_pair(&one, 0, &other, 0) != 1) return false;
  SSL_set_bio(a, one, one);
  SSL_set_bio(b, other, other);
  return true;
}

static bool has_failed(SSL *ssl, int r) {
  int why = r == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl, r);
  return why != SSL_ERROR_NONE && why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE;
}

/* What a server has to say about its failure reaches the client. */
bool rehearsal_run(SSL *client, SSL *server, int *client_return) {
  int served = 0;
  *client_return = -1;
  if (!join(client, server)) return false;
  SSL_set_accept_state(server);
  for (int i = 0; i < ROUNDS && (*client_return != 1 || served != 1); i++) {
    if (*client_return != 1) *client_return = SSL_do_handshake(client);
    if (has_failed(client, *client_return)) return false;
    if (served != 1) served = SSL_do_handshake(server);
  }
  return *client_return == 1 && served == 1;
}
