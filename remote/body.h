/* body.h - a message from the queue's form into SMTP's
 *
 * In the queue a line ends with LF; a line end that came as CRLF is one as
 * well.  On the wire every line ends with CRLF, a line that starts with a dot
 * gets a second one (RFC 5321 4.5.2), and no CR stands anywhere but before LF
 * (2.3.8): a CR in the middle of a line leaves as a space, so that it can
 * neither end a line nor end the message for a server that takes it for a line
 * end.  A last line without an end gets one; a CR at the very end is one.
 */
#ifndef OWL_BODY_H
#define OWL_BODY_H

#include <stdint.h>
#include "remote/downgrade.h"

enum { BODY_CHUNK_OCTETS = 65536 };

/* Where a body is: in memory, or in a descriptor from offset 0. */
struct body {
  struct text content; /* absent: see fd */
  int fd;
  uint64_t size;
  bool is_exact; /* nothing is added at the end: binary data */
  struct downgrade *downgrade; /* NULL, or what makes it 7-bit: it has examined the body */
};

/* body_chunk(): the octets from offset on, at most BODY_CHUNK_OCTETS, as a view
 * of the content or of *space.  0, or -1 with errno; EIO: the file is shorter
 * than size. */
int body_chunk(const struct body *b, uint64_t offset, stralloc *space, struct text *chunk);

/* Reads a body from its beginning, in the form in which it is to be sent. */
struct body_reader {
  const struct body *body;
  stralloc *space; /* the caller's */
  uint64_t offset;
  bool is_over;
};

/* body_read(): 1 and the next octets, a view that is valid until the next call; 0 at
 * the end; or -1 with errno. */
int body_read(struct body_reader *r, struct text *chunk);

/* What a body asks of a server. */
struct survey {
  uint64_t wire_octets; /* without doubled dots and the final one (RFC 1870 3): a chunk's exact size */
  bool eightbit_header; /* an octet above 127 before the first empty line */
  bool eightbit_text;   /* behind it */
};

/* body_survey(): reads all of it.  0, or -1 with errno. */
int body_survey(const struct body *b, stralloc *space, struct survey *s);

/* body_examine(): whether *d can make this body, which has no downgrade, 7-bit.
 * 0, or -1 with errno. */
int body_examine(const struct body *b, stralloc *space, struct downgrade *d, bool *possible);

struct body_encoder {
  bool is_chunk; /* for BDAT: dots stay, and nothing ends the data */
  bool is_exact; /* as in struct body */
  bool in_line;  /* the last octet out was no line end */
  bool after_cr; /* a CR has been taken and not yet written */
};

/* Both append; 0, or -1 without memory.  An encoder starts zeroed, but
 * for the kind.
 * body_encode_end() adds what ends the data: a line end if there is none, and
 * the line with the dot. */
int body_encode(struct body_encoder *e, struct text chunk, stralloc *out);
int body_encode_end(struct body_encoder *e, stralloc *out);

#endif
