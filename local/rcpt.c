#include "config.h"
#include "local/rcpt.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/address.h"
#include "lib/clock.h"
#include "lib/door.h"
#include "lib/iofd.h"
#include "lib/unixsock.h"
#include "local/answer.h"
#include "local/answercache.h"
#include "local/signals.h"
#include "local/srsanswer.h"

enum { ANSWER_OCTETS_MAX = 8192 };

struct connection {
  int fd; /* -1: free */
  struct frame_reader in;
  uint64_t used_us;
  bool waits; /* for the answer to its question */
};

struct lookup {
  pid_t pid;           /* 0: gone */
  int pipe;            /* -1: answered */
  uint64_t deadline_us;
  struct connection *for_whom; /* NULL: has hung up */
  stralloc local, answer;
};

struct server {
  struct control *control;
  struct settings *settings;
  struct log *log;
  int listener, signals;
  struct connection connections[RCPT_CONNECTIONS_MAX];
  struct lookup lookups[RCPT_LOOKUPS_MAX];
  struct answercache cache;
};

static uint64_t now_us(void) { return clock_boot_us(&clock_system); }

static struct lookup *free_lookup(struct server *s) {
  for (size_t i = 0; i < RCPT_LOOKUPS_MAX; i++)
    if (s->lookups[i].pid == 0 && s->lookups[i].pipe == -1) return &s->lookups[i];
  return NULL;
}

static void hang_up(struct server *s, struct connection *c) {
  close(c->fd);
  frame_reader_free(&c->in);
  for (size_t i = 0; i < RCPT_LOOKUPS_MAX; i++)
    if (s->lookups[i].for_whom == c) s->lookups[i].for_whom = NULL;
  *c = (struct connection){.fd = -1};
}

static bool is_full(const struct result *r) {
  return text_equals(r->status, "5.2.2") || text_equals(r->status, "4.2.2");
}

/* RFC 5321 4.2.2: a mailbox without room has codes of its own. */
static uint64_t reply_code(const struct result *r) {
  uint64_t class = r->class;
  if (is_full(r)) return class == RESULT_FAILURE ? 552 : 452;
  return class == RESULT_SUCCESS ? 250 : class == RESULT_FAILURE ? 550 : 451;
}

static void answer(struct server *s, struct connection *c, const struct result *r) {
  struct door_answer a = {.result = *r};
  stralloc payload = {0};
  a.result.reply_code = reply_code(r);
  c->waits = false;
  c->used_us = now_us();
  /* who does not read its answers is not waited for */
  if (door_put_answer(&payload, &a) == -1 ||
      frame_send(c->fd, &door_protocol, DOOR_ANSWER, text_of_stralloc(&payload), -1, 0) == -1)
    hang_up(s, c);
  stralloc_free(&payload);
}

static void answer_later(struct server *s, struct connection *c, const char *why) {
  struct result r = {.class = RESULT_DEFERRAL, .status = text_of("4.3.0"), .text = text_of(why)};
  answer(s, c, &r);
}

static void log_lookup(struct server *s, const char *what, struct text local, struct text why) {
  log_s(s->log, "owl-lspawn: look-up ");
  log_s(s->log, what);
  log_t(s->log, local);
  if (why.len) log_s(s->log, ": ");
  log_t(s->log, why);
  log_end(s->log);
}

/* In the child: the answer goes into the pipe in one write. */
static _Noreturn void compute(const struct server *s, struct text local, int pipe) {
  struct verdict v = {0};
  stralloc payload = {0};
  signals_release();
  signal(SIGPIPE, SIG_IGN);
  alarm((unsigned)s->settings->rcpt_s + 1); /* should the parent not live to kill it */
  answer_find(local, s->settings, &v);
  struct door_answer a = {.result = verdict_result(&v)};
  if (door_put_answer(&payload, &a) == 0) (void)io_write_all(pipe, payload.s, payload.len, IO_FOREVER);
  _exit(0);
}

static int start(struct server *s, struct lookup *l, struct connection *c, struct text local) {
  int ends[2];
  stralloc_zero(&l->local);
  stralloc_zero(&l->answer);
  if (text_cat(&l->local, local) == -1 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1) return -1;
  l->pid = fork();
  if (l->pid == 0) compute(s, text_of_stralloc(&l->local), ends[1]);
  close(ends[1]);
  if (l->pid == -1) {
    l->pid = 0;
    close(ends[0]);
    return -1;
  }
  l->pipe = ends[0];
  l->for_whom = c;
  l->deadline_us = now_us() + s->settings->rcpt_s * 1000000u;
  c->waits = true;
  return 0;
}

static bool answer_srs(struct server *s, struct connection *c, struct text address) {
  struct verdict v = {0};
  if (!srsanswer_find(address, s->settings, &v)) return false;
  struct result r = verdict_result(&v);
  answer(s, c, &r);
  verdict_free(&v);
  return true;
}

