/* session.h - one connection of a mailbox's client, on descriptors 0 and 1, its log on 2
 *
 * login_run(): parts the process in two: the talker, which is shut in and speaks
 * with the client, and the doorkeeper.  After a log-in the doorkeeper waits for
 * the end of the mailbox's session.  The exit code of the program.  The process
 * has no other thread or child, and ignores SIGPIPE; *s and *place are only read.
 * SIGTERM ends a connection before the log-in; a session behind it goes on by itself.
 *
 * login_serve(): the same under tcpserver, with the control files as they are now.
 * begins_with_tls: the client speaks TLS from the first octet on (RFC 8314 3.3); host: in
 * the place of me, unless it is NULL.
 *
 * login_die(): tells the client to come again and the log why, and ends the process.
 */
#ifndef OWL_LOGIN_SESSION_H
#define OWL_LOGIN_SESSION_H

#include "listen/place.h"
#include "login/channel.h"
#include "login/settings.h"

/* What a talker is told. */
struct login_talk {
  struct login_channel channel;
  const char *me;
  bool offers_tls, is_secured;
  bool may_log_in; /* as the connection is now */
  bool goes_on;    /* under TLS that the talker before began: no greeting */
  uint64_t maxcommands;
  uint64_t pop3_login_delay_s;
};

/* What the program speaks; defined beside its main(). */
struct login_protocol {
  const char *program; /* its name in the log */
  const char *service; /* "pop3", "imap" */
  const char *sorry;   /* said to a client where no talker can be started */
  enum login_end (*talk)(struct login_talk *t); /* in the talker */
};

extern const struct login_protocol login_protocol;

int login_serve(bool begins_with_tls, const char *host);
int login_run(const struct login_settings *s, const struct place *place);
_Noreturn void login_die(const char *what, const char *reason);

#endif
