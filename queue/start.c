/* owl-start - starts runner, spawners, listener and TLS, each under its own user
 *
 * Root, unless the instance is a private one (then everything runs as one
 * user).  Reads no mail, no network and nothing that others may write; makes
 * the folders of the sockets.  A fault here is a fault of root's.
 *
 * owl-start(8) has the interface.
 */
#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/control.h"
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "lib/log.h"
#include "lib/pass.h"
#include "lib/unixsock.h"

enum { LOG_FD = 2, PAUSE_MAX_S = 60, SECOND_US = 1000000 };

static struct log start_log = {.fd = LOG_FD, .line = {0}};

static void say(const char *what, const char *why) {
  log_s(&start_log, "owl-start: ");
  log_s(&start_log, what);
  if (why) log_s(&start_log, ": ");
  if (why) log_s(&start_log, why);
  log_end(&start_log);
}

static _Noreturn void die(const char *what, const char *why) {
  say(what, why);
  exit(TOOL_SYSTEM);
}

static _Noreturn void die_errno(const char *what) { die(what, strerror(errno)); }
static void die_usage(void) {
  say("usage: owl-start [DEFAULTDELIVERY [LOGGER [ARGUMENT...]]]", NULL);
  exit(TOOL_USAGE);
}

/* ---- accounts */

struct account {
  uid_t uid;
  gid_t gid;
};

static bool is_private(void) { return geteuid() != 0; }

static struct account find_account(const char *name) {
  if (is_private()) return (struct account){geteuid(), getegid()};
  errno = 0;
  struct passwd *p = getpwnam(name);
  if (!p) die("there is no user", name);
  if (p->pw_uid == 0) die("this user must not be root", name);
  return (struct account){p->pw_uid, p->pw_gid};
}

/* false where there is no such user, which is no failure of the look-up. */
static bool has_account(const char *name) {
  errno = 0;
  if (is_private() || getpwnam(name)) return true;
  if (errno != 0 && errno != ENOENT && errno != ESRCH) die_errno("unable to look up a user");
  return false;
}

static gid_t find_group(const char *name) {
  if (is_private()) return getegid();
  struct group *g = getgrnam(name);
  if (!g) die("there is no group", name);
  return g->gr_gid;
}

/* ---- the folders of the sockets */

static void die_folder(const char *path) {
  int error = errno;
  if (is_private())
    say("a private instance has folders of its own",
        "OWLPOST_CONTROL names its control folder, with rundir and queuedir");
  errno = error;
  die_errno(path);
}

static void make_folder(const char *path, struct account owner, mode_t mode) {
  if (mkdir(path, 0700) == -1 && errno != EEXIST) die_folder(path);
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd == -1) die_folder(path);
  if (!is_private() && fchown(fd, owner.uid, owner.gid) == -1) die_folder(path);
  if (fchmod(fd, mode) == -1) die_folder(path);
  close(fd);
}

static void make_run_folder(const char *rundir, const char *name, struct account owner, mode_t mode) {
  stralloc path = {0};
  if (!stralloc_copys(&path, rundir) || !stralloc_cats(&path, "/") || !stralloc_cats(&path, name) ||
      !stralloc_0(&path))
    die("unable to start", "out of memory");
  make_folder(path.s, owner, mode);
  stralloc_free(&path);
}

static void make_run_folders(struct account send, struct account smtpd, struct account far, struct account tls,
                             struct account auth, struct account inject, const struct account *pop) {
  struct control c;
  stralloc rundir = {0};
  struct account root = {geteuid(), getegid()};
  if (control_open(&c) == -1 || control_text(&c, CONTROL_RUNDIR, &rundir) == -1)
    die("configuration", c.error.s);
  make_folder(rundir.s, root, 0755);
  make_run_folder(rundir.s, "rcpt", (struct account){root.uid, smtpd.gid}, is_private() ? 0700 : 0710);
  make_run_folder(rundir.s, "nexthop", (struct account){far.uid, smtpd.gid}, is_private() ? 0700 : 0710);
  make_run_folder(rundir.s, "control", send, 0700);
  /* these have two kinds of clients, and ask who they are */
  make_run_folder(rundir.s, "tls", tls, is_private() ? 0700 : 0711);
  make_run_folder(rundir.s, "auth", (struct account){auth.uid, smtpd.gid}, is_private() ? 0700 : 0711);
  if (pop) make_run_folder(rundir.s, "mailbox", (struct account){root.uid, pop->gid}, is_private() ? 0700 : 0710);
  make_run_folder(rundir.s, "inject", (struct account){inject.uid, smtpd.gid}, is_private() ? 0700 : 0710);
  make_run_folder(rundir.s, "etrn", (struct account){send.uid, smtpd.gid}, is_private() ? 0700 : 0710);
  stralloc_free(&rundir);
  control_free(&c);
}

