/* session.h - one session on descriptors 0 and 1, its log on 2
 *
 * session_run(): parts the process in two and is the doorkeeper; the exit code
 * of the program.  The process has no other thread or child, and ignores
 * SIGPIPE; *s is only read; place may be NULL.  SIGTERM ends the session after the request under
 * way.
 *
 * session_serve(): the same, with the control files as they are now.
 *
 * session_die(): tells the client to come again and the log why, and ends the process.
 */
#ifndef OWL_SESSION_H
#define OWL_SESSION_H

#include "smtpd/doorkeeper/settings.h"
#include "listen/place.h"
#include "smtpd/talker/channel.h"

/* What the program speaks; defined beside its main(). */
struct session_protocol {
  const char *program; /* its name in the log */
  const char *sorry;   /* said to a client where no talker can be started */
  /* In the talker, which is shut in: its exit code. */
  enum talker_end (*talk)(const struct channel *c, const struct settings *s);
  bool speaks_starttls;
  bool trusts_clients; /* whoever may connect may send to anybody */
};

extern const struct session_protocol session_protocol;

int session_serve(void);
int session_run(const struct settings *s, const struct place *place);
_Noreturn void session_die(const char *what, const char *reason);

#endif
