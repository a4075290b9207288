/* event.h - the doorkeeper's log lines */
#ifndef OWL_EVENT_H
#define OWL_EVENT_H

#include "smtpd/doorkeeper/doorkeeper.h"

/* event_begin(): what every line of this session starts with. */
void event_begin(struct doorkeeper *k);

/* event_refused(): what is "sender", "recipient" or "data from". */
void event_refused(struct doorkeeper *k, const char *what, struct text address,
                   const struct result *r);

void event_message(struct doorkeeper *k, uint64_t octets, const struct result *r);

#endif