/* ---- starting */

static void become(struct account a, const gid_t *groups, size_t count) {
  if (is_private()) return;
  if (setgroups(count, groups) == -1 || setgid(a.gid) == -1 || setuid(a.uid) == -1)
    die_errno("unable to become another user");
  if (setuid(0) == 0) die("unable to become another user", "still root");
}

static uint8_t pass_key[PASS_KEY_OCTETS];

static void make_key(void) {
  if (getrandom(pass_key, sizeof pass_key, 0) != sizeof pass_key) die_errno("unable to make a key");
}

/* The signals that a program hears from us; the spawners end by themselves with the runner. */
enum { HEARS_END = 1, HEARS_HUP = 2, HEARS_ALRM = 4, HEARS_USR2 = 8 };
enum {
  RUNNER_HEARS = HEARS_END | HEARS_HUP | HEARS_ALRM,
  SPAWNER_HEARS = HEARS_HUP,
  LISTENER_HEARS = HEARS_END | HEARS_HUP | HEARS_USR2,
  DAEMON_HEARS = HEARS_END | HEARS_HUP
};

struct program {
  const char *name;
  const char *argument; /* or NULL */
  int descriptors[2];   /* become 0 and 1; -1: /dev/null */
  unsigned hears;
  bool keep_root;
  bool gets_key;   /* of the passes (lib/pass.h) */
  bool ends_all;   /* where it ends, all the others are told to */
  bool comes_back; /* is started again where it fails */
  struct account account;
  gid_t group; /* one more */
  volatile pid_t pid; /* 0: it does not run */
  uint64_t began_us, due_us; /* boot clock; due: when to start again, or 0 */
  unsigned pause_s;
};

enum { PROGRAMS_MAX = 8 };

/* For the signal handlers, too. */
static struct program *programs[PROGRAMS_MAX];
static volatile sig_atomic_t program_count;

/* Above the numbers that are dealt out, so that no dup2() hits another one. */
static int lift(int fd) {
  int high = fcntl(fd, F_DUPFD_CLOEXEC, 10);
  if (high == -1) die_errno("unable to move a descriptor");
  return high;
}

static void place(const int descriptors[2]) {
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing == -1) die_errno("unable to open /dev/null");
  int first = lift(descriptors[0] >= 0 ? descriptors[0] : nothing);
  int second = lift(descriptors[1] >= 0 ? descriptors[1] : nothing);
  if (dup2(first, 0) == -1 || dup2(second, 1) == -1) die_errno("unable to move a descriptor");
}

static _Noreturn void become_program(const struct program *p, const char *path, pid_t parent, const sigset_t *unblocked) {
  program_count = 0; /* what its copy of our handler hears is for nobody */
  signal(SIGTERM, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  sigprocmask(SIG_SETMASK, unblocked, NULL);
  place(p->descriptors);
  if (!p->keep_root) become(p->account, &p->group, 1);
  /* whatever ends the starter ends them all */
  if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 || getppid() != parent) _exit(TOOL_SYSTEM);
  signal(SIGPIPE, SIG_DFL);
  if (p->gets_key && pass_give_key(pass_key) == -1) die_errno("unable to give the key of the passes");
  execl(path, p->name, p->argument, (char *)NULL);
  die_errno(path);
}

/* -1: there is no memory, or no process.  A signal to end that came before the child is rid of
 * our handler would be lost, and the child waited for without end: it comes later. */
