/* data.h - the octets between DATA and CRLF.CRLF (RFC 5321 4.1.1.4, 4.5.2)
 *
 * data_decode() takes the client's octets as they come, takes the dots away
 * that were stuffed in, and makes CRLF to LF.  Only CRLF begins a line, so
 * only CRLF "." CRLF ends the data, whatever bare CR and LF stand before it:
 * these are remembered, and the message is to be refused at its end.  NUL and
 * 8-bit octets pass, and lines of any length.  Input is hostile.
 */
#ifndef OWL_DATA_H
#define OWL_DATA_H

#include <stdint.h>
#include "lib/text.h"

enum data_state {
  DATA_LINE_START, /* behind CRLF, or nothing read yet */
  DATA_DOT,        /* a dot at the start of a line */
  DATA_DOT_CR,
  DATA_TEXT,
  DATA_CR,
  DATA_END /* CRLF.CRLF has been taken */
};

struct data {
  enum data_state state;
  bool bare_cr, bare_lf;
  bool in_body;   /* behind the header's empty line */
  uint64_t size;  /* octets of the message, a line end counted as two (RFC 1870 6) */
  uint64_t hops;  /* Received and Delivered-To fields in the header */
  char name[16];  /* what this header line starts with, lower case */
  size_t name_len;
};

/* data_decode(): *in is moved behind what was taken, all of it or the octets
 * through the end of the data.  out has room for in->len octets; the number
 * stored is returned.  What is stored after a bare CR or LF is of no use. */
size_t data_decode(struct data *d, struct text *in, char *out);

#endif
