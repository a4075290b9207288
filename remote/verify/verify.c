#include "config.h"
#include "remote/verify/verify.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/address.h"
#include "lib/clock.h"
#include "lib/door.h"
#include "lib/unixsock.h"
#include "remote/verify/ask.h"
#include "remote/verify/cache.h"
#include "remote/verify/settings.h"

enum { WORDS_MAX = 300 }; /* octets of the next hop's in our reply's one line */

struct connection {
  int fd; /* -1: free */
  struct frame_reader in;
  uint64_t used_us;
  const struct question *waits; /* for its answer */
};

struct server {
  struct control control;
  struct verify_settings settings;
  struct log *log;
  int listener, signals;
  struct connection connections[VERIFY_CONNECTIONS_MAX];
  struct ask ask;
  struct verify_cache answers, dead; /* by address; by next hop */
  struct route route;
  stralloc host;
};

static uint64_t now_us(void) { return clock_boot_us(&clock_system); }

/* ---- answers */

static void hang_up(struct connection *c) {
  close(c->fd);
  frame_reader_free(&c->in);
  *c = (struct connection){.fd = -1};
}

/* An SMTP reply is ASCII, and its code stands before its text. */
static int cat_words(stralloc *out, const struct result *r) {
  struct text words = r->text;
  bool repeats = r->status.len && words.len > r->status.len && words.s[r->status.len] == ' ' &&
                 text_equal((struct text){words.s, r->status.len}, r->status);
  if (repeats) words = (struct text){words.s + r->status.len + 1, words.len - r->status.len - 1};
  if (words.len > WORDS_MAX) words.len = WORDS_MAX;
  size_t start = out->len;
  if (text_cat(out, words) == -1) return -1;
  for (size_t i = start; i < out->len; i++)
    if ((unsigned char)out->s[i] > 126) out->s[i] = '?';
  return 0;
}

static void answer(struct connection *c, const struct verdict *v) {
  struct door_answer a = {.result = verdict_result(v)};
  stralloc text = {0}, payload = {0};
  bool ok = stralloc_cats(&text, v->code ? "the next host says: " : "") && cat_words(&text, &a.result) == 0;
  a.result.text = text_of_stralloc(&text);
  a.result.host = a.result.address = TEXT_ABSENT;
  c->waits = NULL;
  c->used_us = now_us();
  /* who does not read its answers is not waited for */
  if (!ok || door_put_answer(&payload, &a) == -1 ||
      frame_send(c->fd, &door_protocol, DOOR_ANSWER, text_of_stralloc(&payload), -1, 0) == -1)
    hang_up(c);
  stralloc_free(&text);
  stralloc_free(&payload);
}

static void answer_later(struct connection *c, const char *why) {
  struct verdict v = {.class = RESULT_NONE};
  verdict_set(&v, RESULT_DEFERRAL, "4.3.0", why);
  answer(c, &v);
  verdict_free(&v);
}

/* ---- questions */

static void ask_host_about_it(struct server *s, struct connection *c, struct text address) {
  struct question *q = ask_find(&s->ask, address);
  if (!q) q = ask_begin(&s->ask, &s->route);
  c->waits = q;
  if (!q) answer_later(c, "too many recipients are being asked about, please try later");
}

static void ask(struct server *s, struct connection *c, struct text address) {
  if (route_find(&s->settings.routes, TEXT_ABSENT, address, &s->route) == -1 ||
      ask_host(&s->host, &s->route) == -1) {
    answer_later(c, "out of memory");
    return;
  }
  if (s->route.channel != CHANNEL_REMOTE || route_leads_nowhere(&s->route)) {
    answer_later(c, "that recipient has no next host");
    return;
  }
  address = text_of_stralloc(&s->route.address);
  const struct verdict *known = verify_cache_find(&s->answers, address, now_us());
  if (!known) known = verify_cache_find(&s->dead, text_of_stralloc(&s->host), now_us());
  if (known) answer(c, known);
  else ask_host_about_it(s, c, address);
}

/* false: malformed */
static bool take_question(struct server *s, struct connection *c, const struct frame *f) {
  struct door_request r;
  if (f->type != DOOR_QUESTION || door_read_request(&r, f->payload) == -1) return false;
  struct text address = r.envelope.recipient_count ? r.envelope.recipients[0].address : TEXT_ABSENT;
  bool good = address.len > 0 && address_is_clean(address);
  if (good) ask(s, c, address);
  envelope_free(&r.envelope);
  return good;
}

/* Further frames of a connection stay where they are until it has its answer. */
static void read_questions(struct server *s, struct connection *c) {
  struct frame f;
  while (c->fd >= 0 && !c->waits) switch (frame_poll(&c->in, c->fd, &f)) {
    case FRAME_AGAIN: return;
    case FRAME_READY:
      if (!take_question(s, c, &f)) hang_up(c);
      break;
    case FRAME_EOF:
    case FRAME_MALFORMED:
    case FRAME_ERROR: hang_up(c); return;
    }
}

static void log_answer(struct server *s, const struct question *q, const struct verdict *v) {
  struct result r = verdict_result(v);
  const char *what = r.class == RESULT_SUCCESS ? "yes" : r.class == RESULT_FAILURE ? "no" : "not known";
  log_s(s->log, "owl-rspawn: recipient ");
  log_t(s->log, text_of_stralloc(&q->route.address));
  log_s(s->log, " at ");
  log_t(s->log, text_of_stralloc(&q->host));
  log_s(s->log, ": ");
  log_s(s->log, what);
  log_s(s->log, ": ");
  log_t(s->log, r.text);
  log_end(s->log);
}

/* A server that cannot be reached cannot say more about the next recipient.  As
 * the runner sees it, without a reply only 4.4.x is the host's fault: what else
 * went wrong did so here. */
