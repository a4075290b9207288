/* report.h - the listener's log lines, on descriptor 2 */
#ifndef OWL_REPORT_H
#define OWL_REPORT_H

#include "lib/ip.h"

void report(struct text what);
void report_errno(const char *what);

/* report_failure(): "what object: reason".  -1. */
int report_failure(const char *what, struct text object, const char *reason);

/* report_client(): the client's address, then what and why. */
void report_client(const char *what, const char *why, const struct ip *client);

#endif
