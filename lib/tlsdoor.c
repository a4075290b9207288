#include "config.h"
#include "lib/tlsdoor.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/bigendian.h"
#include "lib/iofd.h"
#include "lib/passfd.h"
#include "lib/unixsock.h"

enum { LENGTH_OCTETS = 4 };

/* Waiting for an answer longer than the handshake may last: owl-tlsd says best why it failed. */
enum { ANSWER_MARGIN_MS = 2000 };

static bool may_access(const char *rundir, const char *file, int how) {
  stralloc path = {0};
  bool may = stralloc_copys(&path, rundir) && stralloc_cats(&path, file) && stralloc_0(&path) && access(path.s, how) == 0;
  stralloc_free(&path);
  return may;
}

bool tlsdoor_serves(const char *rundir) {
  return may_access(rundir, "/tls/certificate", F_OK) && tlsdoor_is_there(rundir);
}

bool tlsdoor_is_there(const char *rundir) { return may_access(rundir, "/tls/socket", W_OK); }

static int send_request(int sock, const struct tls_request *r, int network, uint64_t deadline) {
  static char line[LENGTH_OCTETS + TLSWIRE_MAX];
  size_t len = tlswire_put_request(line, sizeof line, r), sent = 0;
  if (len == 0) return errno = EMSGSIZE, -1;
  while (sent < len) {
    if (io_wait(sock, POLLOUT, io_remaining_ms(deadline)) == -1) return -1;
    ssize_t n = passfd_send(sock, line + sent, len - sent, sent ? -1 : network);
    if (n == -1 && errno != EAGAIN) return -1;
    if (n > 0) sent += (size_t)n;
  }
  return 0;
}

/* Exactly len octets: behind the facts the peer's plaintext may wait. */
static int read_exactly(int sock, char *to, size_t len, uint64_t deadline) {
  while (len) {
    ssize_t n = io_read(sock, to, len, io_remaining_ms(deadline));
    if (n == 0) errno = ECONNRESET;
    if (n <= 0) return -1;
    to += n;
    len -= (size_t)n;
  }
  return 0;
}

static int read_facts(int sock, struct tls_facts *facts, uint64_t deadline) {
  static char line[TLSWIRE_MAX];
  char length[LENGTH_OCTETS];
  if (read_exactly(sock, length, sizeof length, deadline) == -1) return -1;
  uint32_t len = get_u32(length);
  if (len > sizeof line) return errno = EPROTO, -1;
  if (read_exactly(sock, line, len, deadline) == -1) return -1;
  return tlswire_read_facts(facts, line, len) ? 0 : (errno = EPROTO, -1);
}

static int fail(struct tls_facts *facts, const char *what) {
  const char *reason = strerror(errno);
  if (errno == EPROTO) reason = "its answer is malformed";
  if (errno == ECONNRESET) reason = "it has gone away";
  memset(facts, 0, sizeof *facts);
  facts->temporary = 1;
  snprintf(facts->error, sizeof facts->error, "unable to %s owl-tlsd: %s", what, reason);
  return -1;
}

int tlsdoor_connect(const char *rundir) { return unixsock_connect_in(rundir, "tls", UNIXSOCK_CONNECT_MS); }

int tlsdoor_ask(int sock, struct tls_request *r, int network, struct tls_facts *facts, int limit_ms) {
  if (r->limit_s == 0 && limit_ms >= 1000) r->limit_s = (unsigned)limit_ms / 1000;
  uint64_t deadline = io_deadline(limit_ms);
  io_send_at_once(network); /* a greeting behind session tickets, which clients acknowledge late */
  if (send_request(sock, r, network, deadline) == -1) return fail(facts, "ask");
  deadline += ANSWER_MARGIN_MS * 1000u;
  if (read_facts(sock, facts, deadline) == -1) return fail(facts, "hear from");
  if (facts->ok) return 0;
  if (!facts->error[0]) snprintf(facts->error, sizeof facts->error, "owl-tlsd gives no reason");
  return -1;
}

int tlsdoor_open(const char *rundir, struct tls_request *r, int network, struct tls_facts *facts,
                 int limit_ms) {
  int sock = tlsdoor_connect(rundir);
  if (sock == -1) return fail(facts, "reach");
  if (tlsdoor_ask(sock, r, network, facts, limit_ms) == 0) return sock;
  close(sock);
  return -1;
}

int tlsdoor_serve(volatile int *door, const char *rundir, bool peer_asked, int network, struct tls_facts *facts,
                  int limit_ms) {
  static struct tls_request r; /* large */
  tlswire_clear_request(&r);
  r.role = TLS_SERVER;
  r.peer_asked = peer_asked;
  if (*door == -1) *door = tlsdoor_connect(rundir);
  if (*door == -1) return fail(facts, "reach");
  int asked = tlsdoor_ask(*door, &r, network, facts, limit_ms), plain = *door;
  *door = -1; /* no signal's any more */
  if (asked == 0) return plain;
  close(plain);
  return -1;
}
