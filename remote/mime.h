/* mime.h - which part of a message a line belongs to (RFC 2045, RFC 2046)
 *
 * Fed with a message's lines, in order, it says of each what it is.  Parts are
 * numbered as their headers begin; the message itself is 0.  What is deeper than
 * MIME_DEPTH_MAX, or has no usable boundary, counts as a leaf of kind
 * MIME_CLOSED.  Input is hostile.
 */
#ifndef OWL_MIME_H
#define OWL_MIME_H

#include "lib/text.h"

enum { MIME_DEPTH_MAX = 16, MIME_BOUNDARY_MAX = 70, MIME_FIELD_MAX = 4096 };

enum mime_place {
  MIME_HEADER,
  MIME_BLANK, /* the empty line that ends a header: the part's kind is known */
  MIME_LEAF,  /* the text of a part without parts */
  MIME_BETWEEN /* a delimiter, or what stands before the first and behind the last */
};

enum mime_kind {
  MIME_SINGLE,    /* a leaf that may be encoded */
  MIME_CLOSED,    /* a leaf that may not: of type multipart or message, encoded, or signed */
  MIME_COMPOSITE  /* has parts, or is a message */
};

struct mime_level {
  char boundary[MIME_BOUNDARY_MAX];
  size_t len;
  bool is_digest, is_signed;
};

struct mime {
  /* of the line that was fed last */
  enum mime_place place;
  unsigned part;
  /* of the header that was read last */
  enum mime_kind kind;
  bool is_message; /* the header of a whole message */
  bool has_version, has_type;
  /* the parser's own */
  bool has_encoding; /* one that is more than a label */
  bool is_multipart, is_other_message, is_rfc822;
  struct mime_level next; /* of the multipart whose header this is */
  struct mime_level levels[MIME_DEPTH_MAX];
  size_t depth;
  enum mime_place state; /* of the next line */
  stralloc field; /* owned; unfolded */
};

/* mime_begin(): for a new message; *m is zeroed or was used before. */
void mime_begin(struct mime *m);

/* mime_line(): a line without its end, or, with begins false, more of the last
 * one.  0, or -1 without memory. */
int mime_line(struct mime *m, struct text line, bool begins);

/* mime_is_signed(): where the last line stands a signature covers. */
bool mime_is_signed(const struct mime *m);

/* mime_is_field(): the line begins a field of this name. */
bool mime_is_field(struct text line, const char *name);

void mime_free(struct mime *m);

#endif
