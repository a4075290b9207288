/* One connection: parts in two, and is the doorkeeper until log-in and session are over. */
#include "config.h"
#include "login/session.h"
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "lib/parting.h"
#include "lib/sandbox.h"
#include "lib/stack.h"
#include "lib/tlsdoor.h"
#include "login/event.h"
#include "login/opening.h"
#include "login/secure.h"

enum { STREAM_FD = 0, STREAM_OUT_FD = 1, LOG_FD = 2, TALKER_ENDS_S = 10, DIE_MS = 2000 };

/* Of a talker: some ten times what the longest log-in should need. */
enum { TALKER_MEMORY_OCTETS = 16 * 1024 * 1024, TALKER_CPU_S = 60 };

static struct log events = {.fd = LOG_FD};
static struct client_ends ends;
static struct client client;
static struct login_doorkeeper keeper;
static const struct place *seat; /* of the listener */
static struct parting halves;
static volatile sig_atomic_t is_watching;

static void log_event(const char *what, const char *reason) {
  log_s(&events, login_protocol.program);
  log_s(&events, " ");
  log_u(&events, (uint64_t)getpid());
  log_s(&events, ": ");
  log_s(&events, what);
  log_s(&events, reason);
  log_end(&events);
}

static void log_weakness(const char *what) { log_event(what, ""); }

void login_die(const char *what, const char *reason) {
  log_event(what, reason);
  (void)io_write_all(STREAM_OUT_FD, login_protocol.sorry, strlen(login_protocol.sorry), DIE_MS);
  _exit(TOOL_SYSTEM);
}

static void die_memory(void) { login_die("out of memory", ""); }
static void die_socket(void) { login_die("unable to make a socket pair: ", strerror(errno)); }
static void die_core(void) { login_die("unable to forbid core files: ", strerror(errno)); }
static void die_fork(void) { login_die("unable to fork: ", strerror(errno)); }
static void die_door(void) { login_die("unable to set up the talker's descriptors: ", strerror(errno)); }
static void die_stream(void) { login_die("unable to serve: ", "descriptors 0 and 1 are not one socket"); }
static void die_sandbox(const char *step) { login_die("unable to shut the talker in: unable to ", step); }
static void die_unfenced(void) {
  login_die("unable to shut the talker in: ", "the kernel has no seccomp, and allowunfenced is not set");
}

/* What comes behind the log-in is left in it, and it is passed on: no pipe will do. */
static void check_stream(void) {
  struct stat in, out;
  if (fstat(STREAM_FD, &in) == -1 || fstat(STREAM_OUT_FD, &out) == -1) die_stream();
  if (!S_ISSOCK(in.st_mode) || in.st_dev != out.st_dev || in.st_ino != out.st_ino) die_stream();
}

static void prepare_stream(void) {
  if (io_set_nonblocking(STREAM_FD) == -1) die_door();
  io_send_at_once(STREAM_FD);
}

/* ---- the talker */

static void shut_in(const struct login_settings *s) {
  struct sandbox box = {.memory_octets = TALKER_MEMORY_OCTETS,
                        .cpu_s = TALKER_CPU_S,
                        .may_lack_seccomp = s->allowunfenced != 0};
  if (sandbox_enter(&box) == -1) die_sandbox(box.step);
}

static struct login_talk describe(const struct login_settings *s, int talkers_door, bool goes_on) {
  return (struct login_talk){
    .channel = {.client = STREAM_FD, .door = talkers_door, .limit_ms = io_limit_ms(s->timeout_s), .strain = seat->strain},
    .me = s->me.s, .offers_tls = keeper.offers_tls && !keeper.facts, .is_secured = keeper.facts != NULL,
    .may_log_in = keeper.facts || s->authwithouttls, .goes_on = goes_on,
    .maxcommands = s->maxcommands, .pop3_login_delay_s = s->pop3_login_delay_s};
}

static _Noreturn void run_talker(const struct login_settings *s, int theirs, bool goes_on) {
  int log_fd;
  int talkers_door = parting_take_door(theirs, STREAM_FD, STREAM_FD, &log_fd);
  if (talkers_door == -1) die_door();
  events.fd = log_fd;
  struct login_talk t = describe(s, talkers_door, goes_on);
  shut_in(s);
  if (log_fd >= 0) close(log_fd);
  stack_forget();
  _exit((int)login_protocol.talk(&t));
}

/* ---- the doorkeeper */

/* No more requests: the one under way is answered.  Behind a log-in there is
 * nothing left to do but to tell the log. */
static void on_term(int signal_number) {
  (void)signal_number;
  if (parting_wants_end(&halves)) return;
  if (is_watching) shutdown(keeper.session.sock, SHUT_RD);
  else if (keeper.tls_door >= 0) shutdown(keeper.tls_door, SHUT_RDWR); /* hands are being shaken */
}

