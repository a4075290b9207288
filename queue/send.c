/* owl-send - the runner: schedules, records results, tells of failures, logs
 *
 * Runs as the queue's owner, who can read and remove every message; the only
 * writer of the queue.  Reads from injectors (ids, queue files), from agents
 * (reports) and from the operator (control socket): all of them checked.
 * Touches no network and no mailbox.  A fault here could lose mail or show it
 * to its agents' users.
 *
 * Descriptors: 0 to the local spawner, 1 to the remote spawner, 2 the log.
 */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "queue/ctlserver.h"
#include "queue/notes.h"
#include "queue/runner.h"

enum {
  LOCAL_SPAWNER_FD = 0,
  REMOTE_SPAWNER_FD = 1,
  LOG_FD = 2,
  POKE_PIPE_OCTETS = 1 << 20,
  POKE_CHUNKS_MAX = 64 /* of one look: who writes on and on does not stop the rest */
};

static struct log send_log = {.fd = LOG_FD, .line = {0}};
static struct runner runner;

static void die(const char *what, const char *why) {
  log_s(&send_log, "owl-send: fatal: ");
  log_s(&send_log, what);
  log_s(&send_log, ": ");
  log_s(&send_log, why);
  log_end(&send_log);
  exit(TOOL_SYSTEM);
}

static void die_errno(const char *what) { die(what, strerror(errno)); }
static void die_queue(const char *path) {
  int error = errno;
  log_s(&send_log, "owl-send: unable to use the queue (owlq setup makes and mends its folders)");
  log_end(&send_log);
  errno = error;
  die_errno(path);
}

static void die_control(void) { die("configuration", runner.control.error.s); }

/* ---- the poke FIFO: ids, a line each */

struct pokes {
  int fd;
  int capacity;
  char partial[QUEUEID_LENGTH + 1];
  size_t partial_len;
  uint64_t scans; /* when it was last looked whether this is the FIFO still */
};

static void open_pokes(struct pokes *p, int queue_fd) {
  p->fd = openat(queue_fd, "poke", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (p->fd == -1) die_queue("poke");
  (void)fcntl(p->fd, F_SETPIPE_SZ, POKE_PIPE_OCTETS);
  p->capacity = fcntl(p->fd, F_GETPIPE_SZ);
}

/* Somebody has put another one in its place: nobody would write to ours. */
static void look_after_pokes(struct pokes *p) {
  struct stat ours, named;
  if (p->scans == runner.scans) return;
  p->scans = runner.scans;
  if (fstat(p->fd, &ours) == 0 && fstatat(runner.store.queue_fd, "poke", &named, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISFIFO(named.st_mode) && (ours.st_ino != named.st_ino || ours.st_dev != named.st_dev)) {
    close(p->fd);
    open_pokes(p, runner.store.queue_fd);
  }
}

static void take_line(struct pokes *p) {
  struct queueid id;
  if (queueid_parse(&id, (struct text){p->partial, p->partial_len})) runner_found(&runner, &id);
  p->partial_len = 0;
}

static void take_octet(struct pokes *p, char c) {
  if (c == '\n') take_line(p);
  else if (p->partial_len < sizeof p->partial) p->partial[p->partial_len++] = c;
}

/* A pipe that is nearly full may have turned pokes away. */
static bool may_have_lost(const struct pokes *p) {
  int waiting = 0;
  return ioctl(p->fd, FIONREAD, &waiting) == 0 && waiting > p->capacity - p->capacity / 8;
}

static void read_pokes(struct pokes *p) {
  char chunk[16384];
  bool lost = may_have_lost(p);
  for (unsigned chunks = 0; chunks < POKE_CHUNKS_MAX; chunks++) {
    ssize_t n = read(p->fd, chunk, sizeof chunk);
    if (n <= 0) break;
    for (ssize_t i = 0; i < n; i++) take_octet(p, chunk[i]);
  }
  if (lost) runner_scan_todo(&runner);
}

/* ---- signals */

static int open_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, SIGALRM);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
  return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void reload(void) {
  bool loaded = runner_load_settings(&runner) == 0;
  log_s(&send_log, loaded ? "status: settings reread" : "alarm: settings not reread: ");
  if (!loaded) log_s(&send_log, runner.control.error.s);
  log_end(&send_log);
}

static void begin_exit(void) {
  if (runner.exiting) return;
  runner.exiting = true;
  report_status(&runner);
}

static void read_signals(int fd) {
  struct signalfd_siginfo info;
  while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
    switch (info.ssi_signo) {
      case SIGHUP: reload(); break;
      case SIGALRM: runner_hurry(&runner, NULL); break;
      case SIGTERM:
      case SIGINT: begin_exit(); break;
    }
  }
}

/* ---- waiting for events */

struct watch {
  struct pollfd *polls;
  struct pollfd *open; /* of these, those that have a descriptor */
  struct worker **workers; /* those of polls[FIXED...] */
  size_t count, space;
  bool incomplete; /* there was no memory for all */
};

