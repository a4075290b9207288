/* A session whose octets somebody alters after the handshake: what comes out at either
 * end is the start of what went in at the other, and the relay ends.
 *
 * First octet: bit 0 we are the client, 1 TLS 1.2, 2 the peer updates its keys or
 * asks for another handshake, 3 it says that it ends, 4 the caller closes before it
 * has read.  Second: how often 256 octets go each way (four bits each).  The rest is
 * of five octets: which octet on the wire, and what it becomes.
 */
#include "config.h"
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "tls/client.h"
#include "tls/netbio.h"
#include "tls/relay.h"
#include "tls/rehearsal.h"
#include "tls/testcertificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

enum { AS_CLIENT = 1, TLS12 = 2, UPDATES = 4, ENDS = 8, CLOSES = 16, CHANGE = 5, PART = 256, WIRE_MAX = 32768 };

static SSL_CTX *client_side, *server_side;
static unsigned char sent[PART * 16], wire[WIRE_MAX], got[WIRE_MAX];

static void must(bool holds) {
  if (!holds) abort();
}

static void make_world(void) {
  char why[256];
  struct test_certificate leaf = test_certificate_make(&(struct test_subject){.names = "DNS:a.test"}, NULL);
  client_side = client_context(&(struct client_settings){.minversion = "1.2"}, why, sizeof why);
  server_side = test_server(&leaf, NULL);
  SSL_CTX_set_options(server_side, SSL_OP_NO_RENEGOTIATION);
  test_certificate_free(&leaf);
  must(client_side && netbio_prepare());
  for (size_t i = 0; i < sizeof sent; i++) sent[i] = (unsigned char)(i * 7 + i / 256);
}

struct play {
  SSL *ours, *peer;
  int network[2], plain[2]; /* [0] the relay's */
  unsigned choice, in_parts, out_parts;
};

static void shake_hands(struct play *p) {
  static const struct tls_request r = {.role = TLS_CLIENT};
  struct tls_facts f = {0};
  int ret;
  SSL *client = client_open(client_side, &r, &f), *server = SSL_new(server_side);
  must(client && server);
  if (p->choice & TLS12) SSL_set_max_proto_version(server, TLS1_2_VERSION);
  must(rehearsal_run(client, server, &ret));
  SSL_read(client, got, 1); /* tickets */
  p->ours = p->choice & AS_CLIENT ? client : server;
  p->peer = p->choice & AS_CLIENT ? server : client;
}

static void change(size_t len, const uint8_t *octets, size_t size) {
  for (size_t i = 0; i + CHANGE <= size; i += CHANGE) {
    size_t at = (size_t)octets[i] << 24 | (size_t)octets[i + 1] << 16 | (size_t)octets[i + 2] << 8 | octets[i + 3];
    if (at < len) wire[at] = octets[i + 4];
  }
}

static void ask_for_more(struct play *p) {
  if (!(p->choice & UPDATES)) return;
  if (p->choice & TLS12) SSL_renegotiate(p->peer);
  else SSL_key_update(p->peer, SSL_KEY_UPDATE_REQUESTED);
}

/* What the peer puts on the wire: the octets' number. */
static size_t speak(struct play *p) {
  BIO *out = BIO_new(BIO_s_mem());
  SSL_set0_wbio(p->peer, out);
  for (unsigned i = 0; i < p->in_parts; i++) {
    if (i == p->in_parts / 2) ask_for_more(p);
    SSL_write(p->peer, sent + i * PART, PART);
  }
  if (p->choice & ENDS) SSL_shutdown(p->peer);
  int len = BIO_read(out, wire, sizeof wire);
  return len > 0 ? (size_t)len : 0;
}

static size_t take_all(int fd) {
  size_t len = 0;
  for (ssize_t n; len < sizeof got && (n = recv(fd, got + len, sizeof got - len, MSG_DONTWAIT)) > 0;) len += (size_t)n;
  return len;
}

static void relay(struct play *p, size_t len) {
  size_t out = p->out_parts * (size_t)PART;
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, p->network) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, p->plain) == 0);
  must(send(p->network[1], wire, len, 0) == (ssize_t)len && send(p->plain[1], sent, out, 0) == (ssize_t)out);
  shutdown(p->network[1], SHUT_WR);
  if (p->choice & CLOSES) close(p->plain[1]);
  else shutdown(p->plain[1], SHUT_WR);
  BIO *b = netbio_new(p->network[0]);
  SSL_set_bio(p->ours, b, b);
  relay_run(p->ours, p->network[0], p->plain[0]);
}

/* The peer reads what we have put on the wire. */
static void check_outward(struct play *p) {
  size_t len = take_all(p->network[1]), read = 0;
  BIO *in = BIO_new_mem_buf(got, (int)len);
  unsigned char part[PART];
  SSL_set0_rbio(p->peer, in);
  for (int n; (n = SSL_read(p->peer, part, sizeof part)) > 0; read += (size_t)n)
    must(read + (size_t)n <= p->out_parts * (size_t)PART && memcmp(part, sent + read, (size_t)n) == 0);
}

static void finish(struct play *p) {
  close(p->network[0]);
  close(p->network[1]);
  close(p->plain[0]);
  if (!(p->choice & CLOSES)) close(p->plain[1]);
  SSL_free(p->ours);
  SSL_free(p->peer);
  ERR_clear_error();
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  if (!client_side) make_world();
  if (size < 2) return 0;
  struct play p = {.choice = octets[0], .in_parts = octets[1] & 15, .out_parts = octets[1] >> 4};
  shake_hands(&p);
  size_t len = speak(&p);
  change(len, octets + 2, size - 2);
  relay(&p, len);
  if (!(p.choice & CLOSES)) {
    size_t came = take_all(p.plain[1]);
    must(came <= p.in_parts * (size_t)PART && memcmp(got, sent, came) == 0);
    must(size > 2 || (p.choice & UPDATES) || came == p.in_parts * (size_t)PART);
  }
  check_outward(&p);
  finish(&p);
  return 0;
}
