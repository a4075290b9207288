/* talker.h - the process that talks with the client, and can do nothing else
 *
 * It reads SMTP (smtpd/talker/command.h), writes replies and puts the message into
 * the pipe that it is given.  Replies to a group of pipelined commands leave
 * together (RFC 2920 3.2).  When the doorkeeper goes away, or is told to end,
 * the client gets a 421.
 */
#ifndef OWL_TALKER_H
#define OWL_TALKER_H

#include "lib/line.h"
#include "smtpd/talker/command.h"

/* How a session ended; the talker's exit code. */
enum talker_end {
  TALKER_QUIT,
  TALKER_CLIENT_LEFT,  /* closed, or the connection broke */
  TALKER_TIMEOUT,
  TALKER_SHUTDOWN,     /* the doorkeeper ends the session, or is gone */
  TALKER_HUNG_UP,      /* after too many errors, or a bare LF */
  TALKER_NO_MEMORY,
  TALKER_END_COUNT
};

const char *talker_explain(int end);

struct talker {
  /* set by the owner */
  int in, out; /* the client; one descriptor when it is a socket */
  int door;
  int limit_ms; /* of each wait for the client */
  uint64_t maxhops;
  struct session session; /* its me, databytes and maxerrors */

  stralloc output, line;
  struct frame_reader answers;
  struct line_reader reader;
  char decoded[LINE_BUFFER_OCTETS];
};

/* talker_run(): greets with "220 GREETING" and talks until the session ends.
 * *t is zeroed but for what the owner sets; it is large: let it be static. */
enum talker_end talker_run(struct talker *t, const char *greeting);

#endif
