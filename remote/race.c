#include "config.h"
#include "remote/race.h"
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/network.h"

struct attempt {
  int fd;
  struct walk_target *target;
  uint64_t deadline;
  struct permit permit;
};

struct field_of {
  const struct race *race;
  struct attempt attempts[RACE_ATTEMPTS_MAX];
  size_t count;
  uint64_t next_start; /* deadline of the head start; 0: now */
  uint64_t room_until; /* until when others are waited for; 0: they are not */
};

/* ---- one attempt */

/* Which port it comes from is settled when it connects, so that many connections
 * can share one. */
static int bind_source(const struct race *r, int fd, int family) {
  const struct ip *source = r->sources ? sources_find(r->sources, family) : NULL;
  struct sockaddr_storage a;
  int on = 1;
  if (!source) return 0;
  socklen_t len = ip_to_sockaddr(&a, source, 0);
  if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) == -1) return -1;
  return bind(fd, (struct sockaddr *)&a, len);
}

/* The talker writes whole groups of commands and whole stretches of the body:
 * nothing is won by holding them back. */
static int start_socket(const struct race *r, const struct ip *ip) {
  struct sockaddr_storage a;
  socklen_t len = ip_to_sockaddr(&a, ip, r->port);
  int on = 1, fd = socket(ip->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd == -1) return -1;
  if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
      bind_source(r, fd, ip->family) == 0 &&
      (connect(fd, (struct sockaddr *)&a, len) == 0 || errno == EINPROGRESS))
    return fd;
  int saved = errno;
  close(fd);
  return errno = saved, -1;
}

static void fail(const struct race *r, struct walk_target *t, int error) {
  r->failed(r->context, t, error);
}

static void give_back(const struct field_of *f, const struct permit *p) {
  if (f->race->attempts) attempts_give_back(f->race->attempts, p);
}

static void drop(struct field_of *f, size_t i) {
  close(f->attempts[i].fd);
  give_back(f, &f->attempts[i].permit);
  f->attempts[i] = f->attempts[--f->count];
}

/* What becomes of an attempt at which something has happened.  True: connected. */
static bool finish(struct field_of *f, size_t i) {
  struct attempt *a = &f->attempts[i];
  int error = 0;
  socklen_t len = sizeof error;
  if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1) error = errno;
  if (error == 0) return true;
  fail(f->race, a->target, error);
  drop(f, i);
  f->next_start = 0;
  return false;
}

/* ---- who is next */

static bool same_network(const struct ip *a, const struct ip *b) {
  struct network n = {*a, a->family == AF_INET ? NETWORK_BITS_4 : NETWORK_BITS_6};
  network_mask(&n.ip, n.bits);
  return network_has(&n, b);
}

static bool is_crowded(const struct field_of *f, const struct ip *ip) {
  size_t n = 0;
  for (size_t i = 0; i < f->count; i++) n += same_network(&f->attempts[i].target->ip, ip);
  return n >= RACE_NETWORK_MAX;
}

static bool take_permit(const struct field_of *f, const struct ip *ip, struct permit *p) {
  struct permit held[RACE_ATTEMPTS_MAX];
  *p = (struct permit){0, 0};
  for (size_t i = 0; i < f->count; i++) held[i] = f->attempts[i].permit;
  return !f->race->attempts || attempts_take(f->race->attempts, ip, held, f->count, p);
}

static struct walk_target *next_target(const struct field_of *f, struct walk_target *targets,
                                       size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!targets[i].used && !is_crowded(f, &targets[i].ip)) return &targets[i];
  return NULL;
}

/* The first that others leave room for. */
static struct walk_target *next_permitted(const struct field_of *f, struct walk_target *targets,
                                          size_t count, struct permit *p) {
  for (size_t i = 0; i < count; i++)
    if (!targets[i].used && !is_crowded(f, &targets[i].ip) && take_permit(f, &targets[i].ip, p))
      return &targets[i];
  return NULL;
}

/* Whether there is one more that may start, now or later. */
static struct walk_target *waiting_target(const struct field_of *f, struct walk_target *targets,
                                          size_t count) {
  return f->count < RACE_ATTEMPTS_MAX ? next_target(f, targets, count) : NULL;
}