static pid_t start(struct program *p) {
  stralloc path = {0};
  sigset_t all, unblocked;
  pid_t parent = getpid(), pid = -1;
  p->began_us = clock_boot_us(&clock_system);
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &unblocked);
  if (program_path(&path, p->name) == 0) pid = fork();
  else errno = ENOMEM;
  if (pid == 0) become_program(p, path.s, parent, &unblocked);
  int saved = errno;
  p->pid = pid > 0 ? pid : 0;
  sigprocmask(SIG_SETMASK, &unblocked, NULL);
  stralloc_free(&path);
  return errno = saved, pid;
}

static void add(struct program *p) {
  programs[program_count] = p;
  program_count++;
  if (start(p) == -1) die_errno("unable to start a program");
}

/* qmail-start's way: everything that is logged goes to a program's descriptor 0. */
static void start_logger(char **argv) {
  int ends[2];
  struct account a = find_account(LOG_USER);
  if (pipe2(ends, O_CLOEXEC) == -1) die_errno("unable to make a pipe");
  pid_t pid = fork();
  if (pid == -1) die_errno("unable to fork");
  if (pid == 0) {
    if (dup2(ends[0], 0) == -1) die_errno("unable to move a descriptor");
    become(a, &a.gid, 1);
    execvp(argv[0], argv);
    die_errno(argv[0]);
  }
  if (dup2(ends[1], LOG_FD) == -1) die_errno("unable to move a descriptor");
  close(ends[0]);
  close(ends[1]);
}

/* ---- watching */

static volatile sig_atomic_t is_ending;

static unsigned kind_of(int signal_number) {
  switch (signal_number) {
    case SIGHUP: return HEARS_HUP;
    case SIGALRM: return HEARS_ALRM;
    case SIGUSR2: return HEARS_USR2;
    default: return HEARS_END;
  }
}

static void pass_on(int signal_number) {
  int saved = errno;
  unsigned kind = kind_of(signal_number);
  if (kind == HEARS_END) is_ending = 1;
  for (int i = 0; i < program_count; i++)
    if (programs[i]->pid > 0 && programs[i]->hears & kind) kill(programs[i]->pid, signal_number);
  errno = saved;
}

static void catch_signals(void) {
  struct sigaction a = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
  sigaction(SIGTERM, &a, NULL);
  sigaction(SIGINT, &a, NULL);
  sigaction(SIGHUP, &a, NULL);
  sigaction(SIGALRM, &a, NULL);
  sigaction(SIGUSR2, &a, NULL);
}

static int exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : TOOL_SYSTEM; }

/* A growing pause, which is forgotten when it has run for a while: it may fail at once, each time. */
static void rest(struct program *p) {
  uint64_t now = clock_boot_us(&clock_system), ran_s = (now - p->began_us) / SECOND_US;
  if (!p->comes_back || is_ending) return;
  p->pause_s = ran_s > PAUSE_MAX_S || p->pause_s == 0 ? 1 : 2 * p->pause_s;
  if (p->pause_s > PAUSE_MAX_S) p->pause_s = PAUSE_MAX_S;
  p->due_us = now + p->pause_s * (uint64_t)SECOND_US;
}

static void say_again(const char *name, const char *why) {
  log_s(&start_log, "owl-start: unable to start ");
  log_s(&start_log, name);
  log_s(&start_log, " again: ");
  log_s(&start_log, why);
  log_end(&start_log);
}

/* A machine without memory or processes for it just now loses nothing else by that.
 * The signal to end may have come before the new one was known. */
static bool start_again(struct program *p) {
  pid_t pid = start(p);
  if (pid == -1) {
    int saved = errno;
    rest(p);
    say_again(p->name, strerror(saved));
    return false;
  }
  p->due_us = 0;
  if (is_ending) kill(pid, SIGTERM);
  return true;
}

/* How many rest.  In the end nobody comes back. */
static size_t start_due(void) {
  size_t resting = 0;
  for (int i = 0; i < program_count; i++) {
    struct program *p = programs[i];
    if (is_ending) p->due_us = 0;
    if (p->due_us == 0) continue;
    if (p->due_us > clock_boot_us(&clock_system) || !start_again(p)) resting++;
  }
  return resting;
}

