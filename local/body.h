/* body.h - the message itself: in memory, or in a file from offset 0
 *
 * The file may be shared with other readers: its offset is neither used nor
 * moved.  Line ends are LF.  The octets are hostile.
 */
#ifndef OWL_LOCAL_BODY_H
#define OWL_LOCAL_BODY_H

#include <stdint.h>
#include "lib/text.h"

struct body {
  struct text content; /* absent: read from fd */
  int fd;
  uint64_t size;
};

/* body_each(): hands the message on in pieces, until take() returns something
 * other than 0, which then comes back.  Otherwise 0, or -1 with errno: EIO
 * when the file is shorter than size. */
typedef int body_taker(void *context, struct text piece);
int body_each(const struct body *b, body_taker *take, void *context);

/* body_open(): a descriptor of its own (close-on-exec) for somebody else, at
 * offset 0 of a file that holds the body and nothing else, and that he cannot
 * write to: the file, opened again, or a copy in memory.  -1 with errno. */
int body_open(const struct body *b);

/* body_header_has(): 1 when the header has this line (without its LF; ASCII
 * case and blanks at the end are ignored), 0 when it has not, -1 with errno. */
int body_header_has(const struct body *b, struct text line);

#endif