static void ask(struct server *s, struct connection *c, struct text address) {
  struct text local, domain;
  struct lookup *l = free_lookup(s);
  (void)address_split(address, &local, &domain);
  if (answer_srs(s, c, address)) return;
  if (answercache_has(&s->cache, local, now_us())) {
    struct result r = {.class = RESULT_SUCCESS, .status = text_of("2.0.0"), .text = text_of("ok")};
    answer(s, c, &r);
  } else if (!l || start(s, l, c, local) == -1) {
    log_lookup(s, "not begun: ", local, text_of(l ? strerror(errno) : "too many are under way"));
    answer_later(s, c, "unable to look the recipient up just now");
  }
}

/* false: malformed */
static bool take_question(struct server *s, struct connection *c, const struct frame *f) {
  struct door_request r;
  if (f->fd >= 0) close(f->fd);
  if (f->fd >= 0 || f->type != DOOR_QUESTION || door_read_request(&r, f->payload) == -1) return false;
  struct text address = r.envelope.recipient_count ? r.envelope.recipients[0].address : TEXT_ABSENT;
  bool good = address.len > 0 && address_is_clean(address);
  if (good) ask(s, c, address);
  envelope_free(&r.envelope);
  return good;
}

/* Further frames of a connection stay where they are until it has its answer. */
static void read_questions(struct server *s, struct connection *c) {
  struct frame f;
  while (c->fd >= 0 && !c->waits && free_lookup(s)) switch (frame_poll(&c->in, c->fd, &f)) {
    case FRAME_AGAIN: return;
    case FRAME_READY:
      if (!take_question(s, c, &f)) hang_up(s, c);
      break;
    case FRAME_EOF:
    case FRAME_MALFORMED:
    case FRAME_ERROR: hang_up(s, c); return;
    }
}

static void stop_reading(struct lookup *l) {
  close(l->pipe);
  l->pipe = -1;
  l->for_whom = NULL;
}

/* What is wrong with a home is the operator's to know, not the client's. */
static void hide_reason(struct server *s, const struct lookup *l, struct result *r) {
  if (r->class != RESULT_DEFERRAL || is_full(r)) return;
  log_lookup(s, "deferred: ", text_of_stralloc(&l->local), r->text);
  r->text = text_of("this mailbox has a problem just now");
}

static void finish(struct server *s, struct lookup *l) {
  struct door_answer a;
  struct connection *c = l->for_whom;
  bool good = door_read_answer(&a, text_of_stralloc(&l->answer)) == 0;
  if (!good) log_lookup(s, "ended without an answer: ", text_of_stralloc(&l->local), TEXT_ABSENT);
  if (good) hide_reason(s, l, &a.result);
  if (good && a.result.class == RESULT_SUCCESS)
    answercache_keep(&s->cache, text_of_stralloc(&l->local),
                     now_us() + s->settings->cache_s * 1000000u);
  stop_reading(l);
  if (!c) return;
  if (good) answer(s, c, &a.result);
  else answer_later(s, c, "the look-up of the recipient failed");
  read_questions(s, c);
}

static void read_answer(struct server *s, struct lookup *l) {
  char octets[ANSWER_OCTETS_MAX];
  ssize_t n = read(l->pipe, octets, sizeof octets);
  if (n == -1 && (errno == EAGAIN || errno == EINTR)) return;
  bool more = n > 0 && l->answer.len + (size_t)n <= ANSWER_OCTETS_MAX &&
              stralloc_catb(&l->answer, octets, (size_t)n);
  if (!more) finish(s, l);
}

static void give_up(struct server *s, struct lookup *l) {
  struct connection *c = l->for_whom;
  kill(l->pid, SIGKILL);
  log_lookup(s, "took too long: ", text_of_stralloc(&l->local), TEXT_ABSENT);
  stop_reading(l);
  if (!c) return;
  answer_later(s, c, "the look-up of the recipient takes too long");
  read_questions(s, c);
}

static void expire(struct server *s) {
  uint64_t now = now_us();
  for (size_t i = 0; i < RCPT_LOOKUPS_MAX; i++)
    if (s->lookups[i].pipe >= 0 && s->lookups[i].deadline_us <= now) give_up(s, &s->lookups[i]);
}

/* By its user, who could keep all places in this way. */
static void end_stopped(struct server *s, const struct lookup *l) {
  kill(l->pid, SIGKILL);
  log_lookup(s, "was stopped: ", text_of_stralloc(&l->local), TEXT_ABSENT);
}

