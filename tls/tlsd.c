/* owl-tlsd - TLS for those who must not hold a key, or OpenSSL
 *
 * Four kinds of processes, all of one user who is nobody else:
 *   master    this file.  Makes generations: a signer and a zygote, from one state of
 *             the control files; makes ticket keys.  Reads no network, loads no OpenSSL
 *   signer    holds the private keys, and signs what children ask (signer.h)
 *   zygote    accepts callers, forks children (zygote.h)
 *   children  a handshake and its session each (child.h); read the network
 * A fault in a child costs its session, a fault in the zygote those that come, a
 * fault in the signer the keys.
 *
 * owl-tlsd(8) has the interface, owlpost-tls(7) the protocol.
 */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "lib/hugetext.h"
#include "lib/iowait.h"
#include "lib/sandbox.h"
#include "lib/unixsock.h"
#include "tls/say.h"
#include "tls/signer.h"
#include "tls/zygote.h"

enum { READY_LIMIT_MS = 60000, RESTART_PAUSE_MS = 1000, RESTART_PAUSE_MOST_MS = 60000 };

static void die(const char *why) {
  say("%s", why);
  exit(TOOL_SYSTEM);
}

static void die_errno(const char *what) {
  say("%s: %s", what, strerror(errno));
  exit(TOOL_SYSTEM);
}

static void die_usage(void) {
  say("usage: owl-tlsd [UID[,UID...]]");
  exit(TOOL_USAGE);
}

/* One state of the control files at work. */
struct generation {
  pid_t signer, zygote;
  int control; /* the zygote's; -1: there is none */
};

static struct settings settings, fresh_settings;
static struct zygote zygote;
static struct generation current = {0, 0, -1};
static volatile sig_atomic_t hangup, termination;

/* ---- generations */

static void restore_signals(void) {
  sigset_t none;
  sigemptyset(&none);
  signal(SIGHUP, SIG_IGN); /* the master's alone */
  signal(SIGTERM, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  signal(SIGCHLD, SIG_DFL);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static pid_t fork_child(void) {
  pid_t pid = fork();
  if (pid == -1) say("unable to fork: %s", strerror(errno));
  if (pid == 0) restore_signals();
  if (pid == 0 && current.control >= 0) close(current.control);
  return pid;
}

static pid_t start_signer(const struct settings *s, int own, int other, bool strict) {
  pid_t pid = fork_child();
  if (pid) return pid;
  close(other);
  close(zygote.listener);
  _exit(signer_run(s, own, strict));
}

static pid_t start_zygote(const struct settings *s, int signer, int other, int master) {
  pid_t pid = fork_child();
  if (pid) return pid;
  close(other);
  zygote.settings = s;
  zygote.signer = signer;
  zygote.master = master;
  _exit(zygote_run(&zygote));
}

/* Who offers TLS to clients looks whether this is there. */
static void mark(bool serves) {
  static char path[SETTINGS_PATH + 32];
  snprintf(path, sizeof path, "%s/tls/certificate", settings.rundir);
  if (!serves) {
    (void)unlink(path);
    return;
  }
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd == -1) say("unable to make %s: %s", path, strerror(errno));
  else close(fd);
}

static void unmark(void) {
  static char path[SETTINGS_PATH + 32];
  mark(false);
  snprintf(path, sizeof path, "%s/tls/socket", settings.rundir);
  (void)unlink(path);
}

static bool make_pairs(int signing[2], int control[2]) {
  if (unixsock_pair(signing) == 0) {
    if (unixsock_pair(control) == 0) return true;
    close(signing[0]);
    close(signing[1]);
  }
  say("unable to make sockets: %s", strerror(errno));
  return false;
}

/* false: it did not get ready, and has said why.  What has begun of it sees its sockets
 * close, and ends. */
static bool start_generation(struct generation *g, const struct settings *s, bool strict) {
  int signing[2], control[2];
  char octet;
  if (!make_pairs(signing, control)) return false;
  g->signer = start_signer(s, signing[1], signing[0], strict);
  close(signing[1]);
  g->zygote = g->signer == -1 ? -1 : start_zygote(s, signing[0], control[0], control[1]);
  close(signing[0]);
  close(control[1]);
  g->control = control[0];
  if (g->zygote != -1 && io_read(g->control, &octet, 1, READY_LIMIT_MS) == 1) {
    mark(octet == ZYGOTE_SERVES);
    return true;
  }
  close(g->control);
  g->control = -1;
  return false;
}

/* Its children go on, and so does its signer until they need it no more. */
static void end_generation(struct generation *g) {
  if (g->control >= 0) close(g->control);
  *g = (struct generation){0, 0, -1};
}

static void reload(void) {
  static char error[SETTINGS_ERROR];
  struct generation next;
  if (settings_read(&fresh_settings, error) == -1) {
    say("%s; nothing is changed", error);
    return;
  }
  if (!start_generation(&next, &fresh_settings, true)) {
    say("nothing is changed");
    return;
  }
  end_generation(&current);
  current = next;
  settings = fresh_settings;
  say("read the control files anew: %u certificate%s", settings.count, settings.count == 1 ? "" : "s");
}

/* ---- the loop */

static void on_signal(int number) {
  if (number == SIGHUP) hangup = 1;
  if (number == SIGTERM || number == SIGINT) termination = 1;
}

static void catch_signals(void) {
  struct sigaction a = {.sa_handler = on_signal};
  sigset_t ours;
  sigemptyset(&ours);
  int numbers[] = {SIGHUP, SIGTERM, SIGINT, SIGCHLD};
  for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    sigaddset(&ours, numbers[i]);
    sigaction(numbers[i], &a, NULL);
  }
  sigprocmask(SIG_BLOCK, &ours, NULL);
}

