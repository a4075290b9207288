#include "config.h"
#include "tls/child.h"
#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "lib/bigendian.h"
#include "lib/iowait.h"
#include "lib/sandbox.h"
#include "tls/client.h"
#include "tls/failure.h"
#include "tls/netbio.h"
#include "lib/passfd.h"
#include "tls/relay.h"
#include "tls/resume.h"

enum { CHILD_MEMORY = 256 * 1024 * 1024, FACTS_LIMIT_MS = 10000, DENIED = 1 };

struct run {
  const struct child *c;
  struct tls_request request;
  struct tls_facts facts;
  int network;
  int seat;
  uint64_t deadline;
};

/* ---- the request */

static int wait_until(int fd, short events, uint64_t deadline) {
  return io_wait(fd, events, io_remaining_ms(deadline));
}

/* Exactly len octets, and the descriptor that comes with one of them. */
static int read_exactly(struct run *r, char *to, size_t len) {
  while (len) {
    if (wait_until(r->c->caller, POLLIN, r->deadline) == -1) return -1;
    ssize_t n = passfd_receive(r->c->caller, to, len, &r->network);
    if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) return -1;
    if (n > 0) to += n, len -= (size_t)n;
  }
  return 0;
}

static char line[TLSWIRE_MAX + 4]; /* of the request, and then of the facts: one place, few pages */

static int read_request(struct run *r) {
  char head[4];
  if (read_exactly(r, head, sizeof head) == -1) return -1;
  size_t len = get_u32(head);
  if (len > TLSWIRE_MAX || read_exactly(r, line, len) == -1) return -1;
  return r->network >= 0 && tlswire_read_request(&r->request, line, len) ? 0 : -1;
}

static int write_facts(struct run *r) {
  size_t len = tlswire_put_facts(line, sizeof line, &r->facts);
  return len ? io_write_all(r->c->caller, line, len, FACTS_LIMIT_MS) : -1;
}

/* ---- the handshake */

/* 0 when the peer is there; -1 with errno, ECONNRESET when the caller has gone. */
static int wait_for_peer(struct run *r, short events) {
  struct pollfd p[2] = {{r->network, events, 0}, {r->c->caller, 0, 0}};
  int n = poll(p, 2, io_remaining_ms(r->deadline));
  if (n == 0) return errno = ETIMEDOUT, -1;
  if (p[1].revents & (POLLHUP | POLLERR)) return errno = ECONNRESET, -1;
  return n > 0 || errno == EINTR ? 0 : -1;
}

static bool shake_hands(struct run *r, SSL *ssl) {
  for (;;) {
    ERR_clear_error();
    int result = SSL_do_handshake(ssl);
    if (result == 1) return true;
    int why = SSL_get_error(ssl, result);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
      failure_of_handshake(ssl, result, &r->facts);
      return false;
    }
    if (wait_for_peer(r, why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT) == 0) continue;
    failure_temporary(&r->facts, "unable to complete the TLS handshake", strerror(errno));
    return false;
  }
}

static SSL *open_session(struct run *r) {
  const struct child *c = r->c;
  SSL *ssl = r->request.role == TLS_SERVER ? server_open(c->server_context, c->server, &r->request, &r->facts)
                                           : client_open(c->client_context, &r->request, &r->facts);
  BIO *b = ssl ? netbio_new(r->network) : NULL;
  if (ssl && !b) failure_temporary(&r->facts, "unable to begin TLS", "out of memory");
  if (!b) return SSL_free(ssl), NULL;
  SSL_set_bio(ssl, b, b);
  if (r->request.role == TLS_CLIENT && r->seat >= 0) resume_begin(ssl, &r->request, &r->seat);
  else if (r->seat >= 0) close(r->seat);
  return ssl;
}

static void see_facts(struct run *r, SSL *ssl) {
  if (r->request.role == TLS_SERVER) server_facts(ssl, &r->facts);
  else client_facts(ssl, &r->request, &r->facts);
}

static int shut_in(const struct child *c) {
  struct sandbox box = {.memory_octets = CHILD_MEMORY, .openssl = true};
  sandbox_close_others((const int[]){c->caller, c->signer->fd, c->seat}, c->seat >= 0 ? 3 : 2);
  return sandbox_enter(&box);
}

static void set_limit(struct run *r) {
  unsigned limit_s = r->request.limit_s;
  if (limit_s == 0 || limit_s > r->c->handshake_s) limit_s = r->c->handshake_s;
  r->deadline = io_deadline(io_limit_ms(limit_s));
}

int child_run(const struct child *c) {
  static struct run r;
  r.c = c;
  r.network = -1;
  r.seat = c->seat;
  r.deadline = io_deadline(io_limit_ms(c->handshake_s));
  if (shut_in(c) == -1 || read_request(&r) == -1) return DENIED;
  set_limit(&r);
  SSL *ssl = open_session(&r);
  if (ssl && shake_hands(&r, ssl)) see_facts(&r, ssl);
  close(c->signer->fd);
  if (write_facts(&r) == -1 || !r.facts.ok) return DENIED;
  relay_run(ssl, r.network, c->caller);
  return 0;
}
