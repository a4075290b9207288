/* injectinput.h - a message as Unix programs write it, on its way to the queue
 *
 * Line ends: when the first line ends with CR LF, every CR LF becomes LF;
 * otherwise every octet stays.  A last line without an end gets one.  A first
 * line of an mbox ("From " or ">From ") is dropped.  With dot_ends a line that
 * is a single dot ends the message.  Input is hostile.
 */
#ifndef OWL_QUEUE_INJECTINPUT_H
#define OWL_QUEUE_INJECTINPUT_H

#include "lib/text.h"

enum { INJECTINPUT_HEADER_MAX = 1048576, INJECTINPUT_CHUNK = 65536 };

struct injectinput {
  int fd;
  bool dot_ends;
  /* how the octets that were held back go on */
  bool line_ends_known, crlf;
  bool held_cr, held_dot;
  bool in_line; /* the last octet handed out was no LF */
  bool ended;
  /* octets that are ready */
  char ready[INJECTINPUT_CHUNK + 8];
  size_t at, len;
  stralloc line; /* read in search of the header's end; it belongs to the body */
};

enum injectinput_status {
  INJECTINPUT_OK,
  INJECTINPUT_TOO_LONG, /* the header is over INJECTINPUT_HEADER_MAX octets */
  INJECTINPUT_READ_ERROR,
  INJECTINPUT_NO_MEMORY
};

void injectinput_start(struct injectinput *in, int fd, bool dot_ends);

/* injectinput_header(): *header gets the lines of the header, without the
 * empty line behind it. */
enum injectinput_status injectinput_header(struct injectinput *in, stralloc *header);

/* injectinput_body(): the next octets of the body; none at its end.  They are
 * valid until the next call. */
enum injectinput_status injectinput_body(struct injectinput *in, struct text *octets);

void injectinput_free(struct injectinput *in);

#endif
