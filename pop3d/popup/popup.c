/* owl-popup - POP3 until somebody has logged in, on descriptors 0 and 1
 *
 * Started per connection by tcpserver, inetd or systemd, as a user of its own, or
 * with --listen a listener (listen/listener.h) that forks for each.
 * Before it reads an octet it parts in two (login/session.h).  The talker parses
 * what the network sends, and everything but the client's socket and the socket
 * to the doorkeeper is taken from it (lib/sandbox.h): a fault in it can at worst
 * show the credentials of who logs in on this connection.  The doorkeeper may
 * read control files and ask owl-authd, owl-tlsd and owl-lspawn; it reads
 * nothing of the client but the talker's requests (owlpost-door(7)).  A
 * fault in it opens no mailbox whose credentials it was not shown.
 *
 * owl-popup(8) has the interface.
 */
#include "config.h"
#include <signal.h>
#include <string.h>
#include "lib/exitcode.h"
#include "listen/account.h"
#include "listen/listener.h"
#include "listen/service.h"
#include "login/family.h"
#include "login/session.h"
#include "pop3d/popup/talker.h"

const struct login_protocol login_protocol = {
  "owl-popup", "pop3", "-ERR [SYS/TEMP] the server has a problem, closing\r\n", talker_run};

static struct login_settings listened;

static int load(struct control *c) {
  struct login_settings read;
  if (login_settings_load(&read, c) == -1) return login_settings_free(&read), -1;
  login_settings_free(&listened);
  listened = read;
  return 0;
}

/* There is no proxy that says later who the client is. */
static bool is_counted(const struct ip *address) {
  (void)address;
  return true;
}

static int serve(const struct place *place) { return login_run(&listened, place); }

const struct listen_service listen_service = {
  .program = "owl-popup", .account = POP_USER, .word = "pop3",
  .sorry = "-ERR [SYS/TEMP] too many connections, please come again later\r\n",
  .ports = {110, [ENDPOINT_TLS] = 995},
  .addresses = CONTROL_POP3LISTEN, .sessions = CONTROL_MAXPOP3SESSIONS, .sessions_per_client = CONTROL_MAXPOP3SESSIONSPERIP,
  .load = load, .is_counted = is_counted, .serve = serve};

static void check_family(char **words) {
  static struct control control;
  if (control_open(&control) == -1) login_die("out of memory", "");
  if (family_check(&control, words, "owl-pop3d", "qmail-pop3d") == -1) login_die(control.error.s, "");
  control_free(&control);
}

/* [-s] [HOST [CHECKPROG... SUBPROGRAM MAILDIR]]; root, whom qmail-popup needs, is not needed here. */
static int serve_one(int argc, char **argv) {
  bool begins_with_tls = argc > 1 && strcmp(argv[1], "-s") == 0;
  char **rest = argv + 1 + begins_with_tls;
  if (rest[0] && rest[0][0] == '-') return TOOL_USAGE;
  if (account_drop_root() == -1) login_die("unable to serve: ", "still root");
  if (rest[0] && rest[1]) check_family(rest + 1);
  return login_serve(begins_with_tls, rest[0]);
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  if (argc > 1 && strcmp(argv[1], "--listen") == 0) return listener_run(argv + 2, argv);
  if (argc == 2 && strcmp(argv[1], "--check") == 0) return listener_check();
  return serve_one(argc, argv);
}