/* The spawners end when the runner does: their sockets close.  Where a spawner
 * ends first the runner sees that and ends.  Without TLS, who checks passwords, who
 * shows mailboxes, or ready injectors, mail goes on as far as it may. */
static void note_end(struct program *p, int status) {
  p->pid = 0;
  if (p->ends_all) pass_on(SIGTERM);
  if (status != 0) say(p->name, "ended with an error");
  else if (p->comes_back && !is_ending) say(p->name, "ended; it is back when owl-start is started again");
  if (status != 0) rest(p);
}

static bool any_runs(void) {
  for (int i = 0; i < program_count; i++)
    if (programs[i]->pid > 0) return true;
  return false;
}

/* The runner's exit code. */
static int wait_for_all(const struct program *runner) {
  int code = TOOL_SYSTEM, status;
  for (;;) {
    size_t resting = start_due();
    if (!resting && !any_runs()) return code;
    pid_t pid = waitpid(-1, &status, resting ? WNOHANG : 0);
    if (pid == -1 && (errno == EINTR || resting)) pid = 0;
    if (pid == -1) return code;
    if (pid == 0 && resting) sleep(1);
    for (int i = 0; pid && i < program_count; i++) {
      if (programs[i]->pid != pid) continue;
      if (programs[i] == runner) code = exit_code(status);
      note_end(programs[i], status);
    }
  }
}

/* Whether the control file has an address. */
static bool wants_listener(enum control_name addresses) {
  struct control c;
  struct list l = {0};
  if (control_open(&c) == -1 || control_list(&c, addresses, &l) == -1) die("configuration", c.error.s);
  bool wanted = l.count > 0;
  list_free(&l);
  control_free(&c);
  return wanted;
}

static bool wants_popup(const struct account *pop) {
  bool wanted = wants_listener(CONTROL_POP3LISTEN);
  if (!wanted || pop) return wanted;
  say("no POP3, since there is no user " POP_USER, "add it, or take pop3listen away");
  return false;
}

/* A host that had owlpost before there was this program lacks the user: its mail goes on
 * as it did. */
static bool wants(enum control_name number, const char *user, const char *without, const char *remedy) {
  struct control c;
  uint64_t wanted = 0;
  if (control_open(&c) == -1 || control_number(&c, number, &wanted) == -1) die("configuration", c.error.s);
  control_free(&c);
  if (wanted == 0 || has_account(user)) return wanted > 0;
  say(without, remedy);
  return false;
}

static bool wants_tls(void) {
  return wants(CONTROL_TLSDAEMON, TLS_USER, "no TLS, and mail that must have it waits, since there is no user " TLS_USER,
               "add it, or write 0 to tlsdaemon");
}

/* Where there are none the doorkeeper starts one for each message. */
static bool wants_injectors(void) {
  return wants(CONTROL_INJECTORS, INJECT_USER, "no injectors are kept ready, since there is no user " INJECT_USER,
               "add it, or write 0 to injectors");
}

/* Who may ask for TLS. */
static void name_callers(char *list, size_t size, struct account smtpd, struct account far, const struct account *pop) {
  int used = snprintf(list, size, "%lu,%lu", (unsigned long)smtpd.uid, (unsigned long)far.uid);
  if (pop) snprintf(list + used, size - (size_t)used, ",%lu", (unsigned long)pop->uid);
}

/* Who may ask owl-authd, beside the receiver. */
static void name_askers(char *list, size_t size, const struct account *pop) {
  list[0] = 0;
  if (pop) snprintf(list, size, "%lu", (unsigned long)pop->uid);
}

/* Who owl-authd is; root where the site's check program needs it.  false: there is to be none. */
static bool wants_auth(struct account *a, bool *keep_root) {
  struct control c;
  stralloc backend = {0};
  uint64_t root = 0;
  if (control_open(&c) == -1 || control_text(&c, CONTROL_AUTHBACKEND, &backend) == -1 ||
      control_number(&c, CONTROL_AUTHROOT, &root) == -1)
    die("configuration", c.error.s);
  bool wanted = backend.len > 0;
  *keep_root = root > 0;
  *a = (struct account){geteuid(), getegid()};
  if (wanted && !root) *a = find_account(AUTH_USER);
  stralloc_free(&backend);
  control_free(&c);
  return wanted;
}

