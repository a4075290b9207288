/* tlv.h - (tag, length, value) items, the alphabet of every owlpost carrier
 *
 * An item is a tag of 16 bits, a length of 32 bits, both big-endian, and the
 * value.  Numbers are values of exactly 8 octets, big-endian.  Tags are listed
 * in lib/tag.h.  Readers treat their input as hostile.
 */
#ifndef OWL_TLV_H
#define OWL_TLV_H

#include <stdint.h>
#include "lib/text.h"

enum { TLV_HEADER_OCTETS = 6 };

struct tlv {
  uint16_t tag;
  struct text value; /* points into the reader's octets */
};

struct tlv_reader {
  struct text rest;
};

/* Append one item; the value must not lie in out.  0, or -1 with errno: ENOMEM,
 * or EMSGSIZE for a value over UINT32_MAX. */
int tlv_put(stralloc *out, uint16_t tag, struct text value);
int tlv_put_uint(stralloc *out, uint16_t tag, uint64_t value);

enum tlv_status { TLV_ITEM, TLV_END, TLV_MALFORMED };
enum tlv_status tlv_next(struct tlv_reader *r, struct tlv *item);

/* tlv_uint(): 0, or -1 when the value is not 8 octets long. */
int tlv_uint(const struct tlv *item, uint64_t *value);

#endif
