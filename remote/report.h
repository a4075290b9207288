/* report.h - what a program that is called as qmail-remote is says on descriptor 1
 *
 * Records that end with NUL.  One for each recipient, in the order of the
 * arguments: r taken as far as the message is, s deferral, h failure.  Then one
 * for the message: K taken, Z deferral, D failure; behind it nothing counts.
 * A letter is followed by lines of text; what a server said stands behind
 * "Remote host said: ".
 */
#ifndef OWL_REPORT_H
#define OWL_REPORT_H

#include "remote/verdict.h"

enum { REPORT_OCTETS_MAX = 16 * 1024 * 1024 };

/* report_put(): appends it, for the verdicts of the recipients.  The message is
 * taken when one of them was, and else can be tried again when one can.  0, or
 * -1 without memory. */
int report_put(stralloc *out, const struct verdict *verdicts, size_t count);

/* report_read(): *verdicts become what it says.  A message without any record
 * for a recipient speaks for all of them.  What is doubtful is a deferral: a
 * report that ends early, has too few recipients, or too many.  The octets are
 * those of a site's own program; texts are cleaned. */
void report_read(struct verdict *verdicts, size_t count, struct text octets);

#endif