static void reap(struct server *s) {
  pid_t pid;
  int status;
  while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0)
    for (size_t i = 0; i < RCPT_LOOKUPS_MAX; i++) {
      if (s->lookups[i].pid != pid) continue;
      if (WIFSTOPPED(status)) end_stopped(s, &s->lookups[i]);
      else s->lookups[i].pid = 0;
    }
}

/* A free place, else that of the connection which has been idle longest. */
static struct connection *find_place(struct server *s) {
  struct connection *idle = NULL;
  for (size_t i = 0; i < RCPT_CONNECTIONS_MAX; i++) {
    struct connection *c = &s->connections[i];
    if (c->fd == -1) return c;
    if (!c->waits && (!idle || c->used_us < idle->used_us)) idle = c;
  }
  if (idle) hang_up(s, idle);
  return idle;
}

static void take_connection(struct server *s) {
  struct connection *c = find_place(s);
  if (!c) return;
  int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
  if (fd == -1) return;
  *c = (struct connection){.fd = fd, .in = {.protocol = &door_protocol}, .used_us = now_us()};
}

static void reload(struct server *s) {
  if (settings_load(s->settings, s->control, NULL) == 0) return;
  log_s(s->log, "owl-lspawn: control files kept as they were: ");
  log_t(s->log, text_of(s->control->error.s));
  log_end(s->log);
}

enum { LISTENER, SIGNALS, FIXED };

struct polled {
  struct pollfd fds[FIXED + RCPT_CONNECTIONS_MAX + RCPT_LOOKUPS_MAX];
};

static void prepare(struct polled *p, struct server *s) {
  bool room = free_lookup(s) != NULL, accepts = false;
  struct pollfd *next = p->fds + FIXED;
  for (size_t i = 0; i < RCPT_CONNECTIONS_MAX; i++) {
    const struct connection *c = &s->connections[i];
    *next++ = (struct pollfd){c->fd, room && !c->waits ? POLLIN : 0, 0};
    accepts |= !c->waits;
  }
  for (size_t i = 0; i < RCPT_LOOKUPS_MAX; i++)
    *next++ = (struct pollfd){s->lookups[i].pipe, POLLIN, 0};
  p->fds[LISTENER] = (struct pollfd){accepts ? s->listener : -1, POLLIN, 0};
  p->fds[SIGNALS] = (struct pollfd){s->signals, POLLIN, 0};
}

static int time_left_ms(const struct server *s) {
  uint64_t now = now_us(), first = UINT64_MAX;
  for (size_t i = 0; i < RCPT_LOOKUPS_MAX; i++)
    if (s->lookups[i].pipe >= 0 && s->lookups[i].deadline_us < first) first = s->lookups[i].deadline_us;
  if (first == UINT64_MAX) return -1;
  return first <= now ? 0 : (int)((first - now) / 1000u) + 1;
}

static void handle(const struct polled *p, struct server *s) {
  const struct pollfd *connections = p->fds + FIXED, *lookups = connections + RCPT_CONNECTIONS_MAX;
  if (p->fds[SIGNALS].revents) {
    int came = signals_read(s->signals);
    if (came & SIGNALS_CHILD) reap(s);
    if (came & SIGNALS_HUP) reload(s);
  }
  /* what an earlier event has closed or taken over is left for the next round */
  for (size_t i = 0; i < RCPT_LOOKUPS_MAX; i++)
    if (lookups[i].revents && s->lookups[i].pipe == lookups[i].fd) read_answer(s, &s->lookups[i]);
  expire(s);
  for (size_t i = 0; i < RCPT_CONNECTIONS_MAX; i++) {
    struct connection *c = &s->connections[i];
    if (!connections[i].revents || c->fd != connections[i].fd || c->fd == -1) continue;
    /* both ways are closed: nobody would read an answer */
    if (connections[i].revents & (POLLHUP | POLLERR)) hang_up(s, c);
    else read_questions(s, c);
  }
  if (p->fds[LISTENER].revents) take_connection(s);
}

static int serve(struct server *s) {
  struct polled p;
  for (;;) {
    prepare(&p, s);
    if (poll(p.fds, sizeof p.fds / sizeof p.fds[0], time_left_ms(s)) == -1 && errno != EINTR) return -1;
    handle(&p, s);
  }
}

static void set_free(struct server *s) {
  for (size_t i = 0; i < RCPT_CONNECTIONS_MAX; i++) s->connections[i].fd = -1;
  for (size_t i = 0; i < RCPT_LOOKUPS_MAX; i++) s->lookups[i].pipe = -1;
}

int rcpt_run(struct control *c, struct settings *settings, struct log *log) {
  struct server s = {.control = c, .settings = settings, .log = log};
  set_free(&s);
  s.listener = unixsock_listen_in(settings->rundir.s, "rcpt");
  if (s.listener == -1) return -1;
  s.signals = signals_open();
  return s.signals == -1 ? -1 : serve(&s);
}
