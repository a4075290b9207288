/* One session: parts in two, and is the doorkeeper until the talker has ended. */
#include "config.h"
#include "smtpd/session.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
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
#include "smtpd/doorkeeper/authsettings.h"
#include "smtpd/doorkeeper/doorkeeper.h"
#include "smtpd/doorkeeper/event.h"
#include "smtpd/doorkeeper/secure.h"
#include "smtpd/doorkeeper/trust.h"
#include "smtpd/talker/channel.h"

enum { GOES_ON = -1 }; /* no exit code: another talker begins */

enum { CLIENT_FD = 0, CLIENT_OUT_FD = 1, LOG_FD = 2, TALKER_ENDS_S = 10, DIE_MS = 2000 };

/* Of a talker: some ten times what the longest session should need. */
enum { TALKER_MEMORY_OCTETS = 16 * 1024 * 1024, TALKER_CPU_S = 600 };

static struct log events = {.fd = LOG_FD};
static struct client_ends ends;
static struct client client;
static struct settings settings_of_client; /* views into those of the listener, or of session_serve() */
static struct doorkeeper keeper;
static struct tally *tally;  /* the talker writes it */
static struct parting halves;
static bool has_met;         /* the client is known */
static bool has_begun;       /* and the log says so */
static bool is_later;        /* a talker has been there before */

static void begin_event(void) {
  log_s(&events, session_protocol.program);
  log_s(&events, " ");
  log_u(&events, (uint64_t)getpid());
  log_s(&events, ": ");
}

/* The client is told to come again, the operator why. */
void session_die(const char *what, const char *reason) {
  begin_event();
  log_s(&events, what);
  log_s(&events, reason);
  log_end(&events);
  (void)io_write_all(CLIENT_OUT_FD, session_protocol.sorry, strlen(session_protocol.sorry), DIE_MS);
  _exit(TOOL_SYSTEM);
}

static void die_memory(void) { session_die("out of memory", ""); }
static void die_socket(void) { session_die("unable to make a socket pair: ", strerror(errno)); }
static void die_core(void) { session_die("unable to forbid core files: ", strerror(errno)); }
static void die_fork(void) { session_die("unable to fork: ", strerror(errno)); }
static void die_sandbox(const char *step) { session_die("unable to shut the talker in: unable to ", step); }
static void die_unfenced(void) {
  session_die("unable to shut the talker in: ", "the kernel has no seccomp, and allowunfenced is not set");
}
static void die_file(void) { session_die("unable to write replies to a file: ", "use a socket or a pipe"); }
static void die_door(void) { session_die("unable to set up the talker's descriptors: ", strerror(errno)); }

static const char *explain_end(int status, enum doorkeeper_end end) {
  const char *before = "";
  if (end == DOORKEEPER_MALFORMED) before = "malformed request from the talker, ";
  if (end == DOORKEEPER_FAILED) before = "lost the talker, ";
  return parting_explain(status, before, talker_explain);
}

/* One socket that is both input and output, as tcpserver gives it. */
static bool is_one_socket(void) {
  struct stat in, out;
  if (fstat(CLIENT_FD, &in) == -1 || fstat(CLIENT_OUT_FD, &out) == -1) return false;
  return S_ISSOCK(in.st_mode) && in.st_dev == out.st_dev && in.st_ino == out.st_ino;
}

static void prepare_client(bool one_socket) {
  struct stat out;
  bool is_network = one_socket || keeper.secure.facts;
  if (fstat(CLIENT_OUT_FD, &out) == 0 && S_ISREG(out.st_mode)) die_file(); /* beyond our limits */
  if (is_network && io_set_nonblocking(CLIENT_FD) == -1) die_door();
  if (is_network && !one_socket && io_set_nonblocking(CLIENT_OUT_FD) == -1) die_door();
  io_send_at_once(CLIENT_OUT_FD);
}

static void shut_in(const struct settings *s) {
  struct sandbox box = {.memory_octets = TALKER_MEMORY_OCTETS,
                        .cpu_s = TALKER_CPU_S,
                        .may_lack_seccomp = s->allowunfenced != 0};
  if (sandbox_enter(&box) == -1) die_sandbox(box.step);
}

static bool begins_with_tls(const struct settings *s) {
  return session_protocol.speaks_starttls && (s->begins_with_tls || (keeper.place && keeper.place->begins_with_tls));
}

