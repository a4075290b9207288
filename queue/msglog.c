#include "config.h"
#include "queue/msglog.h"
#include "lib/bigendian.h"
#include "lib/crc32c.h"
#include "lib/envelope.h"

enum { HEAD_OCTETS = 8 };
static const char magic[MSGLOG_MAGIC_OCTETS + 1] = "owlplog1";

#define ROW(TAG, TYPE, MEMBER, MAX, ALWAYS)                                                      \
  {TAG, TYPE, offsetof(struct logrecord, MEMBER), MAX, ALWAYS}
static const struct field fields[] = {
  ROW(TAG_TIME, FIELD_UINT, time_us, UINT64_MAX, true),
  ROW(TAG_AGE, FIELD_UINT, age_s, UINT64_MAX, true),
  ROW(TAG_RECIPIENT_NUMBER, FIELD_UINT, recipient, ENVELOPE_RECIPIENTS_MAX, true),
  ROW(TAG_NEXT_AGE, FIELD_UINT, next_age_s, UINT64_MAX, false),
  ROW(TAG_EVENT, FIELD_UINT, event, EVENT_RETURN, false),
  ROW(TAG_OPERATOR, FIELD_UINT, by_uid, UINT32_MAX, false),
  ROW(TAG_HELD, FIELD_FLAG, held, 0, false),
  ROW(TAG_TOLD, FIELD_FLAG, told, 0, false),
  ROW(TAG_DELAY_TOLD, FIELD_FLAG, delay_told, 0, false),
  ROW(TAG_DSN, FIELD_TEXT, dsn, QUEUEID_LENGTH, false),
  ROW(TAG_ROUTE, FIELD_TEXT, route, MSGLOG_ROUTE_MAX, false),
  RESULT_FIELDS(struct logrecord, result),
  FIELD_END
};

int msglog_cat_magic(stralloc *out) {
  return stralloc_catb(out, magic, MSGLOG_MAGIC_OCTETS) ? 0 : -1;
}

int msglog_cat(stralloc *out, const struct logrecord *r) {
  size_t start = out->len;
  char head[HEAD_OCTETS] = {0};
  if (!stralloc_catb(out, head, sizeof head) || record_put(out, fields, r) == -1) {
    out->len = start;
    return -1;
  }
  size_t len = out->len - start - HEAD_OCTETS;
  put_u32(out->s + start, (uint32_t)len);
  put_u32(out->s + start + 4, crc32c(0, out->s + start + HEAD_OCTETS, len));
  return 0;
}

bool msglog_first(struct text octets, struct text *rest) {
  *rest = octets;
  if (octets.len == 0) return true;
  if (octets.len < MSGLOG_MAGIC_OCTETS) return false;
  *rest = (struct text){octets.s + MSGLOG_MAGIC_OCTETS, octets.len - MSGLOG_MAGIC_OCTETS};
  return text_equals((struct text){octets.s, MSGLOG_MAGIC_OCTETS}, magic);
}

enum msglog_status msglog_next(struct text *rest, struct logrecord *r) {
  if (rest->len == 0) return MSGLOG_END;
  if (rest->len < HEAD_OCTETS) return MSGLOG_TORN;
  uint32_t len = get_u32(rest->s);
  /* eight zeroes, as a crash can leave them, would check as an empty record */
  if (len == 0 || len > MSGLOG_RECORD_MAX || len > rest->len - HEAD_OCTETS) return MSGLOG_TORN;
  struct text payload = {rest->s + HEAD_OCTETS, len};
  if (crc32c(0, payload.s, payload.len) != get_u32(rest->s + 4)) return MSGLOG_TORN;
  *r = (struct logrecord){0};
  if (record_read(fields, r, payload) == -1) return MSGLOG_TORN;
  *rest = (struct text){payload.s + len, rest->len - HEAD_OCTETS - len};
  return MSGLOG_RECORD;
}
