/* owl-popup - POP3 until somebody has logged in, on descriptors 0 and 1
 *
 * Started per connection by tcpserver, inetd or systemd, as a user of its own.
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
#include <unistd.h>
#include "lib/exitcode.h"
#include "login/session.h"
#include "pop3d/popup/talker.h"

const struct login_protocol login_protocol = {
  "owl-popup", "pop3", "-ERR [SYS/TEMP] the server has a problem, closing\r\n", talker_run};

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  bool begins_with_tls = false;
  for (int option; (option = getopt(argc, argv, "s")) != -1;) {
    if (option != 's') return TOOL_USAGE;
    begins_with_tls = true;
  }
  if (argc - optind > 1) return TOOL_USAGE;
  return login_serve(begins_with_tls, argv[optind]);
}