static void on_alarm(int signal_number) {
  (void)signal_number;
  parting_kill(&halves);
}

static void part(const struct login_settings *s, bool goes_on) {
  int theirs = parting_open(&halves);
  if (theirs == -1) die_socket();
  prepare_stream();
  parting_catch(on_term, on_term, on_alarm);
  pid_t talker = parting_fork(&halves, theirs);
  if (talker == -1) die_fork();
  if (talker == 0) run_talker(s, theirs, goes_on);
}

static const char *explain_end(int status, enum login_doorkeeper_end end) {
  const char *before = "";
  if (end == LOGIN_DOORKEEPER_MALFORMED) before = "malformed request from the talker, ";
  if (end == LOGIN_DOORKEEPER_FAILED) before = "lost the talker, ";
  return parting_explain(status, before, login_explain);
}

/* The plaintext takes the place of the connection, of which only owl-tlsd keeps a
 * descriptor. */
static bool secure(void) {
  if (halves.is_ending) return false;
  int plain = login_secure_begin(&keeper, STREAM_FD);
  if (plain == -1) return false;
  bool ok = dup2(plain, STREAM_FD) >= 0 && dup2(plain, STREAM_OUT_FD) >= 0;
  close(plain);
  return ok;
}

/* As long as a copy of the stream is open, the client sees no end. */
static void watch_session(void) {
  close(STREAM_FD);
  close(STREAM_OUT_FD);
  is_watching = 1;
  stack_forget();
  malloc_trim(0); /* sessions are many, and wait for long */
  bool has_told = !halves.is_ending && opening_wait(&keeper);
  is_watching = 0;
  if (has_told) return;
  login_event(&keeper, "mailbox", text_of(halves.is_ending ? "its session goes on by itself" : "its session did not say how it ended"));
}

static int finish(const char *why, int code) {
  login_event_close(&keeper, why);
  login_doorkeeper_close(&keeper);
  client_free(&client);
  stralloc_free(&events.line);
  return code;
}

static int talk_and_serve(const struct login_settings *s) {
  for (bool goes_on = false;; goes_on = true) {
    part(s, goes_on);
    enum login_doorkeeper_end end = login_doorkeeper_serve(&keeper, halves.door);
    bool is_opened = keeper.session.sock >= 0;
    int status = parting_end(&halves, end == LOGIN_DOORKEEPER_MALFORMED || is_opened ? 0 : TALKER_ENDS_S);
    if (is_opened) return watch_session(), finish("logged in", TOOL_OK);
    bool is_well = end == LOGIN_DOORKEEPER_TALKER_LEFT && WIFEXITED(status);
    if (is_well && WEXITSTATUS(status) == LOGIN_TLS && keeper.tls_is_granted && secure()) continue;
    return finish(explain_end(status, end), is_well && WEXITSTATUS(status) < LOGIN_END_COUNT ? TOOL_OK : TOOL_SYSTEM);
  }
}

int login_run(const struct login_settings *s, const struct place *place) {
  seat = place;
  check_stream();
  if (!parting_suits_kernel(s->allowunfenced != 0, log_weakness)) die_unfenced();
  if (sandbox_forbid_cores() == -1) die_core();
  signal(SIGCHLD, SIG_DFL); /* where it is ignored the kernel keeps no exit code */
  client_see(&ends, STREAM_FD);
  if (client_find(&client, &ends) == -1) die_memory();
  keeper = (struct login_doorkeeper){.settings = s, .client = &client, .clock = &clock_system, .log = &events,
                                     .program = login_protocol.program, .service = login_protocol.service,
                                     .pid = getpid(), .stream = STREAM_FD, .offers_tls = !place->begins_with_tls && tlsdoor_serves(s->rundir.s)};
  login_doorkeeper_open(&keeper);
  login_event_connect(&keeper);
  parting_catch(on_term, on_term, on_alarm);
  if (place->begins_with_tls && !secure()) return finish("no TLS", TOOL_OK);
  return talk_and_serve(s);
}

int login_serve(bool begins_with_tls, const char *host) {
  static struct login_settings settings;
  static struct control control;
  if (control_open(&control) == -1) die_memory();
  if (login_settings_load(&settings, &control) == -1) login_die("", control.error.s ? control.error.s : "out of memory");
  if (host && (!stralloc_copys(&settings.me, host) || !stralloc_0(&settings.me))) die_memory();
  int code = login_run(&settings, &(struct place){.begins_with_tls = begins_with_tls});
  login_settings_free(&settings);
  control_free(&control);
  return code;
}
