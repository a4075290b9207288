#include "config.h"
#include "listen/listener.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/client.h"
#include "lib/exitcode.h"
#include "lib/hugetext.h"
#include "lib/stack.h"
#include "listen/account.h"
#include "listen/addresses.h"
#include "listen/birth.h"
#include "listen/limits.h"
#include "listen/report.h"
#include "listen/service.h"
#include "listen/sockets.h"
#include "listen/upgrade.h"

enum { PAUSE_MS = 1000, ACCEPTS_PER_TURN = 16 };

static struct limits limits;
static struct sockets sockets;
static struct sessions sessions;
static struct strain *strain;
static volatile sig_atomic_t ends, wants_files, wants_upgrade;

static void on_signal(int number) {
  if (number == SIGTERM || number == SIGINT) ends = ends + 1;
  if (number == SIGHUP) wants_files = 1;
  if (number == SIGUSR2) wants_upgrade = 1;
}

/* They come during ppoll() only. */
static void catch_signals(void) {
  static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR2, SIGCHLD};
  struct sigaction a = {.sa_handler = on_signal};
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1); /* a session's */
  for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    sigaddset(&blocked, numbers[i]);
    sigaction(numbers[i], &a, NULL);
  }
  sigprocmask(SIG_SETMASK, &blocked, NULL);
}

/* All of them, or those that were read before stay. */
static int read_files(void) {
  struct control c;
  struct limits read;
  int r = -1;
  if (control_open(&c) == 0 && limits_load(&read, &c) == 0 && listen_service.load(&c) == 0) {
    limits = read;
    r = 0;
  } else
    report(text_of(c.error.s ? c.error.s : "out of memory"));
  control_free(&c);
  return r;
}

int listener_check(void) { return read_files() == 0 && addresses_check() == 0 ? TOOL_OK : TOOL_SYSTEM; }

/* Never waits: a client that does not take it goes without, as one that speaks
 * TLS. */
static void refuse(int fd, unsigned words, const struct ip *client, const char *why) {
  report_client("refused: ", why, client);
  if (!(words & ENDPOINT_TLS)) (void)!send(fd, listen_service.sorry, strlen(listen_service.sorry), MSG_DONTWAIT | MSG_NOSIGNAL);
  shutdown(fd, SHUT_WR);
}

/* In a doorkeeper. */
static bool move(void *row, const struct ip *address) {
  struct sessions_row *mine = row;
  mine->client = limits_client(&limits, address);
  /* who is counted first may stay: two that come at once may both have to go */
  return !listen_service.is_counted(address) || !limits_exceeds(&limits, &sessions, &mine->client);
}

static int begin_session(int fd, unsigned words, struct sessions_row *row) {
  struct place place = {.strain = strain, .begins_with_tls = words & ENDPOINT_TLS,
                        .is_submission = words & ENDPOINT_SUBMISSION, .move = move, .context = row};
  pid_t pid = birth(&(struct birth){fd, strain, &sessions, &place});
  if (pid == -1) return sessions_drop(&sessions, row), -1;
  row->pid = pid;
  return 0;
}

/* NULL, or why the client is sent away. */
static const char *admit(int fd, unsigned words, const struct ip *address) {
  struct ip client = limits_client(&limits, address);
  const char *why = limits_refuse(&limits, &sessions, listen_service.is_counted(address) ? &client : NULL);
  struct sessions_row *row = why ? NULL : sessions_add(&sessions, &client);
  if (row && begin_session(fd, words, row) == -1) return strerror(errno);
  return row ? NULL : why ? why : "too many sessions";
}

static void take(int fd, unsigned words, const struct sockaddr_storage *a) {
  struct ip address;
  if (!ip_from_sockaddr(&address, (const struct sockaddr *)a)) return;
  const char *why = admit(fd, words, &address);
  if (why) refuse(fd, words, &address, why);
}

/* 0; -1: there are no more, or none can be taken now. */
static int accept_one(int socket, unsigned words) {
  struct sockaddr_storage a;
  socklen_t len = sizeof a;
  int fd = accept4(socket, (struct sockaddr *)&a, &len, SOCK_CLOEXEC);
  if (fd == -1) return errno == ECONNABORTED || errno == EINTR ? 0 : -1;
  take(fd, words, &a);
  close(fd);
  return 0;
}

static void accept_some(int socket, unsigned words) {
  for (unsigned i = 0; i < ACCEPTS_PER_TURN; i++)
    if (accept_one(socket, words) == -1) {
      if (errno == EAGAIN) return;
      report_errno("unable to accept a connection");
      (void)poll(NULL, 0, PAUSE_MS); /* it stays in the backlog */
      return;
    }
}

static void bury(void) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) sessions_end(&sessions, pid);
}

static void reread(void) {
  wants_files = 0;
  report(text_of(read_files() == 0 ? "control files read anew"
                                   : "control files are wrong: those read before stay in force"));
}

static void drain(void) {
  if (sockets.count) report(text_of("no more connections; the sessions end"));
  sockets_close(&sockets);
  sessions_signal(&sessions, ends == 1 ? SIGUSR1 : SIGTERM);
}

/* The sessions keep their page, which nobody will write any more. */
static void execute_anew(char **again) {
  strain_set(strain, 0, limits.sessions);
  upgrade(again, &sockets, &sessions);
}

static void obey(char **again) {
  static int seen;
  if (ends != seen) {
    seen = ends;
    drain();
  }
  if (wants_files) reread();
  if (wants_upgrade && !ends) execute_anew(again);
  wants_upgrade = 0;
}

static void turn(void) {
  struct pollfd p[SOCKETS_MAX];
  sigset_t none;
  sigemptyset(&none);
  for (size_t i = 0; i < sockets.count; i++) p[i] = (struct pollfd){.fd = sockets.fds[i], .events = POLLIN};
  if (ppoll(p, sockets.count, NULL, &none) <= 0) return;
  for (size_t i = 0; i < sockets.count; i++)
    if (p[i].revents) accept_some(p[i].fd, sockets.words[i]);
}

static int begin(char **addresses) {
  client_forget_environment(); /* for all of its children */
  strain = strain_share();
  if (!strain) return report_errno("unable to share memory"), -1;
  if (sessions_open(&sessions) == -1) return report_errno("unable to share memory"), -1;
  if (read_files() == -1 || upgrade_restore(&sessions) == -1) return -1;
  int inherited = sockets_inherit(&sockets);
  if (inherited == -1) return report_errno("unable to use the sockets of LISTEN_FDS"), -1;
  if (!inherited && addresses_bind(&sockets, addresses) == -1) return -1;
  return account_drop_root();
}

struct command_line {
  char **addresses, **again;
};

static int run(const void *command_line) {
  const struct command_line *c = command_line;
  hugetext_settle();
  catch_signals();
  if (begin(c->addresses) == -1) return TOOL_SYSTEM;
  report(text_of("listening"));
  for (;;) {
    bury();
    strain_set(strain, sessions.count, limits.sessions);
    if (ends && sessions.count == 0) break;
    turn();
    obey(c->again);
  }
  report(text_of("ended"));
  return TOOL_OK;
}

/* A session's frames follow ours: with luck they would lie in one page, without in
 * two, for each of its processes. */
int listener_run(char **addresses, char **again) {
  return stack_on_new_page(run, &(struct command_line){addresses, again});
}