int main(int argc, char **argv) {
  int local[2], remote[2];
  if (argc > 1 && argv[1][0] == '-') die_usage();
  if (argc > 2) start_logger(argv + 2);
  if (is_private()) say("not root: a private instance, everything runs as one user", NULL);
  struct account send = find_account(SEND_USER), far = find_account(REMOTE_USER);
  struct account smtpd_user = find_account(SMTPD_USER);
  bool has_tls = wants_tls();
  make_key();
  struct account tls = has_tls ? find_account(TLS_USER) : send;
  struct account auth;
  bool auth_root, has_auth = wants_auth(&auth, &auth_root);
  bool has_injectors = wants_injectors();
  struct account inject = has_injectors ? find_account(INJECT_USER) : send;
  /* a host that had owlpost before it served mailboxes lacks the user */
  bool has_pop = has_account(POP_USER);
  struct account pop_user = has_pop ? find_account(POP_USER) : send;
  const struct account *pop = has_pop ? &pop_user : NULL;
  make_run_folders(send, smtpd_user, far, tls, auth, inject, pop);
  if (unixsock_pair(local) == -1 || unixsock_pair(remote) == -1) die_errno("unable to make sockets");

  struct program runner = {.name = "owl-send", .descriptors = {local[0], remote[0]}, .hears = RUNNER_HEARS,
                           .ends_all = true, .account = send, .group = find_group(QUEUE_GROUP)};
  struct program lspawn = {.name = "owl-lspawn", .argument = argc > 1 ? argv[1] : NULL, .hears = SPAWNER_HEARS,
                           .descriptors = {local[1], -1}, .keep_root = true, .gets_key = true};
  struct program rspawn = {.name = "owl-rspawn", .descriptors = {remote[1], -1}, .hears = SPAWNER_HEARS,
                           .account = far, .group = far.gid};
  /* binds its addresses as root, and drops root itself */
  struct program smtpd = {.name = "owl-smtpd", .argument = "--listen", .descriptors = {-1, -1},
                          .hears = LISTENER_HEARS, .ends_all = true, .keep_root = true};
  struct program popup = {.name = "owl-popup", .argument = "--listen", .descriptors = {-1, -1},
                          .hears = LISTENER_HEARS, .comes_back = true, .keep_root = true};
  char callers[96], askers[64];
  name_callers(callers, sizeof callers, smtpd_user, far, pop);
  name_askers(askers, sizeof askers, pop);
  struct program tlsd = {.name = "owl-tlsd", .argument = callers, .descriptors = {-1, -1}, .hears = DAEMON_HEARS,
                         .comes_back = true, .account = tls, .group = tls.gid};
  struct program authd = {.name = "owl-authd", .argument = askers[0] ? askers : NULL, .descriptors = {-1, -1},
                          .hears = DAEMON_HEARS, .comes_back = true, .keep_root = auth_root, .account = auth,
                          .group = auth.gid, .gets_key = true};
  struct program queued = {.name = "owl-queued", .descriptors = {-1, -1}, .hears = DAEMON_HEARS, .comes_back = true,
                           .account = inject, .group = find_group(QUEUE_GROUP)};
  /* also: whether the configuration can be read, before anybody runs */
  bool listens = wants_listener(CONTROL_SMTPLISTEN), shows_mailboxes = wants_popup(pop);
  catch_signals();
  add(&lspawn);
  add(&rspawn);
  add(&runner);
  for (int end = 0; end < 2; end++) {
    close(local[end]);
    close(remote[end]);
  }
  if (has_tls) add(&tlsd);
  if (has_auth) add(&authd);
  if (has_injectors) add(&queued);
  if (listens) add(&smtpd);
  if (shows_mailboxes) add(&popup);
  if (is_ending) pass_on(SIGTERM); /* who began behind the signal has not heard of it */
  return wait_for_all(&runner);
}
