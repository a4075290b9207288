/* owl-authd - whether somebody is who they say
 *
 * Its own user, or root where the site's check program needs it.  Holds its
 * socket; reads questions of a fixed form from servers of the same host; starts
 * a process for each, which reads the password file, connects to Dovecot, or
 * runs the site's program.  Writes no file.  A fault here gives away who may
 * send mail, and the passwords that clients say while it lasts.
 *
 * owl-authd(8) has the interface.
 */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "auth/links.h"
#include "lib/clock.h"
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "lib/sandbox.h"
#include "lib/unixsock.h"

enum { SECOND_US = 1000000, MILLISECOND_US = 1000 };

static struct log auth_log = {.fd = 2, .line = {0}};
static volatile sig_atomic_t told_to_end, told_to_reload;
static int wakes[2];

static void die(const char *what, struct text why) {
  log_say(&auth_log, "owl-authd", what, why);
  exit(TOOL_SYSTEM);
}

static void die_errno(const char *what) {
  log_say_errno(&auth_log, "owl-authd", what, TEXT_ABSENT);
  exit(TOOL_SYSTEM);
}

static void die_usage(void) {
  log_say(&auth_log, "owl-authd", "usage: owl-authd [UID,...]", TEXT_ABSENT);
  exit(TOOL_USAGE);
}

static void note_signal(int number) {
  int saved = errno;
  if (number == SIGHUP) told_to_reload = 1;
  else told_to_end = 1;
  (void)!write(wakes[1], "", 1);
  errno = saved;
}

static void catch_signals(void) {
  struct sigaction a = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
  if (pipe2(wakes, O_CLOEXEC | O_NONBLOCK) == -1) die_errno("unable to make a pipe");
  sigaction(SIGTERM, &a, NULL);
  sigaction(SIGINT, &a, NULL);
  sigaction(SIGHUP, &a, NULL);
  signal(SIGPIPE, SIG_IGN);
}

static void clear_wakes(void) {
  char octets[64];
  while (read(wakes[0], octets, sizeof octets) > 0) continue;
}

/* Passwords pass through this memory. */
static void forbid_cores(void) {
  struct rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) == -1 || sandbox_forbid_cores() == -1) die_errno("unable to forbid core files");
}

static uint64_t now_us(void) { return clock_boot_us(&clock_system); }

static void reload(struct links *l) {
  struct control c;
  struct settings fresh = {0};
  told_to_reload = 0;
  if (control_open(&c) == -1 || settings_load(&fresh, &c) == -1) {
    log_say(&auth_log, "owl-authd", "keeps its settings: ", text_of(c.error.s ? c.error.s : ""));
    settings_free(&fresh);
  } else {
    settings_free(l->settings);
    *l->settings = fresh;
    l->guesses->half_life_us = fresh.failure_s * SECOND_US;
    log_say(&auth_log, "owl-authd", "has read its settings again", TEXT_ABSENT);
  }
  control_free(&c);
}

/* Who waits or runs is watched, too: it may go away. */
static void watch(const struct links *l, struct pollfd *p, struct link **of, nfds_t *count) {
  struct links *all = (struct links *)(uintptr_t)l;
  p[0] = (struct pollfd){.fd = wakes[0], .events = POLLIN};
  p[1] = (struct pollfd){.fd = l->count < LINKS_MAX ? l->listener : -1, .events = POLLIN};
  *count = 2;
  for (size_t i = 0; i < LINKS_MAX; i++) {
    struct link *k = &all->list[i];
    if (k->fd == -1) continue;
    of[*count] = k;
    if (k->state == LINK_RUNS) p[*count] = (struct pollfd){.fd = k->pipe, .events = POLLIN};
    else p[*count] = (struct pollfd){.fd = k->fd, .events = k->state == LINK_LISTENS ? POLLIN : 0};
    ++*count;
  }
}

static int wait_ms(uint64_t until_us) {
  uint64_t now = now_us();
  if (until_us == UINT64_MAX) return -1;
  return until_us <= now ? 0 : (int)((until_us - now) / MILLISECOND_US + 1);
}

static void serve(struct links *l) {
  static struct pollfd p[LINKS_MAX + 2];
  static struct link *of[LINKS_MAX + 2];
  nfds_t count;
  while (!told_to_end) {
    if (told_to_reload) reload(l);
    uint64_t next = links_turn(l, now_us());
    watch(l, p, of, &count);
    if (poll(p, count, wait_ms(next)) == -1 && errno != EINTR) die_errno("unable to wait");
    clear_wakes();
    for (nfds_t i = 2; i < count; i++) {
      if (!p[i].revents) continue;
      if (of[i]->state == LINK_RUNS) links_worker_said(l, of[i], now_us());
      else links_hear(l, of[i], now_us());
    }
    if (p[1].revents) links_accept(l, now_us());
  }
}

/* The set of descriptors: a link and a pipe each. */
static void raise_limit(void) {
  struct rlimit r;
  if (getrlimit(RLIMIT_NOFILE, &r) == -1) return;
  rlim_t wanted = 2 * LINKS_MAX + 64;
  if (r.rlim_cur < wanted) r.rlim_cur = r.rlim_max < wanted ? r.rlim_max : wanted;
  (void)setrlimit(RLIMIT_NOFILE, &r);
}

/* Without one who is in has no pass, and no mailbox is opened. */
static void take_key(struct links *l) {
  static uint8_t key[PASS_KEY_OCTETS];
  if (pass_take_key(key) == 0) l->pass_key = key;
  else if (errno != ENOENT) die_errno("unable to read the key of the passes");
}

int main(int argc, char **argv) {
  static struct links all;
  static struct settings settings;
  struct control c;
  stralloc rundir = {0};
  if (argc > 2 || peers_name(&all.peers, text_of(argv[1])) == -1) die_usage();
  take_key(&all);
  if (control_open(&c) == -1 || control_text(&c, CONTROL_RUNDIR, &rundir) == -1 || settings_load(&settings, &c) == -1)
    die("unable to start: ", text_of(c.error.s ? c.error.s : "out of memory"));
  raise_limit();
  catch_signals();
  all.remembered = remembered_new();
  all.settings = &settings;
  all.log = &auth_log;
  for (size_t i = 0; i < LINKS_MAX; i++) all.list[i] = (struct link){.fd = -1, .pipe = -1};
  all.guesses = guesses_new(settings.failure_s * SECOND_US);
  if (!all.guesses) die_errno("unable to start");
  all.listener = unixsock_listen_in(rundir.s, "auth");
  if (all.listener == -1 || peers_learn(&all.peers, rundir.s, "auth") == -1) die_errno("unable to listen at rundir/auth/socket");
  forbid_cores();
  serve(&all);
  links_end_all(&all);
  remembered_free(all.remembered);
  settings_free(&settings);
  free(all.guesses);
  stralloc_free(&rundir);
  control_free(&c);
  return TOOL_OK;
}
