/* filename.h - what the name of a message's file in a Maildir says
 *
 * BASE or BASE:2,FLAGS.  The base never changes; flags do, by renames.  In the
 * base ",S=" gives the file's octets and ",W=" what it has with CRLF line ends,
 * as our deliverer and others write them.  It begins with the time of delivery
 * in seconds, and often ".M" and microseconds.  Names are the user's and may
 * say anything.
 */
#ifndef OWL_MAILBOX_FILENAME_H
#define OWL_MAILBOX_FILENAME_H

#include <stdint.h>
#include "lib/text.h"

#define SIZE_UNKNOWN UINT64_MAX

struct filename {
  struct text base;
  struct text flags;    /* letters; empty without */
  uint64_t size;        /* octets, or SIZE_UNKNOWN */
  uint64_t wire_size;   /* the same with CRLF line ends */
  uint64_t time_us;     /* of the delivery; 0: not known */
};

/* filename_read(): views into the name. */
void filename_read(struct filename *f, struct text name);

/* filename_is_message(): it has a base, which begins with no dot. */
bool filename_is_message(const char *name);

/* filename_compare(): the order of deliveries, then that of the bases. */
int filename_compare(const struct filename *a, const struct filename *b);

#endif