enum {
  WATCH_SIGNALS,
  WATCH_POKES,
  WATCH_LOCAL,
  WATCH_REMOTE,
  WATCH_SERVERS, /* of each its listener and its clients */
  WATCH_SERVER = 1 + CTLSERVER_CLIENTS,
  FIXED = WATCH_SERVERS + CTLSERVERS * WATCH_SERVER
};

static bool watch_more(struct watch *w) {
  size_t space = w->space ? w->space * 2 : 64;
  struct pollfd *polls = reallocarray(w->polls, space, sizeof *polls);
  if (polls) w->polls = polls;
  struct pollfd *opens = reallocarray(w->open, space, sizeof *opens);
  if (opens) w->open = opens;
  struct worker **workers = reallocarray(w->workers, space, sizeof *workers);
  if (workers) w->workers = workers;
  if (!polls || !opens || !workers) return false;
  w->space = space;
  return true;
}

static void watch_one(struct watch *w, int fd, short events, struct worker *worker) {
  if (w->count == w->space && !watch_more(w)) {
    if (w->count < FIXED) die("unable to wait", "out of memory");
    w->incomplete = true;
    return;
  }
  w->polls[w->count] = (struct pollfd){fd, events, 0};
  w->workers[w->count++] = worker;
}

static short writer_events(const struct frame_writer *w) {
  return frame_pending(w) ? POLLIN | POLLOUT : POLLIN;
}

static void watch_server(struct watch *w, const struct ctlserver *s, uint64_t *next_us) {
  watch_one(w, ctlserver_listener(s, clock_boot_us(runner.clock), next_us), POLLIN, NULL);
  for (size_t i = 0; i < CTLSERVER_CLIENTS; i++)
    watch_one(w, s->clients[i].sock, ctlserver_events(&s->clients[i]), NULL);
}

static void watch_all(struct watch *w, int signals, const struct pokes *p,
                      const struct ctlserver servers[CTLSERVERS], uint64_t *next_us) {
  w->count = 0;
  w->incomplete = false;
  watch_one(w, signals, POLLIN, NULL);
  watch_one(w, p->fd, POLLIN, NULL);
  for (int channel = 0; channel < 2; channel++) {
    const struct spawner *s = &runner.spawners[channel];
    watch_one(w, s->sock, writer_events(&s->writer), NULL);
  }
  for (unsigned kind = 0; kind < CTLSERVERS; kind++) watch_server(w, &servers[kind], next_us);
  for (struct worker *each = runner.dispatcher.workers; each; each = each->next)
    watch_one(w, each->sock, writer_events(&each->writer), each);
}

static int wait_ms(uint64_t next_us) {
  uint64_t now_us = clock_boot_us(runner.clock);
  if (next_us <= now_us) return 0;
  uint64_t ms = (next_us - now_us + 999) / 1000;
  return ms > 3600u * 1000u ? 3600 * 1000 : (int)ms;
}

/* What the system is short of may come back: the runner lives on, a little slower. */
static bool outlive_shortage(void) {
  static const struct timespec moment = {0, 100000000};
  if (errno != ENOMEM && errno != ENOBUFS && errno != EAGAIN) return false;
  report_problem(&runner, "unable to wait", NULL);
  nanosleep(&moment, NULL);
  return true;
}

/* poll() takes no more places than this process may have descriptors, also
 * where there is none in them. */
static int poll_open(struct watch *w, int limit_ms) {
  size_t count = 0;
  for (size_t i = 0; i < w->count; i++)
    if (w->polls[i].fd >= 0) w->open[count++] = w->polls[i];
  int n = poll(w->open, (nfds_t)count, limit_ms);
  for (size_t i = w->count; n >= 0 && i-- > 0;)
    w->polls[i].revents = w->polls[i].fd >= 0 ? w->open[--count].revents : 0;
  return n;
}

static void wait_for_events(struct watch *w, int limit_ms) {
  if (w->incomplete) limit_ms = 0;
  if (poll_open(w, limit_ms) == -1) {
    if (errno != EINTR && !outlive_shortage()) die_errno("unable to wait");
    for (size_t i = 0; i < w->count; i++) w->polls[i].revents = 0;
  } else if (w->incomplete) {
    errno = ENOMEM;
    outlive_shortage();
  }
}

/* Spawners say nothing on these sockets: input is their end. */
static void spawner_event(struct spawner *s, short events) {
  char octet;
  if (events & POLLOUT && frame_flush(&s->writer, s->sock) == -1 && !outlive_shortage())
    die_errno("a spawner is gone");
  if (!(events & (POLLIN | POLLHUP | POLLERR))) return;
  ssize_t n = recv(s->sock, &octet, 1, MSG_DONTWAIT);
  if (n == 0) die("a spawner is gone", "end of file");
  if (n > 0) die("a spawner spoke out of turn", "protocol error");
  if (errno != EAGAIN) die_errno("a spawner is gone");
}

