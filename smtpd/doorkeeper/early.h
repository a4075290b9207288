/* early.h - messages whose envelope comes behind them, as in QMTP and QMQP
 *
 * DATA with PROTOCOL starts the injector, which wants the envelope last
 * anyway; then come MAIL and RCPT, then COMPLETE or ABORT.
 */
#ifndef OWL_EARLY_H
#define OWL_EARLY_H

#include "smtpd/doorkeeper/doorkeeper.h"
#include "smtpd/doorkeeper/outcome.h"

/* early_protocol(): the name, a literal, where the envelope comes last;
 * otherwise NULL. */
const char *early_protocol(struct text protocol);

/* early_expects(): whether MAIL by that protocol, or RCPT, has its turn. */
bool early_expects_sender(const struct doorkeeper *k, struct text protocol);
bool early_expects_recipient(const struct doorkeeper *k);

/* early_open(): what is known of the envelope when the data begins. */
void early_open(struct doorkeeper *k, const char *protocol);

/* early_close(): the whole envelope, as granted.  0, or -1: nobody was granted,
 * or no memory. */
int early_close(struct doorkeeper *k);

#endif
