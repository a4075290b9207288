/* event.h - the doorkeeper's log lines: one for each thing that happens, all of
 * them with the session's id, those of a transaction with its number as well
 * (owl-smtpd(8), LOG)
 *
 * Both are times in us of the wall clock, 16 digits.  The transaction's number
 * is the message's, should one come of it.
 */
#ifndef OWL_EVENT_H
#define OWL_EVENT_H

#include "smtpd/doorkeeper/doorkeeper.h"
#include "smtpd/tally.h"

/* event_begin(): what every line of this session starts with. */
void event_begin(struct doorkeeper *k);

/* event_connect(): the session begins; before doorkeeper_serve(). */
void event_connect(struct doorkeeper *k);

/* event_close(): the session has ended; why is a text of ours. */
void event_close(struct doorkeeper *k, const struct tally *t, const char *why);

/* event_refused(): what is "sender" or "recipient". */
void event_refused(struct doorkeeper *k, const char *what, struct text address,
                   const struct result *r);

/* event_transaction(): its one closing line; before doorkeeper_drop().  octets
 * is what the talker says that it stored. */
void event_transaction(struct doorkeeper *k, const char *outcome, uint64_t octets, const struct result *r);

/* event_dropped(): the same for one that was given up, before its data or in it. */
void event_dropped(struct doorkeeper *k, struct text why);

/* event_asked(): for a node's mail. */
void event_asked(struct doorkeeper *k, struct text node, const struct result *r);

/* event_unreadable(): a control file that is there, and errno. */
void event_unreadable(struct doorkeeper *k, const char *name);

/* event_secured(): what came of TLS, and facts or the reason. */
void event_secured(struct doorkeeper *k, const char *what, struct text words);

/* event_authenticated(): who has logged in, and how.  event_refused_login(): who has
 * not; user may be absent.  event_asked_authd(): why nobody can. */
void event_authenticated(struct doorkeeper *k, struct text user, struct text mechanism);
void event_refused_login(struct doorkeeper *k, struct text mechanism, struct text user, const struct result *r);
void event_asked_authd(struct doorkeeper *k, struct text reason);

/* event_named(): how: by PROXY, by XCLIENT. */
void event_named(struct doorkeeper *k, const char *how);

#endif
