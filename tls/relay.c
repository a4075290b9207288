#include "config.h"
#include "tls/relay.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include "lib/iowait.h"
#include "tls/netbio.h"

struct half {
  size_t start, end;
  bool over;      /* no more comes in */
  bool passed_on; /* and the other side knows */
  unsigned char *octets; /* RELAY_OCTETS of them */
};

struct relay {
  SSL *ssl;
  int network, plain;
  struct half in, out; /* from the network; to it */
  short wants;         /* what the session waits for on the network */
  bool broken;         /* the session is of no more use */
  bool network_idle, plain_idle; /* nothing was left there to read, and poll() has not said otherwise */
  bool hears;          /* something came in that the peer may wait to have acknowledged */
  uint64_t deadline;   /* 0: none */
};

static bool is_empty(const struct half *h) { return h->start == h->end; }

static void refill(struct half *h, size_t len) {
  h->start = 0;
  h->end = len;
}

static bool is_pause(void) { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

/* What a call on the session returned that is no success. */
static void note_result(struct relay *r, int result) {
  switch (SSL_get_error(r->ssl, result)) {
    case SSL_ERROR_WANT_READ: r->wants |= POLLIN; break;
    case SSL_ERROR_WANT_WRITE: r->wants |= POLLOUT; break;
    case SSL_ERROR_ZERO_RETURN: r->in.over = true; break;
    default: r->in.over = r->broken = true; break;
  }
  ERR_clear_error();
}

/* ---- the four steps; each returns whether it got on */

static bool take_network(struct relay *r) {
  if (!is_empty(&r->in) || r->in.over) return false;
  if (r->network_idle) {
    r->wants |= POLLIN;
    return false;
  }
  int n = SSL_read(r->ssl, r->in.octets, RELAY_OCTETS);
  if (n > 0) refill(&r->in, (size_t)n), r->hears = true;
  else note_result(r, n);
  r->network_idle = n <= 0 && r->wants & POLLIN;
  return n > 0 || r->in.over;
}

static bool give_plain(struct relay *r) {
  if (r->in.passed_on) {
    bool dropped = !is_empty(&r->in);
    refill(&r->in, 0);
    return dropped;
  }
  if (is_empty(&r->in)) {
    if (!r->in.over) return false;
    r->in.passed_on = true;
    shutdown(r->plain, SHUT_WR);
    return true;
  }
  ssize_t n = socket_give(r->plain, r->in.octets + r->in.start, r->in.end - r->in.start);
  if (n > 0) r->in.start += (size_t)n;
  if (n == -1 && !is_pause()) r->in.passed_on = true;
  return n > 0 || r->in.passed_on;
}

static bool take_plain(struct relay *r) {
  if (!is_empty(&r->out) || r->out.over || r->plain_idle) return false;
  ssize_t n = socket_take(r->plain, r->out.octets, RELAY_OCTETS);
  r->plain_idle = n != 0 && n < RELAY_OCTETS;
  if (n > 0) refill(&r->out, (size_t)n);
  else if (n == 0 || !is_pause()) r->out.over = true;
  return n > 0 || r->out.over;
}

static bool end_network(struct relay *r) {
  if (!r->broken && SSL_shutdown(r->ssl) < 0) {
    note_result(r, -1);
    if (r->wants & POLLOUT) return false;
  }
  r->out.passed_on = true;
  shutdown(r->network, SHUT_WR);
  r->deadline = io_deadline(RELAY_LINGER_MS);
  return true;
}

static bool give_network(struct relay *r) {
  if (r->out.passed_on) return false;
  if (is_empty(&r->out)) return r->out.over && end_network(r);
  if (r->broken) {
    r->out.over = r->out.passed_on = true;
    return true;
  }
  int n = SSL_write(r->ssl, r->out.octets + r->out.start, (int)(r->out.end - r->out.start));
  if (n > 0) r->out.start += (size_t)n, r->hears = false;
  else note_result(r, n);
  return n > 0 || r->broken;
}

/* ---- */

static bool is_done(const struct relay *r) {
  return r->out.passed_on && r->in.over && (r->in.passed_on || is_empty(&r->in));
}

/* The caller's descriptor is closed: nobody takes what still comes in. */
static void note_close(struct relay *r) {
  r->in.passed_on = true;
  refill(&r->in, 0);
  if (is_empty(&r->out)) r->out.over = true;
  if (!r->deadline) r->deadline = io_deadline(RELAY_LINGER_MS);
}

static bool is_later(uint64_t deadline, int ms) { return deadline == 0 || io_remaining_ms(deadline) > ms; }

/* A peer with Nagle's algorithm holds the rest of what it says back until the first
 * part is acknowledged, for which the kernel would wait 40 ms.  Mostly our side
 * answers at once, and that acknowledges it. */
static int wait_and_acknowledge(struct relay *r, struct pollfd p[2]) {
  int on = 1, n = 0;
  if (r->hears && r->wants & POLLIN && is_later(r->deadline, RELAY_ANSWER_MS)) {
    n = poll(p, 2, RELAY_ANSWER_MS);
    if (n != 0) return n;
    r->hears = false;
    (void)setsockopt(r->network, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
  }
  return poll(p, 2, io_remaining_ms(r->deadline));
}

static bool wait_for_more(struct relay *r) {
  struct pollfd p[2] = {{r->network, r->wants, 0}, {r->plain, 0, 0}};
  if (is_empty(&r->out) && !r->out.over) p[1].events |= POLLIN;
  if (!is_empty(&r->in)) p[1].events |= POLLOUT;
  /* what has ended is reported for as long as it is asked about */
  if (r->in.passed_on && p[1].events == 0) p[1].fd = -1;
  if (r->in.over && r->wants == 0) p[0].fd = -1;
  int n = wait_and_acknowledge(r, p);
  if (n == 0) return false;
  if (p[0].revents) r->network_idle = false;
  if (p[1].revents) r->plain_idle = false;
  if (p[1].revents & POLLHUP && !(p[1].revents & POLLIN)) note_close(r);
  if (p[0].revents & POLLERR) r->broken = r->in.over = true;
  return true;
}

static bool step(struct relay *r) {
  bool moved = take_network(r);
  moved |= give_plain(r);
  moved |= take_plain(r);
  return moved | give_network(r);
}

void relay_run(SSL *ssl, int network, int plain) {
  static unsigned char in[RELAY_OCTETS], out[RELAY_OCTETS]; /* not touched before they are used */
  struct relay r = {.ssl = ssl, .network = network, .plain = plain, .in.octets = in, .out.octets = out};
  while (!is_done(&r)) {
    r.wants = 0;
    if (!step(&r) && !is_done(&r) && !wait_for_more(&r)) return;
  }
}
