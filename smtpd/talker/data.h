/* data.h - the octets of a message: between DATA and CRLF.CRLF (RFC 5321
 * 4.1.1.4, 4.5.2), or in the chunks of BDAT (RFC 3030)
 *
 * data_decode() takes the client's octets as they come and makes CRLF to LF.
 * With DATA it takes the dots away that were stuffed in.  Only CRLF begins a
 * line for that, so only CRLF "." CRLF ends the data, whatever bare CR and LF
 * stand before it.  These spoil the message, which is to be refused at its
 * end; or, where they are normalised, a bare LF ends a line and a bare CR
 * becomes a space, as owl-remote(8) would send it.  NUL and 8-bit octets pass,
 * and lines of any length.  Input is hostile.
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

enum { DATA_HELD_OCTETS = 1 }; /* a CR, until the octet behind it is known */

struct data {
  /* set by the owner */
  bool chunked;    /* by BDAT: a dot is an octet like others, and nothing here ends the data */
  bool normalises; /* bare CR and LF are made harmless, not refused */

  enum data_state state;
  bool bare_cr, bare_lf;
  bool in_body;   /* behind the header's empty line */
  uint64_t size;  /* octets of the message, a line end counted as two (RFC 1870 6) */
  uint64_t hops;  /* Received and Delivered-To fields in the header */
  char name[16];  /* what this header line starts with, lower case */
  size_t name_len;
};

/* data_decode(): *in is moved behind what was taken, all of it or the octets
 * through the end of the data.  out has room for in->len and
 * DATA_HELD_OCTETS; the number stored is returned.  What is stored of a spoilt
 * message is of no use. */
size_t data_decode(struct data *d, struct text *in, char *out);

/* data_finish(): the last chunk has been decoded.  out has room for
 * DATA_HELD_OCTETS; the number stored is returned. */
size_t data_finish(struct data *d, char *out);

/* data_is_spoilt(): it has a CR or LF that is not part of CRLF, RFC 5321 2.3.8. */
bool data_is_spoilt(const struct data *d);

#endif
