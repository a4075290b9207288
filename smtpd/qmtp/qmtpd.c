/* owl-qmtpd - receives mail by QMTP on descriptors 0 and 1
 *
 * As owl-smtpd (smtpd/smtpd.c): a talker, shut in, that parses and can ask for
 * no more than this client may have, and the same doorkeeper, which grants.
 *
 * owl-qmtpd(8) has the interface.
 */
#include "config.h"
#include <signal.h>
#include "lib/exitcode.h"
#include "smtpd/qmtp/qmtptalker.h"
#include "smtpd/session.h"

static enum talker_end talk(const struct channel *c, const struct settings *s) {
  static struct letter letter; /* large */
  letter.channel = *c;
  letter.protocol = "QMTP";
  letter.databytes = s->databytes;
  letter.maxhops = s->maxhops;
  letter.normalises = s->normalises_newlines;
  return qmtptalker_run(&letter, s->maxrecipients);
}

const struct session_protocol session_protocol = {
  "owl-qmtpd", "34:Zthe server has a problem (#4.3.0),", talk, false, false};

int main(int argc, char **argv) {
  (void)argv;
  signal(SIGPIPE, SIG_IGN);
  return argc == 1 ? session_serve() : TOOL_USAGE;
}
