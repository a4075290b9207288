/* auth.h - AUTH (RFC 4954): SASL's messages between client and doorkeeper
 *
 * The talker reads the messages (lib/sasl.h); whether they are right the
 * doorkeeper finds out, who also says which mechanisms there are.
 */
#ifndef OWL_AUTH_TALKER_H
#define OWL_AUTH_TALKER_H

#include "lib/sasl.h"
#include "smtpd/talker/reply.h"

enum { AUTH_LINE_MAX = 12288 }; /* RFC 4954 4 */

struct session;

struct auth {
  bool is_possible; /* set by the owner: the doorkeeper is to be asked */
  bool is_done;     /* the client has logged in */
  bool is_under_way; /* the next line is no command, but goes to auth_take() */
  bool is_granted;   /* the doorkeeper has let it in, and the client does not know yet */
  unsigned offered;
  struct sasl sasl;
  stralloc text, decoded;
};

/* auth_cat_offer(): appends "\nAUTH ..." to the reply to EHLO, where there is a
 * mechanism; it is that of the doorkeeper's answer.  0, or -1: no memory, or
 * the doorkeeper is gone. */
int auth_cat_offer(struct session *s, stralloc *out);

/* auth_begin(): AUTH; auth_take(): a line of the client's after 334. */
struct reply auth_begin(struct session *s, struct text argument);
struct reply auth_take(struct session *s, struct text line);

/* auth_stop(): the exchange under way is over, by r. */
struct reply auth_stop(struct session *s, struct reply r);

void auth_free(struct auth *a);

#endif
