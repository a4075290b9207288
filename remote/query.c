#include "config.h"
#include "remote/query.h"
#include <ares.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>
#include "lib/bigendian.h"
#include "lib/iofd.h"

enum {
  FIRST_WAIT_MS = 3000, /* doubled for each further round over all servers */
  ROUNDS = 4,
  EDNS_OCTETS = 1232, /* passes unfragmented everywhere */
  CLASS_IN = 1,
  SOCKETS_MAX = 15, /* ares_getsock() tells of 16, but by the sign bit */
  FLAGS_LOW_AT = 3,
  FLAG_AUTHENTICATED = 0x20
};

static const char unreachable[] = "no name server can be reached";

/* Each text is the end of "unable to look up NAME: ". */
static const char *problem_of(int status) {
  switch (status) {
    case ARES_ETIMEOUT:
    case ARES_ECANCELLED: return "no name server answers in time";
    case ARES_ECONNREFUSED: return unreachable;
    case ARES_ENOMEM: return "out of memory";
    default: return ares_strerror(status);
  }
}

/* An answer that says "no" is one, too. */
static void take(void *context, int status, int timeouts, unsigned char *octets, int len) {
  struct query *q = context;
  (void)timeouts;
  q->problem = NULL;
  if (!octets || len <= 0)
    q->problem = problem_of(status == ARES_SUCCESS ? ARES_EBADRESP : status);
  else if (!stralloc_copyb(&q->packet, (const char *)octets, (size_t)len))
    q->problem = problem_of(ARES_ENOMEM);
}

static int make_question(const struct query *q, unsigned char **octets, int *len) {
  char name[NAME_TEXT_MAX + 2];
  unsigned short id;
  if (q->name.len >= sizeof name) return ARES_EBADNAME;
  memcpy(name, q->name.s, q->name.len);
  name[q->name.len] = 0;
  if (getrandom(&id, sizeof id, 0) != (ssize_t)sizeof id) return ARES_ENOMEM;
  return ares_create_query(name, CLASS_IN, (int)q->type, id, 1, octets, len, EDNS_OCTETS);
}

/* The AD bit in a question asks for it in the answer (RFC 6840 5.7). */
static void send_question(ares_channel channel, struct query *q) {
  unsigned char *octets = NULL;
  int len = 0, status = make_question(q, &octets, &len);
  stralloc_zero(&q->packet);
  q->problem = problem_of(status);
  if (status != ARES_SUCCESS) return;
  octets[FLAGS_LOW_AT] |= FLAG_AUTHENTICATED;
  ares_send(channel, octets, len, take, q);
  ares_free_string(octets);
}

static int wait_ms(ares_channel channel, uint64_t deadline) {
  struct timeval tv, *next = ares_timeout(channel, NULL, &tv);
  int left = io_remaining_ms(deadline);
  if (!next || next->tv_sec > INT_MAX / 1000 - 1) return left;
  int ms = (int)(next->tv_sec * 1000 + next->tv_usec / 1000) + 1;
  return left == IO_FOREVER || ms < left ? ms : left;
}

/* One wait, and what came of it.  false: nothing is open any more. */
static bool turn(ares_channel channel, uint64_t deadline) {
  ares_socket_t sockets[SOCKETS_MAX];
  struct pollfd p[SOCKETS_MAX];
  int bits = ares_getsock(channel, sockets, SOCKETS_MAX);
  nfds_t n = 0;
  for (int i = 0; i < SOCKETS_MAX; i++) {
    short events = 0;
    if (ARES_GETSOCK_READABLE(bits, i)) events |= POLLIN;
    if (ARES_GETSOCK_WRITABLE(bits, i)) events |= POLLOUT;
    if (events) p[n++] = (struct pollfd){sockets[i], events, 0};
  }
  if (n == 0) return false;
  if (poll(p, n, wait_ms(channel, deadline)) <= 0) n = 0;
  for (nfds_t i = 0; i < n; i++)
    if (p[i].revents)
      ares_process_fd(channel, p[i].revents & ~POLLOUT ? p[i].fd : ARES_SOCKET_BAD,
                      p[i].revents & POLLOUT ? p[i].fd : ARES_SOCKET_BAD);
  ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* what is late is repeated */
  return true;
}

static int open_channel(ares_channel *channel, int flags) {
  struct ares_options o = {.flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH | flags,
                           .timeout = FIRST_WAIT_MS,
                           .tries = ROUNDS,
                           .ednspsz = EDNS_OCTETS};
  const char *servers = getenv("DNSCACHEIP");
  int status = ares_init_options(channel, &o, ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                                                ARES_OPT_EDNSPSZ);
  if (status != ARES_SUCCESS || !servers) return status;
  status = ares_set_servers_ports_csv(*channel, servers);
  if (status != ARES_SUCCESS) ares_destroy(*channel);
  return status;
}

/* A channel is opened anew each time: so a change of resolv.conf counts at
 * once, and no two look-ups come from the same port, which would help a forger. */
static void run(struct query *const *queries, size_t count, uint64_t deadline, int flags) {
  ares_channel channel;
  int status = open_channel(&channel, flags);
  for (size_t i = 0; i < count; i++)
    if (status == ARES_SUCCESS) send_question(channel, queries[i]);
    else queries[i]->problem = problem_of(status);
  if (status != ARES_SUCCESS) return;
  while (io_remaining_ms(deadline) != 0 && turn(channel, deadline)) continue;
  ares_cancel(channel); /* take() hears of what is still open */
  ares_destroy(channel);
}

/* c-ares passes over servers that fail or refuse, and forgets why: when all do,
 * one more question brings the reason. */
void query_run(struct query *const *queries, size_t count, uint64_t deadline) {
  run(queries, count, deadline, 0);
  for (size_t i = 0; i < count; i++)
    if (queries[i]->problem == unreachable) run(&queries[i], 1, deadline, ARES_FLAG_NOCHECKRESP);
}

static bool is_loopback(const struct ares_addr_port_node *n) {
  struct ip ip = {.family = n->family};
  memcpy(ip.octets, &n->addr, n->family == AF_INET ? 4 : sizeof ip.octets);
  return ip_is_loopback(&ip);
}

enum query_place query_place(void) {
  ares_channel channel;
  struct ares_addr_port_node *servers = NULL;
  enum query_place place = QUERY_UNKNOWN;
  if (open_channel(&channel, 0) != ARES_SUCCESS) return QUERY_UNKNOWN;
  if (ares_get_servers_ports(channel, &servers) == ARES_SUCCESS) {
    place = servers ? QUERY_HERE : QUERY_ELSEWHERE;
    for (const struct ares_addr_port_node *n = servers; n; n = n->next)
      if (!is_loopback(n)) place = QUERY_ELSEWHERE;
    ares_free_data(servers);
  }
  ares_destroy(channel);
  return place;
}
