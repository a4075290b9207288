/* header.h - walk and classify the header of a message (RFC 5322 2.2)
 *
 * Lines end with LF.  A header field is a name of printable octets, a colon,
 * and a value that goes on over lines which start with a blank.  Views point
 * into the caller's text.  Input is hostile: any octet may stand in a value.
 */
#ifndef OWL_HEADER_H
#define OWL_HEADER_H

#include "lib/text.h"

enum header_line {
  HEADER_LINE_FIELD,    /* begins a field */
  HEADER_LINE_FOLDED,   /* starts with a blank: goes on with the field before it */
  HEADER_LINE_EMPTY,    /* ends the header */
  HEADER_LINE_NO_FIELD  /* the body starts here, without an empty line */
};

/* header_line(): what a line is, judged alone; with or without its LF. */
enum header_line header_line(struct text line);

struct header_field {
  struct text whole; /* from the name through the LF of its last line */
  struct text name;
  struct text value; /* behind the colon, folded lines and all, without the last LF */
};

/* header_next(): takes the first field of *rest and moves *rest behind it.
 * False at the end of the header; *rest is then what did not belong to it, an
 * empty line included. */
bool header_next(struct text *rest, struct header_field *field);

/* header_find(): the first field of that name. */
bool header_find(struct text header, const char *name, struct header_field *field);

enum header_name {
  HEADER_OTHER,
  HEADER_APPARENTLY_TO,
  HEADER_BCC,
  HEADER_CC,
  HEADER_CONTENT_LENGTH,
  HEADER_DATE,
  HEADER_DISPOSITION_NOTIFICATION_TO,
  HEADER_ERRORS_TO,
  HEADER_FROM,
  HEADER_MAIL_FOLLOWUP_TO,
  HEADER_MAIL_REPLY_TO,
  HEADER_MESSAGE_ID,
  HEADER_REPLY_TO,
  HEADER_RESENT_BCC,
  HEADER_RESENT_CC,
  HEADER_RESENT_DATE,
  HEADER_RESENT_FROM,
  HEADER_RESENT_MESSAGE_ID,
  HEADER_RESENT_REPLY_TO,
  HEADER_RESENT_SENDER,
  HEADER_RESENT_TO,
  HEADER_RETURN_PATH,
  HEADER_RETURN_RECEIPT_TO,
  HEADER_SENDER,
  HEADER_TO,
  HEADER_NAME_COUNT
};

enum header_name header_classify(struct text name);

enum header_trait { /* a set */
  HEADER_ADDRESSES = 1,  /* the value is an address list */
  HEADER_RECIPIENTS = 2, /* the message goes to these addresses */
  HEADER_RESENT = 4      /* belongs to a resent message, RFC 5322 3.6.6 */
};

unsigned header_traits(enum header_name name);

#endif
