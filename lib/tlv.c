#include "config.h"
#include "lib/tlv.h"
#include <errno.h>
#include "lib/bigendian.h"

int tlv_put(stralloc *out, uint16_t tag, struct text value) {
  char head[TLV_HEADER_OCTETS];
  if (value.len > UINT32_MAX) return errno = EMSGSIZE, -1;
  put_u16(head, tag);
  put_u32(head + 2, (uint32_t)value.len);
  if (!stralloc_catb(out, head, sizeof head) || text_cat(out, value) == -1)
    return errno = ENOMEM, -1;
  return 0;
}

int tlv_put_uint(stralloc *out, uint16_t tag, uint64_t value) {
  char number[8];
  put_u64(number, value);
  return tlv_put(out, tag, (struct text){number, sizeof number});
}

enum tlv_status tlv_next(struct tlv_reader *r, struct tlv *item) {
  if (r->rest.len == 0) return TLV_END;
  if (r->rest.len < TLV_HEADER_OCTETS) return TLV_MALFORMED;
  size_t len = get_u32(r->rest.s + 2);
  if (len > r->rest.len - TLV_HEADER_OCTETS) return TLV_MALFORMED;
  item->tag = get_u16(r->rest.s);
  item->value = (struct text){r->rest.s + TLV_HEADER_OCTETS, len};
  r->rest.s += TLV_HEADER_OCTETS + len;
  r->rest.len -= TLV_HEADER_OCTETS + len;
  return TLV_ITEM;
}

int tlv_uint(const struct tlv *item, uint64_t *value) {
  if (item->value.len != 8) return -1;
  *value = get_u64(item->value.s);
  return 0;
}
