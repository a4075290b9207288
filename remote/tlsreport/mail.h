/* mail.h - a TLS report as a message (RFC 8460 5.3) */
#ifndef OWL_TLSREPORT_MAIL_H
#define OWL_TLSREPORT_MAIL_H

#include "remote/tlsreport/json.h"

struct report_mail {
  struct report_head head;
  struct text json;
  const char *from, *me;         /* address; domain */
  const stralloc *to;            /* addresses */
  size_t to_count;
  uint64_t wall_us;              /* the date */
};

/* report_mail(): *out gets the message, LF line ends, the report compressed by
 * gzip.  Its identity comes from day and domain: the same report sent twice has
 * the same one.  0, or -1 without memory. */
int report_mail(stralloc *out, const struct report_mail *m);

/* report_gzip(): 0, or -1 without memory. */
int report_gzip(stralloc *out, struct text octets);

#endif