static void server_events(struct ctlserver *s, const struct pollfd *polls) {
  for (size_t i = 0; i < CTLSERVER_CLIENTS; i++)
    if (polls[1 + i].revents) ctlserver_event(&s->clients[i], polls[1 + i].revents);
  if (polls[0].revents) ctlserver_accept(s, clock_boot_us(runner.clock));
}

static void handle_events(struct watch *w, int signals, struct pokes *p, struct ctlserver servers[CTLSERVERS]) {
  for (size_t i = FIXED; i < w->count; i++)
    if (w->polls[i].revents) workers_event(&runner, w->workers[i], w->polls[i].revents);
  for (int channel = 0; channel < 2; channel++)
    if (w->polls[WATCH_LOCAL + channel].revents)
      spawner_event(&runner.spawners[channel], w->polls[WATCH_LOCAL + channel].revents);
  if (w->polls[WATCH_SIGNALS].revents) read_signals(signals);
  if (w->polls[WATCH_POKES].revents) read_pokes(p);
  for (unsigned kind = 0; kind < CTLSERVERS; kind++)
    server_events(&servers[kind], &w->polls[WATCH_SERVERS + kind * WATCH_SERVER]);
}

static bool may_exit(void) {
  if (!runner.exiting) return false;
  for (struct worker *w = runner.dispatcher.workers; w; w = w->next)
    if (w->outstanding) return false;
  return true;
}

static bool serve_all(struct ctlserver servers[CTLSERVERS]) {
  bool more = false;
  for (unsigned kind = 0; kind < CTLSERVERS; kind++) more |= ctlserver_work(&servers[kind], &runner);
  return more;
}

static void run(int signals, struct pokes *p, struct ctlserver servers[CTLSERVERS]) {
  struct watch w = {0};
  while (!may_exit()) {
    bool ordered = serve_all(servers);
    uint64_t next_us = runner_work(&runner);
    look_after_pokes(p);
    watch_all(&w, signals, p, servers, &next_us);
    wait_for_events(&w, ordered ? 0 : wait_ms(next_us));
    handle_events(&w, signals, p, servers);
    runner_load_backlog(&runner);
  }
  free(w.polls);
  free(w.open);
  free(w.workers);
}

/* ---- start */

static void raise_descriptor_limit(void) {
  struct rlimit l;
  if (getrlimit(RLIMIT_NOFILE, &l) == -1) return;
  l.rlim_cur = l.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &l);
}

static void open_servers(struct ctlserver servers[CTLSERVERS]) {
  for (unsigned kind = 0; kind < CTLSERVERS; kind++)
    if (ctlserver_open(&servers[kind], &runner.control, kind) == -1)
      die_errno(kind == CTLSERVER_OPERATOR ? "unable to open the control socket" : "unable to open the socket for ETRN");
}

static void open_queue(void) {
  stralloc folder = {0};
  if (control_text(&runner.control, CONTROL_QUEUEDIR, &folder) == -1) die_control();
  if (store_open(&runner.store, folder.s) == -1) die_queue(folder.s);
  if (store_lock(&runner.store) == -1)
    die("unable to lock the queue", errno == EWOULDBLOCK ? "another owl-send is running" : strerror(errno));
  stralloc_free(&folder);
  if (operator_load_holds(&runner) == -1) die_queue("holds");
  if (notes_log(runner.store.queue_fd, &send_log) == -1) report_problem(&runner, "unable to read the queue's file orders", NULL);
}

int main(void) {
  struct pokes pokes = {0};
  static struct ctlserver servers[CTLSERVERS];
  raise_descriptor_limit();
  umask(0);
  runner.clock = &clock_system;
  runner.log = &send_log;
  runner.deliveries = 1;
  runner.counters.started_us = clock_wall_us(runner.clock);
  if (control_open(&runner.control) == -1) die_errno("unable to start");
  if (runner_load_settings(&runner) == -1) die_control();
  open_queue();
  open_pokes(&pokes, runner.store.queue_fd);
  runner.spawners[CHANNEL_LOCAL].sock = LOCAL_SPAWNER_FD;
  runner.spawners[CHANNEL_REMOTE].sock = REMOTE_SPAWNER_FD;
  io_set_cloexec(LOCAL_SPAWNER_FD);
  io_set_cloexec(REMOTE_SPAWNER_FD);
  open_servers(servers);
  int signals = open_signals();
  if (signals == -1) die_errno("unable to catch signals");
  if (store_sync_all(&runner.store) == -1) report_problem(&runner, "unable to sync the queue", NULL);
  if (store_clear_tmp(&runner.store) == -1) die_queue("tmp");
  report_status(&runner);
  run(signals, &pokes, servers);
  if (store_sync(&runner.store) == -1) report_problem(&runner, "unable to sync the queue", NULL);
  for (unsigned kind = 0; kind < CTLSERVERS; kind++) ctlserver_close(&servers[kind]);
  log_s(&send_log, "status: exiting");
  log_end(&send_log);
  runner_free(&runner);
  return TOOL_OK;
}
