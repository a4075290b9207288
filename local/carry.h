/* carry.h - carry out a plan line by line, for one message
 *
 * For plans that run programs or forward: what a program finds depends on the
 * lines before it, so what they put into Maildirs is published before it runs.
 * Forwards are collected, and sent in one injection at the end: after the files
 * are on the disk, and before those are published that no program needs, so
 * that a queue that takes no mail does not show a new copy at every attempt.
 * In the same way mboxes stay locked, and can have their old length back, until
 * a program runs or the end has come.
 */
#ifndef OWL_LOCAL_CARRY_H
#define OWL_LOCAL_CARRY_H

#include "local/delivery.h"

/* carry_needed(): whether a plan is to be carried out message by message. */
bool carry_needed(const struct plan *plan);

/* carry_out(): afterwards the delivery is published, or given up. */
void carry_out(struct delivery *d, const struct plan *plan, const struct mailbox *box,
               const struct item *item, struct maildir_namer *namer);

#endif
