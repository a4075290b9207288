/* owl-qmqpd - receives one message by QMQP on descriptors 0 and 1
 *
 * As owl-smtpd (smtpd/smtpd.c), but for clients that may send to anybody: who
 * may connect is up to the server in front.
 *
 * owl-qmqpd(8) has the interface.
 */
#include "config.h"
#include <signal.h>
#include "lib/exitcode.h"
#include "smtpd/qmtp/qmqptalker.h"
#include "smtpd/session.h"

static enum talker_end talk(const struct channel *c, const struct settings *s) {
  static struct letter letter; /* large */
  letter.channel = *c;
  letter.protocol = "QMQP";
  letter.databytes = s->databytes;
  letter.maxhops = s->maxhops;
  letter.normalises = s->normalises_newlines;
  return qmqptalker_run(&letter);
}

const struct session_protocol session_protocol = {
  "owl-qmqpd", "34:Zthe server has a problem (#4.3.0),", talk, false, true};

int main(int argc, char **argv) {
  (void)argv;
  signal(SIGPIPE, SIG_IGN);
  return argc == 1 ? session_serve() : TOOL_USAGE;
}
