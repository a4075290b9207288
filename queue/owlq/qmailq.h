/* qmailq.h - what qmail-qread and qmail-qstat print, for one message */
#ifndef OWL_OWLQ_QMAILQ_H
#define OWL_OWLQ_QMAILQ_H

#include "lib/route.h"
#include "queue/owlq/select.h"

/* qmailq_cat_message(): a line for the message and one for each recipient, local
 * ones first, as qmail-qread prints them: what is not printable ASCII becomes
 * '_'.  Local or remote by the control files as they are now.  0, or -1 without
 * memory. */
int qmailq_cat_message(stralloc *out, const struct message *m, const struct route_table *routes);

/* qmailq_cat_counts(): qmail-qstat's two lines. */
int qmailq_cat_counts(stralloc *out, size_t queue, size_t todo);

#endif
