/* A handshake of our client and our server whose flights somebody alters on their way, or in which one side hears
 * nothing but the input: neither breaks, and who asked for a certificate has seen it.
 *
 * First octet: bits 0-1 the check, 2 TLS 1.2, 3-4 whether the rest is all that the
 * client or the server hears.  Else the rest is of five octets: which octet of
 * what goes which way (32 bits, of all flights together), and what it becomes.
 */
#include "config.h"
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tls/client.h"
#include "tls/facts.h"
#include "tls/failure.h"
#include "tls/server.h"
#include "tls/testcertificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

enum { TLS12 = 4, CLIENT_HEARS = 8, SERVER_HEARS = 16, CHANGE = 5, FLIGHTS = 8, FLIGHT_MAX = 16384 };

static struct world {
  struct test_certificate authority, leaf;
  char *authorities, fingerprint[FACTS_SHA256_HEX], tlsa[128];
  struct server ours;
  SSL_CTX *client, *server;
} world;

static void must(bool holds) {
  if (!holds) abort();
}

static SSL_CTX *make_server(void) {
  static const struct settings settings = {.server.minversion = "1.2", .ticket_s = 3600};
  char why[SERVER_WHY];
  world.ours.identities[0] = (struct identity){world.leaf.certificate, sk_X509_new_null(), world.leaf.key, NULL, 0};
  world.ours.count = 1;
  must(tickets_rotate(&world.ours.tickets));
  return server_context(&world.ours, &settings, why);
}

static void make_world(void) {
  char why[256];
  world.authority = test_certificate_make(&(struct test_subject){.common_name = "authority", .authority = true}, NULL);
  world.leaf = test_certificate_make(&(struct test_subject){.names = "DNS:a.test"}, &world.authority);
  world.authorities = test_certificate_file(&world.authority.certificate, 1);
  world.client = client_context(&(struct client_settings){.authorities = world.authorities}, why, sizeof why);
  world.server = make_server();
  must(world.client && world.server && remove(world.authorities) == 0);
  facts_fingerprint(world.leaf.certificate, world.fingerprint);
  test_tlsa(world.tlsa, sizeof world.tlsa, 3, 1, 1, world.leaf.certificate);
}

static void make_request(struct tls_request *r, unsigned choice) {
  *r = (struct tls_request){.role = TLS_CLIENT, .check = choice & 3, .names = {"a.test"}, .names_count = 1};
  r->fingerprints_count = r->tlsa_count = 1;
  strcpy(r->fingerprints[0], world.fingerprint);
  strcpy(r->tlsa[0], world.tlsa);
}

struct changes {
  const uint8_t *octets;
  size_t size, seen; /* seen: octets of the flights before this one */
};

static void change(struct changes *c, unsigned char *flight, size_t len) {
  for (size_t i = 0; i + CHANGE <= c->size; i += CHANGE) {
    const uint8_t *p = c->octets + i;
    size_t at = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    if (at >= c->seen && at - c->seen < len) flight[at - c->seen] = p[4];
  }
  c->seen += len;
}

static void carry(SSL *from, SSL *to, struct changes *c) {
  unsigned char flight[FLIGHT_MAX];
  int len = BIO_read(SSL_get_wbio(from), flight, sizeof flight);
  if (len <= 0) return;
  change(c, flight, (size_t)len);
  BIO_write(SSL_get_rbio(to), flight, len);
}

static bool waits(SSL *ssl, int ret) {
  return ret == 1 || SSL_get_error(ssl, ret) == SSL_ERROR_WANT_READ;
}

/* What the client's last call has returned. */
static int shake(SSL *client, SSL *server, struct changes *c) {
  int ours = 0;
  for (int i = 0; i < FLIGHTS; i++) {
    ours = SSL_do_handshake(client);
    if (!waits(client, ours) || ours == 1) break;
    carry(client, server, c);
    ERR_clear_error();
    SSL_do_handshake(server);
    ERR_clear_error();
    carry(server, client, c);
  }
  return ours;
}

static void hear(SSL *ssl, const uint8_t *octets, size_t size) {
  BIO_write(SSL_get_rbio(ssl), octets, (int)size);
  for (int i = 0; i < 4; i++) SSL_do_handshake(ssl);
}

/* What the server says of it. */
static void check_server(SSL *server, int ret) {
  struct tls_facts f = {0};
  if (ret == 1) server_facts(server, &f);
  else failure_of_handshake(server, ret, &f);
  must(f.ok == (ret == 1) && !*f.verified && !*f.fingerprint);
}

static void check_facts(const struct tls_request *r, const struct tls_facts *f) {
  static char wire[4 + TLSWIRE_MAX];
  static struct tls_facts again;
  size_t len = tlswire_put_facts(wire, sizeof wire, f);
  must(len > 4 && tlswire_read_facts(&again, wire + 4, len - 4) && memcmp(f, &again, sizeof again) == 0);
  must(f->ok ? !*f->error : *f->error != 0);
  if (f->ok && r->check != TLS_CHECK_NOTHING) must(*f->verified && strcmp(f->fingerprint, world.fingerprint) == 0);
}

static void run(SSL *client, SSL *server, unsigned choice, const uint8_t *octets, size_t size, const struct tls_request *r) {
  struct tls_facts f = {0};
  int ours = -1;
  if (choice & SERVER_HEARS) hear(server, octets, size);
  else if (choice & CLIENT_HEARS) hear(client, octets, size), ours = SSL_do_handshake(client);
  else ours = shake(client, server, &(struct changes){octets, size, 0});
  if (ours == 1) client_facts(client, r, &f);
  else failure_of_handshake(client, ours, &f);
  check_facts(r, &f);
  ERR_clear_error();
  check_server(server, SSL_do_handshake(server));
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  static struct tls_request r;
  struct tls_facts f = {0};
  if (!world.client) make_world();
  if (size == 0) return 0;
  make_request(&r, octets[0]);
  static const struct tls_request asked = {.role = TLS_SERVER, .peer_asked = 1};
  SSL *client = client_open(world.client, &r, &f), *server = server_open(world.server, &world.ours, &asked, &f);
  must(client && server);
  if (octets[0] & TLS12) SSL_set_max_proto_version(server, TLS1_2_VERSION);
  SSL_set_bio(client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_bio(server, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  BIO_set_mem_eof_return(SSL_get_rbio(client), -1);
  BIO_set_mem_eof_return(SSL_get_rbio(server), -1);
  run(client, server, octets[0], octets + 1, size - 1, &r);
  SSL_free(client);
  SSL_free(server);
  ERR_clear_error();
  return 0;
}
