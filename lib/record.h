/* record.h - structs to TLV items and back, by a table of fields
 *
 * A struct whose members are uint64_t, bool or struct text is described by a
 * table; record_put() and record_take() then encode and decode it.  Zero,
 * false and TEXT_ABSENT are "not given" and are not written; a number whose row
 * says always is written when it is zero, too.
 *
 * No control octet passes in a FIELD_TEXT, in either direction, so that what a
 * carrier brings can stand in a log line, a header field or a command.
 */
#ifndef OWL_RECORD_H
#define OWL_RECORD_H

#include <stdint.h>
#include "lib/tag.h"
#include "lib/tlv.h"

enum field_type {
  FIELD_UINT,
  FIELD_FLAG,
  FIELD_TEXT,  /* struct text, clean (lib/text.h) */
  FIELD_OCTETS /* struct text, any octets */
};

struct field {
  uint16_t tag;
  enum field_type type;
  size_t offset;
  uint64_t max; /* text: octets; number: greatest value */
  bool always;
};

/* A table ends with FIELD_END. */
#define FIELD_END {0, FIELD_UINT, 0, 0, false}

/* record_put(): appends the members that are set.  0, or -1 with errno: ENOMEM,
 * EMSGSIZE for a member over its max, EILSEQ for a control octet. */
int record_put(stralloc *out, const struct field *fields, const void *object);

enum record_status {
  RECORD_TAKEN,
  RECORD_UNKNOWN,  /* no such tag in the table */
  RECORD_MALFORMED /* wrong length, over max, or a control octet */
};

/* record_take(): stores one item into the object, which then points into the
 * item's octets.  Of two items with one tag the last counts.  After
 * RECORD_MALFORMED the member holds no value to be used.  Hostile input. */
enum record_status record_take(const struct field *fields, void *object, const struct tlv *item);

/* record_read(): every item of a payload; unknown items that are not critical
 * are passed over.  0, or -1 with errno EPROTO: malformed, or unknown and
 * critical. */
int record_read(const struct field *fields, void *object, struct text payload);

#endif
