/* target.h - the next hop that a line of smtproutes or lmtproutes names
 *
 * A relay is host[:port] or host[;port], and what to log in there with can follow,
 * as |user|password, or user and password with blanks before them (the dialects
 * of qmail's relatives).  A password has no blank in the latter; it may hold
 * anything else, such as '|' and ':'.  What takes mail by LMTP is host[:port], /path, or
 * unix:/path.  An address literal stands in brackets and may hold colons.
 * Operators write these: what makes no sense is an error, found when the file
 * is read.
 */
#ifndef OWL_TARGET_H
#define OWL_TARGET_H

#include <stdint.h>
#include "lib/text.h"

enum { PORT_SMTP = 25, PORT_LMTP = 24, PORT_QMTP = 209, PORT_NONE = 0 };

/* Octets of a socket's path: with its NUL it has to fit into sun_path. */
enum { SOCKET_PATH_MAX = 107 };

struct target {
  struct text host; /* a view of the value; of a socket: its path */
  uint64_t port;    /* PORT_NONE: a socket */
  struct text user, password; /* absent: nothing to log in with */
};

/* Each: 0, or -1 when the value is malformed, as with a user but no password.  The host of a relay can be
 * empty (":587"), that of an LMTP or QMTP server not. */
int target_parse_relay(struct target *t, struct text value);
int target_parse_lmtp(struct target *t, struct text value);
int target_parse_qmtp(struct target *t, struct text value);

/* target_is_path(): absolute, not too long, and clean. */
bool target_is_path(struct text path);

#endif
