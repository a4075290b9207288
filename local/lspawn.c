/* owl-lspawn - find the user of an address, become him, run owl-local
 * (owl-lspawn(8))
 *
 * Runs as root, as it must become users.  It never reads mail and nothing that
 * comes from the network but addresses: of the runner, which is not root, and
 * in a process of its own of the SMTP receiver.  Both are checked frame by
 * frame.  Whoever can make it choose another user reads and writes that user's
 * mail and files; uid 0 is never chosen.  Keep it small.
 */
#include "config.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/agent.h"
#include "lib/exitcode.h"
#include "lib/log.h"
#include "lib/pass.h"
#include "lib/route.h"
#include "lib/sandbox.h"
#include "local/attendant.h"
#include "local/rcpt.h"
#include "local/sessions.h"
#include "local/signals.h"
#include "local/worker.h"

enum { RUNNER = 0 };

static struct log logger = {2, {0}};
static struct control control;
static struct settings settings;
static const char *default_delivery; /* given as an argument */
static stralloc program;
static struct frame_reader in = {.protocol = &agent_protocol};

static uint8_t key[PASS_KEY_OCTETS]; /* without one no mailbox is opened for anybody */

static void run_rcpt(void);
static void run_sessions(void);

enum { RCPT, SESSIONS, ATTENDANTS };

static struct attendant attendants[ATTENDANTS] = {[RCPT] = {.run = run_rcpt}};

static void say(const char *text, const char *object) { log_say(&logger, "owl-lspawn", text, text_of(object)); }

static _Noreturn void die_usage(void) {
  say("usage: owl-lspawn [DEFAULTDELIVERY] | --explain ADDRESS [DEFAULTDELIVERY]", "");
  _exit(TOOL_USAGE);
}
static _Noreturn void die_control(void) {
  say("", control.error.s ? control.error.s : "out of memory");
  _exit(TOOL_SYSTEM);
}
static _Noreturn void die_memory(void) {
  say("out of memory", "");
  _exit(TOOL_SYSTEM);
}
static _Noreturn void die_system(const char *text) {
  say(text, strerror(errno));
  _exit(TOOL_SYSTEM);
}
static _Noreturn void die_malformed(void) {
  say("malformed frame from the runner", "");
  _exit(TOOL_SYSTEM);
}

static void run_rcpt(void) {
  explicit_bzero(key, sizeof key);
  rcpt_run(&control, &settings, &logger);
  say("unable to answer questions about recipients: ", strerror(errno));
}

static void run_sessions(void) {
  sessions_run(&control, &settings, &logger, key);
  say("unable to open mailboxes: ", strerror(errno));
}

static void start_attendants(int signals) {
  for (size_t i = 0; i < ATTENDANTS; i++)
    if (attendant_due_ms(&attendants[i]) == 0 && attendant_start(&attendants[i], signals) == -1)
      say("unable to fork: ", strerror(errno));
}

static bool was_attendant(pid_t pid) {
  for (size_t i = 0; i < ATTENDANTS; i++)
    if (attendant_note_end(&attendants[i], pid)) return true;
  return false;
}

/* A worker cannot log: its user would hold the log. */
static void say_failed(int code) {
  log_s(&logger, "owl-lspawn: a worker failed: exit code ");
  log_u(&logger, (uint64_t)code);
  log_end(&logger);
}

static void reap(void) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    bool is_attendant = was_attendant(pid);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
      say("a look-up of a user took longer than timeoutlookup", "");
    else if (WIFSIGNALED(status))
      say(is_attendant ? "a process that is kept died, and is started again: " : "a worker died: ", strsignal(WTERMSIG(status)));
    else if (WIFEXITED(status) && WEXITSTATUS(status) && !is_attendant) /* that one has said why */
      say_failed(WEXITSTATUS(status));
  }
}

static void reload(void) {
  if (settings_load(&settings, &control, default_delivery) == -1)
    say("control files kept as they were: ", control.error.s);
  for (size_t i = 0; i < ATTENDANTS; i++)
    if (attendants[i].pid) kill(attendants[i].pid, SIGHUP);
}

