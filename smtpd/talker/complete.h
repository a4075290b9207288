/* complete.h - the fields that a submitted message must have and lacks: Date,
 * From and Message-ID (RFC 6409 8, RFC 5322 3.6)
 *
 * They go behind the other fields of the header.  A header that another thing
 * than a field breaks off is no header of a message, and is left as it is; so
 * is one that is signed (DKIM, RFC 6376), since who signed it has said what is
 * not in it.  Hostile input.
 */
#ifndef OWL_COMPLETE_H
#define OWL_COMPLETE_H

#include <stdint.h>
#include "lib/text.h"

enum complete_line { COMPLETE_START, COMPLETE_NAME, COMPLETE_REST };

struct complete {
  /* set by the owner */
  bool is_wanted;
  struct text sender, message_id; /* of the transaction; the id without <> */
  uint64_t wall_us;

  bool is_over; /* the header is */
  bool has_field, has_date, has_from, has_message_id, is_left_alone;
  enum complete_line line;
  char name[16]; /* what this line starts with, lower case */
  size_t name_len;
};

/* complete_scan(): looks at more of the message, LF line ends.  The number of its
 * octets behind which the fields belong, or its length + 1: not in these. */
size_t complete_scan(struct complete *c, struct text more);

/* complete_is_open(): what was looked at is nothing but whole lines of a header. */
bool complete_is_open(const struct complete *c);

/* complete_cat(): appends what is missing; after complete_scan() has said where,
 * or at the end of a message that is nothing but a header.  0, or -1 without memory. */
int complete_cat(const struct complete *c, stralloc *out);

#endif
