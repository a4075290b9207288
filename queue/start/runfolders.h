/* runfolders.h - the folders of the sockets, which only their clients' groups may enter */
#ifndef OWL_START_RUNFOLDERS_H
#define OWL_START_RUNFOLDERS_H

#include "queue/start/account.h"

/* runfolders_make(): below rundir; ends owl-start where it cannot.  pop: NULL where mailboxes are not served. */
void runfolders_make(struct account send, struct account smtpd, struct account far, struct account tls,
                     struct account auth, struct account inject, const struct account *pop);

#endif
