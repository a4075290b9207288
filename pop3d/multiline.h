/* multiline.h - a message as the text of a POP3 reply (RFC 1939 3)
 *
 * Lines end with CRLF: an LF that has no CR before it gets one.  A line that
 * begins with a dot gets a second.  All other octets go as they are.
 */
#ifndef OWL_POP3D_MULTILINE_H
#define OWL_POP3D_MULTILINE_H

#include <stdint.h>
#include "lib/text.h"

#define MULTILINE_ALL UINT64_MAX

struct multiline { /* zeroed at first, but for body_lines */
  uint64_t body_lines; /* so many lines behind the header's empty line, then no more */
  bool in_line, after_cr; /* the last octet was no line end; it was a CR */
  bool in_body, is_over;
  uint64_t line_octets;   /* of the line under way, CR not counted */
};

/* Both append; 0, or -1 without memory.  multiline_end() adds the line with the dot. */
int multiline_put(struct multiline *m, struct text octets, stralloc *out);
int multiline_end(struct multiline *m, stralloc *out);

#endif
