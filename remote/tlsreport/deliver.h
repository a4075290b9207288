/* deliver.h - a day's report to one domain: made, and queued or printed */
#ifndef OWL_TLSREPORT_DELIVER_H
#define OWL_TLSREPORT_DELIVER_H

#include "lib/control.h"
#include "remote/tlsrpt.h"

enum {
  NOTES_MAX = TLSRPT_FILE_MAX + 65536, /* octets of a file */
  KEPT_DAYS = 3 /* a report that cannot be sent is given up after so many (RFC 8460 5.3: a day at least) */
};

struct reporter {
  bool print; /* instead of sending */
  stralloc me, from, contact, organization; /* NUL-terminated; owned */
  uint64_t timeoutdns_s;
};

/* reporter_load(): 0, or -1 with c->error set. */
int reporter_load(struct reporter *r, struct control *c);
void reporter_free(struct reporter *r);

enum delivered {
  DELIVERED, /* in the queue; or nobody wants it, or it is too old: the notes can go */
  PRINTED,   /* they stay */
  DEFERRED   /* they stay; it has said why on descriptor 2 */
};

enum delivered report_deliver(const struct reporter *r, const char *day, const char *domain, struct text notes);

#endif
