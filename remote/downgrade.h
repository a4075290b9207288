/* downgrade.h - a message with 8-bit text as one that any server takes (RFC 6152 3)
 *
 * Each part whose text has octets above 127 becomes quoted-printable; what has
 * parts loses the label that said 8bit.  Signed and encoded parts, and those of type
 * message that are no whole message, cannot be changed.  Headers stay as they
 * are, but for the fields of the encoding.  Input is hostile.
 */
#ifndef OWL_DOWNGRADE_H
#define OWL_DOWNGRADE_H

#include "remote/mime.h"
#include "remote/quoted.h"

enum { DOWNGRADE_PARTS_MAX = 10000, DOWNGRADE_LINE_MAX = 4096 };

enum downgrade_part { PART_AS_IT_IS, PART_QUOTED, PART_UNLABELED };

struct downgrade {
  struct mime mime;
  stralloc line;  /* owned: what has been read of one */
  stralloc parts; /* owned: what is done to each, enum downgrade_part */
  stralloc out;   /* owned; for who reads by it (remote/body.h) */
  struct quoted quoted;
  bool in_line; /* the line's beginning has been taken */
  bool drops;   /* the field under way is left out */
  bool is_impossible, has_eightbit_header; /* found by examining; a header: any part's */
};

/* First downgrade_begin() and downgrade_examine() for the whole message, in any
 * chunks, and downgrade_examined(): whether it can be changed.  Then the same with
 * downgrade_write(), and downgrade_end(), which append what the message becomes.
 * Those of type int: 0, or -1 without memory. */
void downgrade_begin(struct downgrade *d);
int downgrade_examine(struct downgrade *d, struct text chunk);
int downgrade_examined(struct downgrade *d, bool *possible);
int downgrade_write(struct downgrade *d, struct text chunk, stralloc *out);
int downgrade_end(struct downgrade *d, stralloc *out);

void downgrade_free(struct downgrade *d);

#endif
