/* talker.h - the process that talks with the client, and can do nothing else
 *
 * It reads SMTP (smtpd/talker/command.h), writes replies and puts the message into
 * the pipe that it is given.  Replies to a group of pipelined commands leave
 * together (RFC 2920 3.2).  When the doorkeeper goes away, or is told to end,
 * the client gets a 421.
 */
#ifndef OWL_TALKER_H
#define OWL_TALKER_H

#include "lib/ip.h"
#include "lib/list.h"
#include "lib/line.h"
#include "smtpd/talker/channel.h"
#include "smtpd/talker/command.h"
#include "smtpd/talker/transfer.h"

struct talker {
  /* set by the owner */
  struct channel channel; /* its first four */
  uint64_t maxhops;
  uint64_t greetdelay_ms;
  const struct list *xclients; /* who of those that a proxy names may use XCLIENT */
  bool goes_on;           /* after STARTTLS: no greeting */
  bool begins_with_tls;   /* behind the PROXY header there is TLS, and no greeting before it */
  bool is_proxied;        /* the connection begins with a PROXY header */
  bool normalises;        /* bare CR and LF: see data.h */
  struct session session; /* its me and limits */
  /* a test may set reader.source and session.ask, with their contexts, and so
   * stand in for client and doorkeeper */

  stralloc line;
  enum talker_end hung_up; /* TALKER_HUNG_UP, or what says it better */
  struct line_reader reader;
  struct transfer chunks; /* the message that comes by BDAT */
  char decoded[LINE_BUFFER_OCTETS + DATA_HELD_OCTETS];
};

/* talker_run(): greets with "220 GREETING" and talks until the session ends.
 * *t is zeroed but for what the owner sets; it is large: let it be static. */
enum talker_end talker_run(struct talker *t, const char *greeting);

#endif
