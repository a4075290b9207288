/* json.h - a TLS report (RFC 8460 4) */
#ifndef OWL_TLSREPORT_JSON_H
#define OWL_TLSREPORT_JSON_H

#include "remote/tlsreport/summary.h"

struct report_head {
  const char *organization, *contact, *id;
  const char *day;    /* YYYYMMDD */
  const char *domain; /* the policy domain */
};

/* report_json(): *out gets the report, JSON with a line feed at its end.  0, or
 * -1 without memory. */
int report_json(stralloc *out, const struct report_head *h, const struct summary *s);

#endif
