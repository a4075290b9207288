#include "config.h"
#include "local/sessions.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/peers.h"
#include "lib/unixsock.h"
#include "local/crowd.h"
#include "local/opening.h"
#include "local/recent.h"
#include "local/signals.h"

enum { STEP_OCTETS = 4096, MS_US = 1000 };

struct caller {
  int fd; /* -1: free */
  struct frame_reader in;
  uint64_t limit_us;
};

struct server {
  struct control *control;
  struct settings *settings;
  struct log *log;
  const uint8_t *key;
  struct route_table routes;
  struct peers peers;
  struct crowd crowd;
  struct recent recent;
  int listener, signals;
  struct caller callers[SESSIONS_CALLERS_MAX];
};

static const struct {
  const char *service, *program;
} services[] = {{"pop3", "owl-pop3d"}};

static uint64_t now_us(void) { return clock_boot_us(&clock_system); }

static void say(struct server *s, const char *what, struct text object) { log_say(s->log, "owl-lspawn", what, object); }

bool sessions_are_wanted(const struct settings *s) {
  stralloc path = {0};
  bool made = stralloc_copys(&path, s->rundir.s) && stralloc_cats(&path, "/mailbox") && stralloc_0(&path);
  bool wanted = geteuid() != 0 || (made && access(path.s, F_OK) == 0);
  stralloc_free(&path);
  return wanted;
}

static void hang_up(struct caller *c) {
  close(c->fd);
  frame_reader_free(&c->in);
  *c = (struct caller){.fd = -1};
}

/* ---- requests */

static void refuse(const struct opening *o, enum result_class class, const char *status, const char *why) {
  struct result r = {.class = class, .status = text_of(status), .text = text_of(why)};
  opening_refuse(o, &r);
}

static const char *program_of(struct text service) {
  for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
    if (text_equals(service, services[i].service)) return services[i].program;
  return NULL;
}

static bool is_stream(int fd) {
  int type;
  socklen_t len = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

/* The pass is for this service and this client: 0, or -1 when who asked has been told. */
static int check_pass(const struct server *s, const struct opening *o, struct pass *p) {
  const struct mailboxdoor_request *r = o->request;
  if (pass_open(p, s->key, r->pass, now_us()) == -1) {
    if (errno == ETIME) return refuse(o, RESULT_DEFERRAL, "4.7.0", "the pass is too old"), -1;
    return refuse(o, RESULT_FAILURE, "5.7.0", "the pass is none of owl-authd's"), -1;
  }
  if (text_equal(p->service, r->service) && text_equal(p->client_address, r->client_address)) return 0;
  return refuse(o, RESULT_FAILURE, "5.7.0", "the pass is for something else"), -1;
}

static bool counts_time(const struct server *s, const struct opening *o) {
  return s->settings->pop3_login_delay_s && text_equals(o->request->service, "pop3");
}

/* A log-in that is refused does not begin the time anew: who comes too often is let in now and then. */
static int check_delay(struct server *s, const struct opening *o) {
  uint64_t seconds = s->settings->pop3_login_delay_s;
  if (counts_time(s, o) && recent_is_in(&s->recent, o->pass->user, now_us(), seconds))
    return refuse(o, RESULT_DEFERRAL, MAILBOXDOOR_TOO_SOON, "this user has logged in too little ago"), -1;
  return 0;
}

static void note_begin(struct server *s, const struct opening *o, pid_t pid) {
  crowd_add(&s->crowd, pid);
  if (counts_time(s, o)) recent_note(&s->recent, o->pass->user, now_us());
}

static int check_limits(struct server *s, const struct opening *o) {
  uint64_t most = s->settings->user_sessions_max;
  if (most && crowd_count(&s->crowd, o->pass->user) >= most)
    return refuse(o, RESULT_DEFERRAL, MAILBOXDOOR_IN_USE, "this user has too many sessions"), -1;
  if (s->crowd.count < s->settings->sessions_max && crowd_reserve(&s->crowd, o->pass->user) == 0) return 0;
  return refuse(o, RESULT_DEFERRAL, "4.3.2", "there are too many sessions"), -1;
}

static void close_others(const struct server *s, const struct opening *o) {
  for (size_t i = 0; i < SESSIONS_CALLERS_MAX; i++)
    if (s->callers[i].fd >= 0 && s->callers[i].fd != o->door) close(s->callers[i].fd);
  close(s->listener);
  close(s->signals);
}

static void start(struct server *s, struct opening *o) {
  o->service = getpid();
  pid_t pid = fork();
  if (pid == 0) {
    close_others(s, o);
    opening_run(o);
  }
  if (pid > 0) note_begin(s, o, pid);
  else refuse(o, RESULT_DEFERRAL, "4.3.0", strerror(errno));
}

static void open_mailbox(struct server *s, const struct mailboxdoor_request *r, int door, int stream) {
  struct pass pass = {0};
  stralloc path = {0};
  struct opening o = {.request = r, .pass = &pass, .door = door, .stream = stream, .settings = s->settings,
                      .routes = &s->routes, .log = s->log};
  const char *program = program_of(r->service);
  if (!program) refuse(&o, RESULT_FAILURE, "5.5.1", "the service is none that is served here");
  else if (!is_stream(stream)) refuse(&o, RESULT_FAILURE, "5.5.1", "there is no stream");
  else if (program_path(&path, program) == -1) refuse(&o, RESULT_DEFERRAL, "4.3.0", "out of memory");
  else if (check_pass(s, &o, &pass) == 0 && check_limits(s, &o) == 0 && check_delay(s, &o) == 0)
    o.program = path.s, start(s, &o);
  stralloc_free(&path);
}

/* One request: afterwards the connection is the session's, or nobody's. */
static void take_request(struct server *s, struct caller *c, const struct frame *f) {
  struct mailboxdoor_request r;
  bool good = f->type == MAILBOXDOOR_OPEN && f->fd >= 0 && mailboxdoor_read_request(&r, f->payload) == 0;
  if (good) open_mailbox(s, &r, c->fd, f->fd);
  else say(s, "a malformed request for a mailbox", TEXT_ABSENT);
  if (f->fd >= 0) close(f->fd);
  hang_up(c);
}

static void hear(struct server *s, struct caller *c) {
  struct frame f;
  switch (frame_poll(&c->in, c->fd, &f)) {
    case FRAME_AGAIN: return;
    case FRAME_READY: take_request(s, c, &f); return;
    case FRAME_EOF:
    case FRAME_MALFORMED:
    case FRAME_ERROR: hang_up(c);
  }
}

/* ---- events */

static struct caller *find_place(struct server *s) {
  for (size_t i = 0; i < SESSIONS_CALLERS_MAX; i++)
    if (s->callers[i].fd == -1) return &s->callers[i];
  return NULL;
}

static void take_caller(struct server *s) {
  struct caller *c = find_place(s);
  int fd = c ? accept4(s->listener, NULL, NULL, SOCK_CLOEXEC) : -1;
  if (fd == -1) return;
  *c = (struct caller){.fd = fd, .limit_us = now_us() + (uint64_t)SESSIONS_REQUEST_MS * MS_US};
  c->in = (struct frame_reader){.protocol = &mailboxdoor_protocol, .step_octets = STEP_OCTETS};
  if (peers_may_ask(&s->peers, fd)) return;
  say(s, "somebody asks for a mailbox who may not", TEXT_ABSENT);
  hang_up(c);
}

static void note_end(struct server *s, int status) {
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) say(s, "a look-up of a user took longer than timeoutlookup", TEXT_ABSENT);
  else if (WIFSIGNALED(status)) say(s, "a session died: ", text_of(strsignal(WTERMSIG(status))));
}

