#include "config.h"
#include "tls/warmup.h"
#include <openssl/err.h>
#include "tls/client.h"
#include "tls/rehearsal.h"

/* A record each way; the client's reading also takes its ticket. */
static bool talk(SSL *client, SSL *server) {
  char octet = 'x', got;
  return SSL_write(client, &octet, 1) == 1 && SSL_read(server, &got, 1) == 1 && SSL_write(server, &octet, 1) == 1 &&
         SSL_read(client, &got, 1) == 1;
}

struct round {
  int version;
  const char *signatures; /* that the client takes: which certificate it gets */
};

/* *kept: the client's session before, if there was one, and after. */
static bool session(SSL_CTX *server_context, struct server *s, SSL_CTX *client_context, const struct round *round,
                    SSL_SESSION **kept) {
  struct tls_facts facts = {0};
  static struct tls_request request;
  identity_name(&s->identities[0], request.sni, sizeof request.sni);
  SSL *server = server_open(server_context, s, &request, &facts);
  SSL *client = client_open(client_context, &request, &facts);
  int ret;
  bool ok = server && client && SSL_set_max_proto_version(client, round->version) == 1 &&
            SSL_set1_sigalgs_list(client, round->signatures) == 1;
  if (ok && *kept) ok = SSL_set_session(client, *kept) == 1;
  ok = ok && rehearsal_run(client, server, &ret) && talk(client, server);
  if (ok) server_facts(server, &facts);
  SSL_SESSION_free(*kept);
  *kept = ok ? SSL_get1_session(client) : NULL;
  SSL_free(client);
  SSL_free(server);
  return ok;
}

bool warmup_run(SSL_CTX *server_context, struct server *s, SSL_CTX *client_context) {
  static const struct round rounds[] = {
    {TLS1_3_VERSION, "ECDSA+SHA256:ECDSA+SHA384"},
    {TLS1_3_VERSION, "RSA-PSS+SHA256"},
    {TLS1_2_VERSION, "ECDSA+SHA256:ECDSA+SHA384"},
    {TLS1_2_VERSION, "RSA-PSS+SHA256:RSA+SHA256"},
  };
  bool any = false;
  for (size_t i = 0; server_context && i < sizeof rounds / sizeof rounds[0]; i++) {
    SSL_SESSION *kept = NULL;
    for (int again = 0; again < 2; again++) any |= session(server_context, s, client_context, &rounds[i], &kept);
    SSL_SESSION_free(kept);
  }
  ERR_clear_error();
  return any || !server_context;
}