static void start_worker(const struct frame *f) {
  struct agent_worker w;
  if (f->type != AGENT_WORKER || f->fd == -1) die_malformed();
  if (agent_read_worker(&w, f->payload) == -1 || w.channel != CHANNEL_LOCAL) die_malformed();
  struct worker_order order = {program.s, w.address, f->fd};
  if (worker_start(&order, &settings) == -1) say("unable to fork: ", strerror(errno));
  close(f->fd);
}

/* false: the runner has gone */
static bool take_frames(void) {
  struct frame f;
  for (;;) switch (frame_poll(&in, RUNNER, &f)) {
    case FRAME_READY: start_worker(&f); break;
    case FRAME_AGAIN: return true;
    case FRAME_EOF: return false;
    case FRAME_MALFORMED: die_malformed();
    case FRAME_ERROR: die_system("unable to read from the runner: ");
    }
}

static int until_restart_ms(void) {
  int first = -1;
  for (size_t i = 0; i < ATTENDANTS; i++) {
    int due = attendant_due_ms(&attendants[i]);
    if (first == -1 || (due != -1 && due < first)) first = due;
  }
  return first;
}

static void serve(int signals) {
  struct pollfd polled[] = {{RUNNER, POLLIN, 0}, {signals, POLLIN, 0}};
  for (;;) {
    start_attendants(signals);
    if (poll(polled, 2, until_restart_ms()) == -1 && errno != EINTR) die_system("unable to poll: ");
    int came = polled[1].revents ? signals_read(signals) : 0;
    if (came & SIGNALS_CHILD) reap();
    if (came & SIGNALS_HUP) reload();
    if (polled[0].revents && !take_frames()) return;
  }
}

/* The ordinary life. */
static int deliver(void) {
  int signals = signals_open();
  if (!sessions_are_wanted(&settings)) attendants[SESSIONS].run = NULL;
  if (signals == -1) die_system("unable to wait for signals: ");
  serve(signals);
  for (size_t i = 0; i < ATTENDANTS; i++) attendant_end(&attendants[i]);
  frame_reader_free(&in);
  return TOOL_OK;
}

/* What would be done with mail for a local address, for owlq explain. */
static int explain(const char *address) {
  struct facts facts = {.fd = 1};
  struct verdict v = {.facts = &facts};
  struct worker_order order = {program.s, text_of(address), -1};
  worker_explain(&order, &settings, &v);
  struct result r = verdict_result(&v);
  fact_outcome(&facts, &r);
  stralloc_free(&facts.lines);
  verdict_free(&v);
  return TOOL_OK;
}

/* owl-start gives the key, and makes the folder where there is who may use it. */
static void take_key(void) {
  if (pass_take_key(key) == 0) attendants[SESSIONS].run = run_sessions;
  else if (errno != ENOENT) die_system("unable to read the key of the passes: ");
}

/* What whoever started us left open would reach every user's programs. */
static void close_others(void) {
  static const int keep[] = {0, 1, 2};
  sandbox_close_others(keep, 3);
}

int main(int argc, char **argv) {
  take_key();
  close_others();
  bool explains = argc > 1 && strcmp(argv[1], "--explain") == 0;
  const char *address = explains ? argv[2] : NULL;
  int given = explains ? 3 : 1; /* the place of DEFAULTDELIVERY */
  if (argc > given + 1 || (explains && !address)) die_usage();
  default_delivery = argv[given];
  if (control_open(&control) == -1) die_memory();
  int loaded = address ? settings_load_to_explain(&settings, &control, default_delivery)
                       : settings_load(&settings, &control, default_delivery);
  if (loaded == -1) die_control();
  if (program_path(&program, "owl-local") == -1) die_memory();
  int code = address ? explain(address) : deliver();
  settings_free(&settings);
  control_free(&control);
  stralloc_free(&program);
  stralloc_free(&logger.line);
  return code;
}