/* A user whose session could not begin, by no fault of his, may come again at once. */
static bool has_begun(int status) {
  if (WIFSIGNALED(status)) return WTERMSIG(status) != SIGALRM;
  return WEXITSTATUS(status) != OPENING_FAILED;
}

static void reap(struct server *s) {
  pid_t pid;
  int status;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    if (!has_begun(status)) recent_forget(&s->recent, crowd_user(&s->crowd, pid));
    if (crowd_end(&s->crowd, pid)) note_end(s, status);
  }
}

/* All of it, or nothing. */
static void reload(struct server *s) {
  struct route_table fresh = {0}, old = {0};
  if (route_load(&fresh, s->control) == -1 || settings_load(s->settings, s->control, NULL) == -1) {
    say(s, "control files kept as they were: ", text_of(s->control->error.s));
  } else {
    old = s->routes;
    s->routes = fresh;
    fresh = (struct route_table){0};
  }
  route_unload(&old);
  route_unload(&fresh);
}

enum { LISTENER, SIGNALS, FIXED };

static int prepare(struct pollfd p[FIXED + SESSIONS_CALLERS_MAX], struct server *s) {
  uint64_t now = now_us(), first = UINT64_MAX;
  p[LISTENER] = (struct pollfd){find_place(s) ? s->listener : -1, POLLIN, 0};
  p[SIGNALS] = (struct pollfd){s->signals, POLLIN, 0};
  for (size_t i = 0; i < SESSIONS_CALLERS_MAX; i++) {
    struct caller *c = &s->callers[i];
    if (c->fd >= 0 && c->limit_us <= now) hang_up(c);
    if (c->fd >= 0 && c->limit_us < first) first = c->limit_us;
    p[FIXED + i] = (struct pollfd){c->fd, POLLIN, 0};
  }
  return first == UINT64_MAX ? -1 : (int)((first - now) / MS_US) + 1;
}

static int serve(struct server *s) {
  struct pollfd p[FIXED + SESSIONS_CALLERS_MAX];
  for (;;) {
    int wait_ms = prepare(p, s);
    if (poll(p, sizeof p / sizeof p[0], wait_ms) == -1 && errno != EINTR) return -1;
    int came = p[SIGNALS].revents ? signals_read(s->signals) : 0;
    if (came & SIGNALS_CHILD) reap(s);
    if (came & SIGNALS_HUP) reload(s);
    for (size_t i = 0; i < SESSIONS_CALLERS_MAX; i++)
      if (p[FIXED + i].revents) hear(s, &s->callers[i]);
    if (p[LISTENER].revents) take_caller(s);
  }
}

int sessions_run(struct control *c, struct settings *settings, struct log *log, const uint8_t key[PASS_KEY_OCTETS]) {
  struct server s = {.control = c, .settings = settings, .log = log, .key = key};
  for (size_t i = 0; i < SESSIONS_CALLERS_MAX; i++) s.callers[i].fd = -1;
  if (route_load(&s.routes, c) == -1) {
    say(&s, "", text_of(c->error.s));
    return errno = EINVAL, -1;
  }
  s.listener = unixsock_listen_in(settings->rundir.s, "mailbox");
  if (s.listener == -1 || peers_learn(&s.peers, settings->rundir.s, "mailbox") == -1) return -1;
  s.signals = signals_open();
  return s.signals == -1 ? -1 : serve(&s);
}
