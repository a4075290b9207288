#include "config.h"
#include "lib/record.h"
#include <errno.h>

static int put_number(stralloc *out, const struct field *f, uint64_t value) {
  if (value > f->max) return errno = EMSGSIZE, -1;
  return value || f->always ? tlv_put_uint(out, f->tag, value) : 0;
}

static int put_text(stralloc *out, const struct field *f, struct text value) {
  if (value.len > f->max) return errno = EMSGSIZE, -1;
  if (f->type == FIELD_TEXT && !text_is_clean(value)) return errno = EILSEQ, -1;
  return value.s ? tlv_put(out, f->tag, value) : 0;
}

int record_put(stralloc *out, const struct field *fields, const void *object) {
  const char *base = object;
  for (const struct field *f = fields; f->tag; f++) {
    const void *member = base + f->offset;
    int r = 0;
    switch (f->type) {
      case FIELD_UINT: r = put_number(out, f, *(const uint64_t *)member); break;
      case FIELD_FLAG: r = *(const bool *)member ? tlv_put(out, f->tag, text_of("")) : 0; break;
      case FIELD_TEXT:
      case FIELD_OCTETS: r = put_text(out, f, *(const struct text *)member); break;
    }
    if (r == -1) return -1;
  }
  return 0;
}

static bool store(const struct field *f, void *member, const struct tlv *item) {
  switch (f->type) {
    case FIELD_UINT:
      return tlv_uint(item, (uint64_t *)member) == 0 && *(uint64_t *)member <= f->max;
    case FIELD_FLAG: *(bool *)member = true; return item->value.len == 0;
    case FIELD_TEXT:
    case FIELD_OCTETS:
      *(struct text *)member = item->value;
      return item->value.len <= f->max && (f->type == FIELD_OCTETS || text_is_clean(item->value));
  }
  return false;
}

enum record_status record_take(const struct field *fields, void *object, const struct tlv *item) {
  for (const struct field *f = fields; f->tag; f++)
    if (f->tag == item->tag)
      return store(f, (char *)object + f->offset, item) ? RECORD_TAKEN : RECORD_MALFORMED;
  return RECORD_UNKNOWN;
}

int record_read(const struct field *fields, void *object, struct text payload) {
  struct tlv_reader r = {payload};
  struct tlv item;
  enum tlv_status s;
  while ((s = tlv_next(&r, &item)) == TLV_ITEM) {
    enum record_status taken = record_take(fields, object, &item);
    if (taken == RECORD_MALFORMED || (taken == RECORD_UNKNOWN && item.tag & TAG_CRITICAL)) break;
  }
  return s == TLV_END ? 0 : (errno = EPROTO, -1);
}
