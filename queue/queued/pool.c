#include "config.h"
#include "queue/queued/pool.h"
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/clock.h"
#include "queue/queued/batch.h"

enum { EVENTS_MAX = 64, ACCEPTS_MAX = 16, LOOKS_MAX = 4, SECOND_US = 1000000, MILLISECOND_US = 1000, SHORTAGE_MS = 100 };

/* What an event is of: 0 the listener, else a guest's door or pipe. */
enum { LISTENER = 0, DOOR = 0, PIPE = 1 };

static struct guest guests[POOL_GUESTS_MAX];
static bool has_pipe[POOL_GUESTS_MAX]; /* its pipe is watched */
static unsigned places[POOL_GUESTS_MAX], free_count; /* a stack of those that are free */
static struct guest *whole[POOL_GUESTS_MAX];
static size_t whole_count;
static int watch_fd;
static uint64_t next_limit_us; /* nobody's time is over before */
static bool listens, is_short; /* short: of room, until somebody has gone or some time has */

static uint64_t now_us(void) { return clock_boot_us(&clock_system); }

static unsigned place_of(const struct guest *g) { return (unsigned)(g - guests); }

static uint64_t name_of(const struct guest *g, unsigned what) { return 2 * ((uint64_t)place_of(g) + 1) + what; }

static int watch(int fd, uint64_t name, uint32_t how) {
  struct epoll_event e = {.events = EPOLLIN | how, .data.u64 = name};
  return epoll_ctl(watch_fd, EPOLL_CTL_ADD, fd, &e);
}

/* The caller may still hold the pipe's end: closing ours would not do. */
static void unwatch(int fd) { (void)epoll_ctl(watch_fd, EPOLL_CTL_DEL, fd, NULL); }

static void unwatch_pipe(struct guest *g) {
  if (has_pipe[place_of(g)]) unwatch(g->pipe);
  has_pipe[place_of(g)] = false;
}

static bool is_coming(const struct guest *g) { return g->state == GUEST_NEW || g->state == GUEST_COMES; }

static void set_listening(const struct pool *p, bool wanted) {
  if (wanted && !listens) {
    listens = watch(p->listener, LISTENER, EPOLLEXCLUSIVE) == 0;
    is_short = !listens;
  }
  if (!wanted && listens) unwatch(p->listener), listens = false;
}

static void leave(struct guest *g) {
  unwatch_pipe(g);
  places[free_count++] = place_of(g);
  guest_close(g);
}

/* The end of what we need no more would wake us for ever. */
static void go_on(struct guest *g) {
  if (g->is_read) unwatch_pipe(g);
  if (g->is_addressed && g->state == GUEST_COMES) unwatch(g->door);
  if (g->limit_us < next_limit_us) next_limit_us = g->limit_us;
  if (g->state == GUEST_WHOLE) whole[whole_count++] = g;
  if (g->state == GUEST_OVER) leave(g);
}

static void read_pipe(struct guest *g) {
  guest_read(g);
  if (g->state != GUEST_COMES || g->is_read || has_pipe[place_of(g)]) return;
  has_pipe[place_of(g)] = watch(g->pipe, name_of(g, PIPE), 0) == 0;
  if (!has_pipe[place_of(g)]) guest_answer(g, INJECTOR_NO_MEMORY);
}

static void hear_door(const struct pool *p, struct guest *g) {
  guest_hear(g, p->queue_fd, now_us());
  if (g->state == GUEST_COMES && !g->is_read) read_pipe(g);
}

/* The doorkeeper, and root, whom it may run as, but whose facts are not believed. */
static bool may_come(const struct pool *p, int sock, struct ucred *who) {
  socklen_t len = sizeof *who;
  return getsockopt(sock, SOL_SOCKET, SO_PEERCRED, who, &len) == 0 && (who->uid == p->doorkeeper || who->uid == 0);
}

static void take_guest(const struct pool *p, int sock, uid_t caller) {
  struct guest *g = &guests[places[--free_count]];
  guest_open(g, sock, caller, now_us());
  if (watch(sock, name_of(g, DOOR), 0) == -1) guest_answer(g, INJECTOR_NO_MEMORY);
  else hear_door(p, g);
  go_on(g);
}