static bool takes_passwords(const struct settings *s) {
  return s->offers_auth || (keeper.place && keeper.place->is_submission);
}

static bool may_have_tls(void) { return keeper.secure.server.is_there || is_one_socket(); }

/* The talker alone looks: where owl-tlsd has gone when it is asked, the doorkeeper
 * says so. */
static void look_for_tls(const struct settings *s) {
  if (!keeper.settings->offers_starttls || keeper.secure.server.is_there || tlsdoor_serves(s->rundir.s)) return;
  settings_of_client.offers_starttls = false;
}

/* -1: no memory. */
static int meet_client(const struct settings *s) {
  if (has_met) return 0;
  if (client_find(&client, &ends) == -1) return -1;
  settings_of_client = trust_settings(s, &client);
  if (keeper.place && keeper.place->is_submission) authsettings_submit(&settings_of_client);
  settings_of_client.begins_with_tls = begins_with_tls(s);
  settings_of_client.offers_starttls = session_protocol.speaks_starttls && may_have_tls();
  /* of QMTP and QMQP nobody can ask what they cannot have */
  settings_of_client.needs_tls = session_protocol.speaks_starttls && (s->needs_tls || keeper.secure.server.is_needed);
  keeper.settings = &settings_of_client;
  has_met = true;
  return 0;
}

/* What a further talker need not do again.  The first has no page for a copy. */
static const struct settings *settings_of_talker(void) {
  static struct settings mine;
  if (!is_later) return keeper.settings;
  mine = *keeper.settings;
  mine.is_proxied = false;
  mine.may_xclient = mine.may_xclient && !keeper.renamed;
  mine.goes_on = !mine.begins_with_tls;
  return &mine;
}

static void begin_log(const struct settings *s) {
  bool has_tls = keeper.settings->offers_starttls || keeper.settings->is_secured;
  event_connect(&keeper);
  if (session_protocol.speaks_starttls && (s->expects_tls || s->needs_tls) && !has_tls)
    event_secured(&keeper, "STARTTLS not offered", text_of("owl-tlsd is not there, or has no certificate"));
}

static void run_talker(const struct settings *s, int theirs) {
  struct channel c = {0};
  if (meet_client(s) == -1) die_memory();
  look_for_tls(s);
  if (!has_begun) begin_log(s);
  bool one_socket = is_one_socket();
  int log_fd;
  prepare_client(one_socket);
  c.in = CLIENT_FD;
  c.out = one_socket ? CLIENT_FD : CLIENT_OUT_FD;
  c.door = parting_take_door(theirs, c.in, c.out, &log_fd);
  if (c.door == -1) die_door();
  events.fd = log_fd;
  c.tally = tally;
  c.strain = keeper.place ? keeper.place->strain : NULL;
  c.limit_ms = io_limit_ms(s->timeoutsmtpd_s);
  c.pace = (struct pace){.rate = s->mindatarate, .window_us = s->mindatawindow_s * 1000000u};
  shut_in(s);
  if (log_fd >= 0) close(log_fd);
  stack_forget();
  _exit((int)session_protocol.talk(&c, settings_of_talker()));
}

/* No more requests: the doorkeeper answers the one under way and ends. */
static void on_term(int signal_number) {
  (void)signal_number;
  if (parting_wants_end(&halves)) return;
  if (keeper.secure.door >= 0) shutdown(keeper.secure.door, SHUT_RDWR); /* hands are being shaken */
}

static void on_drain(int signal_number) {
  if (keeper.state == DOORKEEPER_IDLE) on_term(signal_number);
  else keeper.drains = 1;
}

static void on_alarm(int signal_number) {
  (void)signal_number;
  parting_kill(&halves);
}

static void log_weakness(const char *what) {
  begin_event();
  log_s(&events, what);
  log_end(&events);
}

/* Many clients never ask for anything: until then nothing is done for them, so
 * that no page is written. */
static enum doorkeeper_end serve(const struct settings *s) {
  stack_forget();
  if (io_wait(halves.door, POLLIN, IO_FOREVER) == -1) return DOORKEEPER_FAILED;
  if (meet_client(s) == 0 && (!client.unpublished || client_publish(&client) == 0))
    return doorkeeper_serve(&keeper, halves.door);
  log_weakness("out of memory");
  return DOORKEEPER_FAILED;
}

