/* uidlines.h - the lines of a UID log (owlpost-uids(5))
 *
 *   owlpost-uids 1 UIDVALIDITY UIDNEXT CRC   the first line
 *   + UID SIZE WIRESIZE BASE UIDL CRC        a message; "-": not known, or none of its own
 *   - UID CRC                              its file is gone for good
 *   = UIDNEXT CRC                            all messages before are on the disk
 *
 * CRC is the CRC-32C of the line before it, 8 hexadecimal digits.  In BASE and
 * UIDL octets up to space, '%' and those above 126 are written %XX.  A second line
 * for a message gives its sizes.  What does not check is passed over, and counted.
 * The user can write his log as he likes.
 */
#ifndef OWL_MAILBOX_UIDLINES_H
#define OWL_MAILBOX_UIDLINES_H

#include "mailbox/roster.h"

struct uidlines { /* zeroed at first */
  struct roster roster;
  uint32_t validity;  /* 0: no first line has been read */
  uint64_t next;      /* UIDNEXT; over UINT32_MAX: no UID is left */
  uint64_t read;      /* octets, of whole lines */
  bool is_newer;      /* the first line is of a format that is not known here */
  bool unmarked;      /* a message, or the first line, stands behind the last mark */
  uint64_t wrong;     /* lines that did not check */
  uint64_t superfluous; /* lines that a file written anew does not have */
};

/* uidlines_read(): takes the lines of t, which continue those that were read;
 * what stands behind its last LF is left for the next time.  0, or -1 without
 * memory. */
int uidlines_read(struct uidlines *u, struct text t);

/* These append: 0, or -1 without memory. */
int uidlines_put_first(stralloc *out, uint32_t validity, uint64_t next);
int uidlines_put_message(stralloc *out, const struct roster *r, size_t number);
int uidlines_put_gone(stralloc *out, uint32_t uid);
int uidlines_put_mark(stralloc *out, uint64_t next);

void uidlines_free(struct uidlines *u);

#endif
