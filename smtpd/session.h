/* session.h - one SMTP session on descriptors 0 and 1, its log on 2
 *
 * session_run(): parts the process in two and is the doorkeeper; the exit code
 * of the program.  The process has no other thread or child, and ignores
 * SIGPIPE; *s is only read.  SIGTERM ends the session after the request under
 * way.
 *
 * session_die(): tells the client 421 and the log why, and ends the process.
 */
#ifndef OWL_SESSION_H
#define OWL_SESSION_H

#include "smtpd/doorkeeper/settings.h"

int session_run(const struct settings *s);
_Noreturn void session_die(const char *what, const char *reason);

#endif