static bool may_start(const struct field_of *f) {
  return f->count == 0 || f->next_start == 0 || io_remaining_ms(f->next_start) == 0;
}

static void start(struct field_of *f, struct walk_target *t, const struct permit *p) {
  t->used = true;
  f->room_until = 0;
  int fd = start_socket(f->race, &t->ip);
  if (fd == -1) {
    fail(f->race, t, errno);
    give_back(f, p);
    return;
  }
  f->attempts[f->count++] =
    (struct attempt){fd, t, io_deadline(io_limit_ms(f->race->timeoutconnect_s)), *p};
  f->next_start = io_deadline(RACE_HEAD_START_MS);
}

/* ---- waiting */

static int wait_ms(const struct field_of *f, bool more) {
  int ms = !more ? INT_MAX : may_start(f) ? RACE_LOOK_MS : io_remaining_ms(f->next_start);
  for (size_t i = 0; i < f->count; i++) {
    int left = io_remaining_ms(f->attempts[i].deadline);
    if (left < ms) ms = left;
  }
  return ms;
}

static void drop_late(struct field_of *f) {
  for (size_t i = f->count; i--;) {
    if (io_remaining_ms(f->attempts[i].deadline) != 0) continue;
    fail(f->race, f->attempts[i].target, ETIMEDOUT);
    drop(f, i);
    f->next_start = 0;
  }
}

enum { NOBODY = -1, GONE = -2 };

/* Until something happens.  The number of a connected attempt, NOBODY, or GONE. */
static int wait_once(struct field_of *f, bool more) {
  struct pollfd p[RACE_ATTEMPTS_MAX + 1];
  nfds_t n = (nfds_t)f->count;
  for (size_t i = 0; i < f->count; i++) p[i] = (struct pollfd){f->attempts[i].fd, POLLOUT, 0};
  p[n] = (struct pollfd){f->race->watched, 0, 0};
  int ready = poll(p, n + 1, wait_ms(f, more));
  if (ready > 0 && p[n].revents) return GONE;
  for (size_t i = n; ready > 0 && i--;)
    if (p[i].revents && finish(f, i)) return (int)i;
  drop_late(f);
  return NOBODY;
}

/* Those under way are given up, and could be tried another time. */
static void give_up(struct field_of *f) {
  while (f->count) {
    f->attempts[f->count - 1].target->used = false;
    drop(f, f->count - 1);
  }
}

static int take_winner(struct field_of *f, size_t i, const struct walk_target **winner) {
  int fd = f->attempts[i].fd;
  give_back(f, &f->attempts[i].permit);
  *winner = f->attempts[i].target;
  f->attempts[i] = f->attempts[--f->count];
  give_up(f);
  return fd;
}

/* Nobody leaves room: for a while that is waited for.  false: it was too long. */
static bool wait_for_room(struct field_of *f, struct walk_target *t) {
  if (f->room_until == 0) f->room_until = io_deadline(io_limit_ms(f->race->timeoutconnect_s));
  if (f->count || io_remaining_ms(f->room_until) != 0) return true;
  t->used = true;
  f->room_until = 0;
  fail(f->race, t, EBUSY);
  return false;
}

/* Whether something has changed, so that there is nothing to wait for. */
static bool start_next(struct field_of *f, struct walk_target *targets, size_t count, struct walk_target *t) {
  struct permit p;
  if (!t || !may_start(f)) return false;
  struct walk_target *permitted = next_permitted(f, targets, count, &p);
  if (permitted) return start(f, permitted, &p), true;
  return !wait_for_room(f, t);
}

int race_run(const struct race *r, struct walk_target *targets, size_t count,
             const struct walk_target **winner) {
  struct field_of f = {.race = r};
  for (;;) {
    struct walk_target *t = waiting_target(&f, targets, count);
    if (start_next(&f, targets, count, t)) continue;
    if (f.count == 0 && !t) return errno = EHOSTUNREACH, -1;
    int i = wait_once(&f, t);
    if (i >= 0) return take_winner(&f, (size_t)i, winner);
    if (i == GONE) return give_up(&f), errno = EPIPE, -1;
  }
}