/* false: nobody waits, or there is no room. */
static bool accept_one(const struct pool *p) {
  if (free_count == 0) return is_short = true, false;
  int sock = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (sock == -1) {
    is_short = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
    return false;
  }
  struct ucred who;
  if (may_come(p, sock, &who)) take_guest(p, sock, who.uid);
  else close(sock);
  return true;
}

/* An event may be of a guest who went in this turn, or of a successor at that place. */
static void handle(const struct pool *p, uint64_t name) {
  if (name == LISTENER) {
    for (int n = 0; n < ACCEPTS_MAX && accept_one(p); n++) continue;
    return;
  }
  struct guest *g = &guests[name / 2 - 1];
  if (!is_coming(g)) return;
  if (name % 2 == PIPE && g->state == GUEST_COMES && !g->is_read) read_pipe(g);
  else if (name % 2 == DOOR && !guest_is_deaf(g)) hear_door(p, g);
  else return;
  go_on(g);
}

static void settle(const struct pool *p) {
  for (size_t begin = 0; begin < whole_count; begin += BATCH_MAX) {
    size_t count = whole_count - begin < BATCH_MAX ? whole_count - begin : BATCH_MAX;
    batch_settle(whole + begin, count, p->queue_fd);
  }
  for (size_t i = 0; i < whole_count; i++) leave(whole[i]);
  whole_count = 0;
}

static void end_late(void) {
  uint64_t now = now_us();
  if (now < next_limit_us) return;
  next_limit_us = UINT64_MAX;
  for (unsigned i = 0; i < POOL_GUESTS_MAX; i++) {
    struct guest *g = &guests[i];
    if (!is_coming(g)) continue;
    if (g->limit_us <= now) guest_answer(g, INJECTOR_TIMEOUT);
    go_on(g);
  }
}

static int wait_ms(uint64_t until_us) {
  if (is_short) return SHORTAGE_MS;
  if (next_limit_us < until_us) until_us = next_limit_us;
  if (until_us == UINT64_MAX) return -1;
  uint64_t now = now_us(), left_ms = until_us > now ? (until_us - now) / MILLISECOND_US + 1 : 0;
  return left_ms > INT32_MAX ? INT32_MAX : (int)left_ms;
}

/* How many events there were; -1 with errno. */
static int look(const struct pool *p, int limit_ms) {
  struct epoll_event events[EVENTS_MAX];
  int n = epoll_pwait(watch_fd, events, EVENTS_MAX, limit_ms, p->mask_while_waiting);
  if (n == -1) return errno == EINTR ? 0 : -1;
  is_short = false;
  for (int i = 0; i < n; i++) handle(p, events[i].data.u64);
  return n;
}

/* Before it waits for the disk it looks who can join. */
static int turn(const struct pool *p, uint64_t until_us) {
  int n = look(p, wait_ms(until_us));
  for (int looks = 1; n > 0 && whole_count && whole_count < BATCH_MAX && looks < LOOKS_MAX; looks++) n = look(p, 0);
  if (n == -1) return -1;
  end_late();
  settle(p);
  return 0;
}

static int open_pool(void) {
  for (unsigned i = 0; i < POOL_GUESTS_MAX; i++) places[i] = POOL_GUESTS_MAX - 1 - i;
  free_count = POOL_GUESTS_MAX;
  next_limit_us = UINT64_MAX;
  watch_fd = epoll_create1(EPOLL_CLOEXEC);
  return watch_fd == -1 ? -1 : 0;
}

/* Who has connected already must not be lost. */
static int finish(const struct pool *p) {
  uint64_t until_us = now_us() + POOL_ENDS_S * (uint64_t)SECOND_US;
  while (accept_one(p)) continue;
  set_listening(p, false);
  close(p->listener);
  settle(p);
  while (free_count < POOL_GUESTS_MAX && now_us() < until_us)
    if (turn(p, until_us) == -1) return -1;
  return 0;
}

int pool_run(const struct pool *p) {
  if (open_pool() == -1) return -1;
  while (!*p->is_ending) {
    set_listening(p, !is_short);
    if (turn(p, UINT64_MAX) == -1) return -1;
  }
  return finish(p);
}
