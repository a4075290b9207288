/* owl-smtpd - receives mail by SMTP on descriptors 0 and 1
 *
 * Started per connection by tcpserver, inetd or systemd, as a user of its own,
 * or with --listen a listener (listen/listener.h) that forks for each.
 * Before it reads an octet it parts in two.  The talker parses what the
 * network sends and holds the client's socket, the socket to the doorkeeper
 * and the pipe for a message; everything else is taken from it
 * (lib/sandbox.h), so that a fault in it can at worst send the mail that the
 * doorkeeper would let this client send.  The doorkeeper may read the control
 * files, ask delivery about recipients and start the injector; it reads
 * nothing of the client but the talker's requests (owlpost-door(7)).  A fault
 * in the doorkeeper could relay mail and see this session's messages.
 *
 * owl-smtpd(8) has the interface.
 */
#include "config.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "lib/exitcode.h"
#include "lib/network.h"
#include "smtpd/doorkeeper/authsettings.h"
#include "smtpd/doorkeeper/explain.h"
#include "listen/listener.h"
#include "listen/service.h"
#include "smtpd/session.h"
#include "smtpd/talker/talker.h"

enum { OUT_FD = 1 };

/* For owlq explain: descriptor 0 is no client. */
static int explain(const char *recipient, const char *sender) {
  static struct settings settings;
  static struct control control;
  struct client nobody = {0};
  struct facts facts = {.fd = OUT_FD};
  struct result problem = {.text = text_of("the doorkeeper cannot be asked")};
  int r = -1;
  signal(SIGCHLD, SIG_DFL); /* RCPTCHECK's exit code is asked for */
  if (control_open(&control) == 0 && settings_load(&settings, &control) == 0)
    r = explain_recipient(&settings, &nobody, text_of(sender), text_of(recipient), &facts);
  else
    problem.text = text_of(control.error.s);
  if (r == -1) fact_outcome(&facts, &problem);
  settings_free(&settings);
  control_free(&control);
  stralloc_free(&facts.lines);
  return r == 0 ? TOOL_OK : TOOL_SYSTEM;
}

static enum talker_end talk(const struct channel *c, const struct settings *s) {
  static struct talker talker; /* large */
  talker.channel = *c;
  talker.is_proxied = s->is_proxied;
  talker.xclients = &s->xclients;
  talker.session.may_xclient = s->may_xclient;
  talker.session.may_etrn = s->may_etrn;
  talker.session.offers_starttls = s->offers_starttls;
  talker.session.is_secured = s->is_secured;
  talker.session.needs_tls = s->needs_tls;
  talker.session.auth.is_possible = authsettings_offer(s);
  talker.session.completes = s->is_submission;
  talker.begins_with_tls = s->begins_with_tls && !s->is_secured;
  talker.goes_on = s->goes_on;
  talker.session.greeting = s->greeting.s;
  talker.maxhops = s->maxhops;
  talker.session.me = s->me.s;
  talker.session.databytes = s->databytes;
  talker.session.maxrecipients = s->maxrecipients;
  talker.session.maxtransactions = s->maxtransactions;
  talker.normalises = s->normalises_newlines;
  talker.session.maxerrors = s->maxerrors;
  talker.session.tarpitcount = s->tarpitcount;
  talker.session.tarpitdelay_ms = s->tarpitdelay_s * 1000;
  talker.greetdelay_ms = s->greetdelay_s * 1000;
  return talker_run(&talker, s->greeting.s);
}

const struct session_protocol session_protocol = {
  "owl-smtpd", "421 4.3.0 the server has a problem, closing\r\n", talk, true, false};

/* What the listener gives its sessions. */
static struct settings listened;

static int load(struct control *c) {
  struct settings read = {0};
  if (settings_load(&read, c) == -1) return settings_free(&read), -1;
  settings_free(&listened);
  listened = read;
  return 0;
}

static bool is_counted(const struct ip *address) { return !network_list_has(&listened.proxyclients, address); }

static int serve(const struct place *place) { return session_run(&listened, place); }

const struct listen_service listen_service = {
  .program = "owl-smtpd", .account = SMTPD_USER, .word = "smtp",
  .sorry = "421 4.7.0 too many connections, please come again later\r\n",
  .ports = {25, [ENDPOINT_TLS] = 465, [ENDPOINT_SUBMISSION] = 587, [ENDPOINT_TLS | ENDPOINT_SUBMISSION] = 465},
  .addresses = CONTROL_SMTPLISTEN, .sessions = CONTROL_MAXSESSIONS, .sessions_per_client = CONTROL_MAXSESSIONSPERIP,
  .load = load, .is_counted = is_counted, .serve = serve};

/* HOST CHECKPROG SUBPROGRAM...: how qmail's forks are started. */
static int serve_family(char **arguments) {
  static struct control control;
  if (control_open(&control) == -1) session_die("out of memory", "");
  if (authsettings_check_program(&control, arguments + 1) == -1) session_die(control.error.s, "");
  control_free(&control);
  if (setenv("SMTPAUTHHOST", arguments[0], 1) == -1 || setenv("SMTPAUTH", "+cram", 0) == -1) session_die("out of memory", "");
  return session_serve();
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  if (argc > 1 && strcmp(argv[1], "--explain") == 0)
    return argc == 3 || argc == 4 ? explain(argv[2], argc == 4 ? argv[3] : "") : TOOL_USAGE;
  if (argc > 1 && strcmp(argv[1], "--listen") == 0) return listener_run(argv + 2, argv);
  if (argc == 2 && strcmp(argv[1], "--check") == 0) return listener_check();
  if (argc > 3 && argv[1][0] != '-') return serve_family(argv + 1);
  return argc == 1 ? session_serve() : TOOL_USAGE;
}