static bool status_is(int status, enum talker_end end) {
  return WIFEXITED(status) && WEXITSTATUS(status) == (int)end;
}

/* The plaintext takes the place of the connection, of which only owl-tlsd keeps a
 * descriptor. */
static bool secure(void) {
  int plain[2];
  if (halves.is_ending || secure_begin(&keeper, CLIENT_FD, plain) == -1) return false;
  bool ok = dup2(plain[0], CLIENT_FD) >= 0 && dup2(plain[1], CLIENT_OUT_FD) >= 0;
  close(plain[0]);
  if (plain[1] != plain[0]) close(plain[1]);
  return ok;
}

/* Until this talker has ended; then the next begins, or the exit code. */
static int run_doorkeeper(const struct settings *s) {
  enum doorkeeper_end end = serve(s);
  int status = parting_end(&halves, end == DOORKEEPER_MALFORMED ? 0 : TALKER_ENDS_S);
  has_begun = is_later = true;
  if (end == DOORKEEPER_TALKER_LEFT && status_is(status, TALKER_STARTTLS) && secure_is_granted(&keeper) && secure())
    return GOES_ON;
  doorkeeper_close(&keeper);
  event_close(&keeper, tally, explain_end(status, end));
  return WIFEXITED(status) && WEXITSTATUS(status) < TALKER_END_COUNT ? TOOL_OK : TOOL_SYSTEM;
}

static void part(const struct settings *s) {
  int theirs = parting_open(&halves);
  if (theirs == -1) die_socket();
  parting_catch(on_term, on_drain, on_alarm);
  pid_t talker = parting_fork(&halves, theirs);
  if (talker == -1) die_fork();
  if (talker == 0) run_talker(s, theirs);
}

static void die_control(const struct control *c) {
  session_die("", c->error.s ? c->error.s : "out of memory");
}

/* Whoever is behind a proxy has its header first. */
static bool secure_first(const struct settings *s) {
  if (!begins_with_tls(s) || keeper.secure.facts) return true;
  if (meet_client(s) == -1) die_memory();
  event_connect(&keeper);
  has_begun = true;
  if (keeper.settings->is_proxied) return true;
  parting_catch(on_term, on_drain, on_alarm);
  if (secure()) return true;
  doorkeeper_close(&keeper);
  event_close(&keeper, tally, "no TLS");
  return false;
}

/* What a server in front has done, or can do: under a listener there is none. */
static void look_in_front(const struct settings *s) {
  if (!session_protocol.speaks_starttls || keeper.place) return;
  ucspitls_find(&keeper.secure.server);
  if (keeper.secure.server.is_there || !getenv("SSL_PROTOCOL")) return;
  if (meet_client(s) == -1) die_memory();
  event_connect(&keeper);
  has_begun = true;
  if (secure_inherit(&keeper) == -1) die_memory();
}

static int run(const struct settings *s) {
  int code = TOOL_OK;
  if (!parting_suits_kernel(s->allowunfenced != 0, log_weakness)) die_unfenced();
  if (takes_passwords(s) && sandbox_forbid_cores() == -1) die_core();
  look_in_front(s);
  if (!secure_first(s)) return code;
  do {
    part(s);
    code = run_doorkeeper(s);
  } while (code == GOES_ON);
  return code;
}

int session_run(const struct settings *s, const struct place *place) {
  signal(SIGCHLD, SIG_DFL); /* where it is ignored the kernel keeps no exit code */
  client_see(&ends, CLIENT_FD);
  tally = tally_share();
  if (!tally) die_memory();
  doorkeeper_open(&keeper, s, &client, &clock_system, &events);
  keeper.program = session_protocol.program;
  keeper.place = place;
  int code = run(s);
  client_free(&client);
  stralloc_free(&events.line);
  return code;
}

int session_serve(void) {
  static struct settings settings;
  static struct control control;
  if (control_open(&control) == -1) die_memory();
  if (settings_load(&settings, &control) == -1) die_control(&control);
  if (session_protocol.trusts_clients) {
    if (!settings.relayclient.s) settings.relayclient = text_of("");
    settings.trusts_recipients = true;
  }
  int code = session_run(&settings, NULL);
  settings_free(&settings);
  control_free(&control);
  return code;
}