static void rest(int pause_ms) {
  sigset_t none;
  int left_ms;
  sigemptyset(&none);
  for (uint64_t until = io_deadline(pause_ms); !termination && !hangup && (left_ms = io_remaining_ms(until)) > 0;) {
    struct timespec t = {left_ms / 1000, left_ms % 1000 * 1000000L};
    ppoll(NULL, 0, &t, &none);
    while (waitpid(-1, NULL, WNOHANG) > 0) continue; /* of what did not get ready */
  }
}

/* What stands in the way, no memory or no process, may pass; or the operator sees to it. */
static void start_again(void) {
  end_generation(&current);
  mark(false);
  for (int pause_ms = RESTART_PAUSE_MS; current.control < 0 && !termination; pause_ms *= 2) {
    if (pause_ms > RESTART_PAUSE_MOST_MS) pause_ms = RESTART_PAUSE_MOST_MS;
    rest(pause_ms);
    if (hangup) hangup = 0, reload();
    else if (!termination) (void)start_generation(&current, &settings, false);
  }
}

static void reap(void) {
  bool lost = false;
  for (pid_t pid; (pid = waitpid(-1, NULL, WNOHANG)) > 0;) {
    if (current.control < 0 || (pid != current.zygote && pid != current.signer)) continue;
    say("the %s ended", pid == current.zygote ? "zygote" : "signer");
    lost = true;
  }
  if (lost && !termination) start_again();
}

static void rotate(void) {
  if (!tickets_rotate(&zygote.tickets)) die("no random numbers");
  if (current.control < 0) return;
  if (io_write_all(current.control, &zygote.tickets, sizeof zygote.tickets, READY_LIMIT_MS) == -1)
    say("the zygote does not listen: %s", strerror(errno));
}

static void run(void) {
  sigset_t none;
  sigemptyset(&none);
  uint64_t rotation = io_deadline(io_limit_ms(settings.ticket_s));
  while (!termination) {
    int left_ms = settings.ticket_s ? io_remaining_ms(rotation) : IO_FOREVER;
    struct timespec t = {left_ms / 1000, left_ms % 1000 * 1000000L};
    int n = ppoll(NULL, 0, left_ms == IO_FOREVER ? NULL : &t, &none);
    reap();
    if (hangup) hangup = 0, reload();
    if (n != 0) continue;
    rotate();
    rotation = io_deadline(io_limit_ms(settings.ticket_s));
  }
}

static void take_callers(const char *list) {
  while (*list) {
    char *end;
    unsigned long uid = strtoul(list, &end, 10);
    if (end == list || (*end && *end != ',') || zygote.callers_count == ZYGOTE_CALLERS) die_usage();
    zygote.callers[zygote.callers_count++] = (uid_t)uid;
    list = *end ? end + 1 : end;
  }
}

int main(int argc, char **argv) {
  static char error[SETTINGS_ERROR];
  if (argc > 2 || (argc == 2 && argv[1][0] == '-')) die_usage();
  if (argc == 2) take_callers(argv[1]);
  if (geteuid() == 0) die("must not run as root; owl-start starts it as its own user");
  if (sandbox_forbid_cores() == -1) die_errno("unable to forbid core files");
  if (settings_read(&settings, error) == -1) die(error);
  zygote.listener = unixsock_listen_in(settings.rundir, "tls");
  if (zygote.listener == -1) die_errno("unable to listen at the socket");
  hugetext_settle();
  catch_signals();
  rotate();
  rotate();
  if (!start_generation(&current, &settings, false)) die("unable to start");
  run();
  unmark();
  end_generation(&current);
  return 0;
}