static bool is_dead(const struct verdict *v) {
  return v->class == RESULT_DEFERRAL && v->code == 0 && strncmp(v->status, "4.4.", 4) == 0;
}

static void remember(struct server *s, const struct question *q, const struct verdict *v) {
  bool sure = v->class != RESULT_DEFERRAL;
  uint64_t kept_s = v->class == RESULT_SUCCESS ? s->settings.yes_s : sure ? s->settings.no_s : VERIFY_UNKNOWN_S;
  verify_cache_keep(&s->answers, text_of_stralloc(&q->route.address), v, now_us() + kept_s * 1000000u);
  if (is_dead(v)) verify_cache_keep(&s->dead, text_of_stralloc(&q->host), v, now_us() + VERIFY_DEAD_S * 1000000u);
}

static void answered(void *context, struct question *q, const struct verdict *v) {
  struct server *s = context;
  log_answer(s, q, v);
  remember(s, q, v);
  for (size_t i = 0; i < VERIFY_CONNECTIONS_MAX; i++) {
    struct connection *c = &s->connections[i];
    if (c->fd == -1 || c->waits != q) continue;
    answer(c, v);
    read_questions(s, c);
  }
}

/* ---- the server */

/* A free place, else that of the connection which has been idle longest. */
static struct connection *find_place(struct server *s) {
  struct connection *idle = NULL;
  for (size_t i = 0; i < VERIFY_CONNECTIONS_MAX; i++) {
    struct connection *c = &s->connections[i];
    if (c->fd == -1) return c;
    if (!c->waits && (!idle || c->used_us < idle->used_us)) idle = c;
  }
  if (idle) hang_up(idle);
  return idle;
}

static void take_connection(struct server *s) {
  struct connection *c = find_place(s);
  if (!c) return;
  int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
  if (fd == -1) return;
  *c = (struct connection){
    .fd = fd, .in = {.protocol = &door_protocol, .no_descriptors = true}, .used_us = now_us()};
}

static void say(struct server *s, const char *what, const char *why) {
  log_say(s->log, "owl-rspawn", what, text_of(why));
}

static void reload(struct server *s) {
  struct signalfd_siginfo info;
  if (read(s->signals, &info, sizeof info) != sizeof info) return;
  if (verify_settings_load(&s->settings, &s->control) == -1)
    say(s, "control files kept as they were: ", s->control.error.s);
}

enum { LISTENER, SIGNALS, FIXED, ALL = FIXED + VERIFY_CONNECTIONS_MAX + ASK_AGENTS_MAX };

static void prepare(const struct server *s, struct pollfd *p) {
  bool accepts = false;
  for (size_t i = 0; i < VERIFY_CONNECTIONS_MAX; i++) {
    const struct connection *c = &s->connections[i];
    p[FIXED + i] = (struct pollfd){c->fd, c->waits ? 0 : POLLIN, 0};
    accepts |= !c->waits;
  }
  ask_prepare(&s->ask, p + FIXED + VERIFY_CONNECTIONS_MAX);
  p[LISTENER] = (struct pollfd){accepts ? s->listener : -1, POLLIN, 0};
  p[SIGNALS] = (struct pollfd){s->signals, POLLIN, 0};
}

/* Connections first: what they ask is begun in the same round. */
static void handle(struct server *s, const struct pollfd *p) {
  if (p[SIGNALS].revents) reload(s);
  for (size_t i = 0; i < VERIFY_CONNECTIONS_MAX; i++) {
    struct connection *c = &s->connections[i];
    short came = p[FIXED + i].revents;
    if (!came || c->fd == -1 || c->fd != p[FIXED + i].fd) continue;
    /* both ways are closed: nobody would read an answer */
    if (came & (POLLHUP | POLLERR)) hang_up(c);
    else read_questions(s, c);
  }
  if (p[LISTENER].revents) take_connection(s);
  ask_handle(&s->ask, p + FIXED + VERIFY_CONNECTIONS_MAX);
}

static int time_left_ms(const struct server *s) {
  uint64_t now = now_us(), due = ask_due_us(&s->ask);
  if (due == UINT64_MAX) return -1;
  return due <= now ? 0 : (int)((due - now) / 1000u) + 1;
}

static int serve(struct server *s) {
  struct pollfd p[ALL];
  for (;;) {
    prepare(s, p);
    if (poll(p, ALL, time_left_ms(s)) == -1 && errno != EINTR) return -1;
    handle(s, p);
  }
}

static int open_signals(void) {
  sigset_t hup;
  sigemptyset(&hup);
  sigaddset(&hup, SIGHUP);
  if (sigprocmask(SIG_BLOCK, &hup, NULL) == -1) return -1;
  return signalfd(-1, &hup, SFD_CLOEXEC | SFD_NONBLOCK);
}

int verify_run(const struct launch *launch, struct log *log) {
  static struct server s; /* large */
  s.log = log;
  s.ask.launch = launch;
  s.ask.sender = &s.settings.sender;
  s.ask.answered = answered;
  s.ask.context = &s;
  ask_open(&s.ask);
  for (size_t i = 0; i < VERIFY_CONNECTIONS_MAX; i++) s.connections[i].fd = -1;
  s.signals = open_signals();
  if (s.signals == -1 || control_open(&s.control) == -1) return -1;
  if (verify_settings_load(&s.settings, &s.control) == -1) return say(&s, "", s.control.error.s), -1;
  if (verify_cache_open(&s.answers) == -1 || verify_cache_open(&s.dead) == -1) return -1;
  s.listener = unixsock_listen_in(s.settings.rundir.s, "nexthop");
  return s.listener == -1 ? -1 : serve(&s);
}
