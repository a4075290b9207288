/* owl-queued - injectors that are ready
 *
 * A user of its own, in the group of the queue: may create files in todo/, and
 * nothing else.  Takes messages from the doorkeeper's user, at a socket in a
 * folder that only its group may enter, by the same steps as owl-queue.  Reads
 * no octet of the network but as a message's content.  A fault here could show
 * or spoil messages that are on their way in, or make ones that nobody sent.
 *
 * owl-queued(8) has the interface.
 */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/unixsock.h"
#include "queue/queued/pool.h"
#include "queue/injection.h"

enum { WORKERS_MAX = 64, FILES = 3 * POOL_GUESTS_MAX + 64, RAN_US = 1000000 };

struct worker {
  pid_t pid; /* 0: none */
  uint64_t began_us;
};

static struct log messages = {.fd = 2, .line = {0}};
static volatile sig_atomic_t is_ending;
static sigset_t quiet, before; /* signals that are waited for; and the mask without them */
static struct worker workers[WORKERS_MAX];

static void die(const char *what, struct text why) {
  log_say(&messages, "owl-queued", what, why);
  exit(TOOL_SYSTEM);
}

static void die_errno(const char *what) {
  log_say_errno(&messages, "owl-queued", what, TEXT_ABSENT);
  exit(TOOL_SYSTEM);
}

static void die_configuration(const struct control *c) {
  die("configuration: ", text_of(c->error.s ? c->error.s : "out of memory"));
}

static void die_usage(void) {
  log_say(&messages, "owl-queued", "usage: owl-queued", TEXT_ABSENT);
  exit(TOOL_USAGE);
}

static void note_end(int signal_number) {
  (void)signal_number;
  is_ending = 1;
}

static void ignore(int signal_number) { (void)signal_number; }

/* Blocked but while we wait, so that none is missed. */
static void catch_signals(void) {
  struct sigaction end = {.sa_handler = note_end}, child = {.sa_handler = ignore};
  sigemptyset(&quiet);
  sigaddset(&quiet, SIGTERM);
  sigaddset(&quiet, SIGINT);
  sigaddset(&quiet, SIGCHLD);
  sigaction(SIGTERM, &end, NULL);
  sigaction(SIGINT, &end, NULL);
  sigaction(SIGCHLD, &child, NULL);
  signal(SIGHUP, SIG_IGN); /* control files are read for each message */
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  sigprocmask(SIG_BLOCK, &quiet, &before);
  sigdelset(&before, SIGTERM);
  sigdelset(&before, SIGINT);
  sigdelset(&before, SIGCHLD);
}

static void raise_file_limit(void) {
  struct rlimit l;
  if (getrlimit(RLIMIT_NOFILE, &l) == -1 || l.rlim_cur >= FILES) return;
  l.rlim_cur = l.rlim_max < FILES ? l.rlim_max : FILES;
  (void)setrlimit(RLIMIT_NOFILE, &l);
}

static void open_queue(struct control *c, int *fd) {
  int code = injection_open_queue(c, fd);
  if (code == INJECTOR_CONFIGURATION) die_configuration(c);
  if (code != INJECTOR_OK) die_errno("unable to open the queue's folder");
}

static uid_t find_doorkeeper(int queue_fd) {
  struct stat st;
  if (fstatat(queue_fd, "door", &st, AT_SYMLINK_NOFOLLOW) == -1) die_errno("unable to find who the doorkeeper is");
  return st.st_uid;
}

static _Noreturn void work(struct pool p, pid_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 || getppid() != parent) _exit(TOOL_SYSTEM);
  if (pool_run(&p) == -1) die_errno("unable to wait for messages");
  exit(TOOL_OK);
}

static void start(struct worker *w, const struct pool *p) {
  pid_t parent = getpid(), pid = fork();
  if (pid == -1) die_errno("unable to fork");
  if (pid == 0) work(*p, parent);
  *w = (struct worker){pid, clock_boot_us(&clock_system)};
}

/* One that fails at once would do so again: who started us makes the pause. */
static void note_child(pid_t pid, const struct pool *p) {
  for (size_t i = 0; i < WORKERS_MAX; i++) {
    struct worker *w = &workers[i];
    if (w->pid != pid) continue;
    w->pid = 0;
    if (is_ending) return;
    log_say(&messages, "owl-queued", "an injector ended with an error", TEXT_ABSENT);
    if (clock_boot_us(&clock_system) - w->began_us < RAN_US) exit(TOOL_SYSTEM);
    start(w, p);
  }
}

static void start_all(uint64_t count, const struct pool *p) {
  if (count > WORKERS_MAX)
    log_say(&messages, "owl-queued", "the control file injectors says more than 64, which is the most: 64 are started", TEXT_ABSENT);
  for (size_t i = 0; i < count && i < WORKERS_MAX; i++) start(&workers[i], p);
}

static void wait_for_end(const struct pool *p) {
  while (!is_ending) {
    pid_t pid;
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) note_child(pid, p);
    if (!is_ending) sigsuspend(&before);
  }
}

/* From now on nobody can come whom they do not see. */
static void end_workers(const char *path) {
  (void)unlink(path);
  for (size_t i = 0; i < WORKERS_MAX; i++)
    if (workers[i].pid) kill(workers[i].pid, SIGTERM);
  sigprocmask(SIG_UNBLOCK, &quiet, NULL);
  while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) continue;
}

static void cat_socket_path(stralloc *path) {
  if (!stralloc_cats(path, "/inject/socket") || !stralloc_0(path)) die("out of memory", TEXT_ABSENT);
}

int main(int argc, char **argv) {
  struct control c;
  stralloc rundir = {0};
  uint64_t count = 0;
  (void)argv;
  if (argc > 1) die_usage();
  if (control_open(&c) == -1 || control_text(&c, CONTROL_RUNDIR, &rundir) == -1 ||
      control_number(&c, CONTROL_INJECTORS, &count) == -1)
    die_configuration(&c);
  if (count == 0) return stralloc_free(&rundir), control_free(&c), TOOL_OK;
  struct pool p = {.is_ending = &is_ending, .mask_while_waiting = &before};
  open_queue(&c, &p.queue_fd);
  control_free(&c);
  p.doorkeeper = find_doorkeeper(p.queue_fd);
  catch_signals();
  raise_file_limit();
  if ((p.listener = unixsock_listen_in(rundir.s, "inject")) == -1) die_errno("unable to listen at RUNDIR/inject/socket");
  umask(0);
  start_all(count, &p);
  wait_for_end(&p);
  cat_socket_path(&rundir);
  end_workers(rundir.s);
  stralloc_free(&rundir);
  stralloc_free(&messages.line);
  return TOOL_OK;
}
