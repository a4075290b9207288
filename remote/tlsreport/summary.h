/* summary.h - what the notes of a day and domain come to (remote/tlsrpt.h)
 *
 * Sessions with one policy that failed in the same way become a row and their
 * number.  Lines that are malformed are counted and left out.
 */
#ifndef OWL_TLSREPORT_SUMMARY_H
#define OWL_TLSREPORT_SUMMARY_H

#include "remote/tlsrpt.h"

enum {
  SUMMARY_POLICIES_MAX = 64, /* sessions with further ones are counted with the last */
  SUMMARY_ROWS_MAX = 1000    /* of a policy; further ones count in its total alone */
};

struct summary_row {
  struct text line; /* of a session; all that count here are the same */
  uint64_t count;
};

struct summary_policy {
  struct text line; /* absent: sessions named one that the file does not have */
  struct text key;
  uint64_t successes, failures;
  struct summary_row *rows;
  size_t row_count, row_space;
};

struct summary {
  struct summary_policy policies[SUMMARY_POLICIES_MAX];
  size_t policy_count;
  uint64_t malformed;
};

/* summary_make(): of a file's octets, of which it keeps views.  0, or -1 without memory. */
int summary_make(struct summary *s, struct text notes);
void summary_free(struct summary *s);

#endif
