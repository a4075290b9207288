#include "config.h"
#include "lib/envelope.h"
#include <errno.h>
#include <stdlib.h>
#include "lib/bigendian.h"
#include "lib/result.h"
#include "lib/room.h"

enum { TEXT_MAX = 1024, VERSION_OCTETS = 2 };

#define MESSAGE(TAG, TYPE, MEMBER, MAX) {TAG, TYPE, offsetof(struct envelope, MEMBER), MAX, false}
static const struct field message_fields[] = {
  MESSAGE(TAG_SENDER, FIELD_TEXT, sender, ENVELOPE_ADDRESS_MAX),
  MESSAGE(TAG_ENVID, FIELD_TEXT, envid, 100), /* RFC 3461 4.4 */
  MESSAGE(TAG_RET, FIELD_UINT, ret, RET_HEADERS),
  MESSAGE(TAG_BODY, FIELD_UINT, body, BODY_BINARYMIME),
  MESSAGE(TAG_SMTPUTF8, FIELD_FLAG, smtputf8, 0),
  MESSAGE(TAG_REQUIRETLS, FIELD_FLAG, requiretls, 0),
  MESSAGE(TAG_PRIORITY, FIELD_UINT, priority, 19),
  MESSAGE(TAG_HOLD_UNTIL, FIELD_UINT, hold_until_us, UINT64_MAX),
  MESSAGE(TAG_DEADLINE, FIELD_UINT, deadline_us, UINT64_MAX),
  MESSAGE(TAG_DEADLINE_MODE, FIELD_UINT, deadline_mode, DEADLINE_NOTIFY),
  MESSAGE(TAG_FORWARDER, FIELD_TEXT, forwarder, RESULT_HOST_MAX),
  MESSAGE(TAG_AUTH_USER, FIELD_TEXT, auth_user, TEXT_MAX),
  MESSAGE(TAG_CLIENT_ADDRESS, FIELD_TEXT, client_address, TEXT_MAX),
  MESSAGE(TAG_CLIENT_PORT, FIELD_UINT, client_port, 65535),
  MESSAGE(TAG_CLIENT_NAME, FIELD_TEXT, client_name, TEXT_MAX),
  MESSAGE(TAG_HELO, FIELD_TEXT, helo, TEXT_MAX),
  MESSAGE(TAG_TLS, FIELD_TEXT, tls, TEXT_MAX),
  MESSAGE(TAG_SUBMITTER_UID, FIELD_UINT, submitter_uid, UINT32_MAX),
  MESSAGE(TAG_SUBMITTER_PID, FIELD_UINT, submitter_pid, UINT32_MAX),
  MESSAGE(TAG_ARRIVAL, FIELD_UINT, arrival_us, UINT64_MAX),
  MESSAGE(TAG_INSTANCE, FIELD_TEXT, instance, TEXT_MAX),
  MESSAGE(TAG_KIND, FIELD_UINT, kind, KIND_DOUBLE_BOUNCE),
  MESSAGE(TAG_PARENT, FIELD_TEXT, parent, 64),
  MESSAGE(TAG_PROTOCOL, FIELD_TEXT, protocol, 32),
  FIELD_END
};

#define RECIPIENT(TAG, TYPE, MEMBER, MAX)                                                        \
  {TAG, TYPE, offsetof(struct envelope_recipient, MEMBER), MAX, false}
static const struct field recipient_fields[] = {
  RECIPIENT(TAG_RECIPIENT_ADDRESS, FIELD_TEXT, address, ENVELOPE_ADDRESS_MAX),
  RECIPIENT(TAG_ORCPT, FIELD_TEXT, orcpt, ENVELOPE_ADDRESS_MAX),
  RECIPIENT(TAG_NOTIFY, FIELD_UINT, notify,
            NOTIFY_NEVER | NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY),
  RECIPIENT(TAG_RECIPIENT_INDEX, FIELD_UINT, index, ENVELOPE_RECIPIENTS_MAX),
  FIELD_END
};

struct envelope_recipient *envelope_add(struct envelope *e) {
  if (e->recipient_count == ENVELOPE_RECIPIENTS_MAX) return NULL;
  if (room_make(&e->recipients, e->recipient_count, &e->recipient_space, sizeof *e->recipients, 4) == -1) return NULL;
  struct envelope_recipient *r = &e->recipients[e->recipient_count++];
  *r = (struct envelope_recipient){0};
  return r;
}

static int put_unknown(stralloc *out, struct text items) {
  return text_cat(out, items) == 0 ? 0 : (errno = ENOMEM, -1);
}

void envelope_copy_terms(struct envelope *to, const struct envelope *from) {
  to->envid = from->envid;
  to->ret = from->ret;
  to->body = from->body;
  to->smtputf8 = from->smtputf8;
  to->requiretls = from->requiretls;
  to->priority = from->priority;
  to->hold_until_us = from->hold_until_us;
  to->deadline_us = from->deadline_us;
  to->deadline_mode = from->deadline_mode;
}

int envelope_put_message(stralloc *out, const struct envelope *e) {
  return record_put(out, message_fields, e) == -1 ? -1 : put_unknown(out, e->unknown);
}

int envelope_put_recipient(stralloc *out, const struct envelope_recipient *r) {
  return record_put(out, recipient_fields, r) == -1 ? -1 : put_unknown(out, r->unknown);
}

int envelope_put_all(stralloc *out, const struct envelope *e) {
  if (envelope_put_message(out, e) == -1) return -1;
  for (size_t i = 0; i < e->recipient_count; i++)
    if (envelope_put_recipient(out, &e->recipients[i]) == -1) return -1;
  return 0;
}

int envelope_encode(stralloc *out, const struct envelope *e) {
  char version[VERSION_OCTETS];
  put_u16(version, ENVELOPE_VERSION);
  if (!stralloc_catb(out, version, sizeof version)) return errno = ENOMEM, -1;
  return envelope_put_all(out, e);
}

static enum record_status take_recipient(struct envelope *e, const struct tlv *item) {
  if (item->tag == TAG_RECIPIENT_ADDRESS && !envelope_add(e)) return RECORD_MALFORMED;
  if (e->recipient_count == 0) return RECORD_MALFORMED;
  return record_take(recipient_fields, &e->recipients[e->recipient_count - 1], item);
}

enum record_status envelope_take(struct envelope *e, const struct tlv *item) {
  return item->tag & TAG_RECIPIENT ? take_recipient(e, item) : record_take(message_fields, e, item);
}

/* Unknown items of one owner stand one behind the other in our own encoding
 * (we write them last), so they can be kept as one view.  A writer that mixes
 * them with known ones is refused rather than half understood. */
static bool keep_unknown(struct text *unknown, const struct tlv *item) {
  const char *start = item->value.s - TLV_HEADER_OCTETS;
  if (!unknown->s) *unknown = (struct text){start, 0};
  if (unknown->s + unknown->len != start) return false;
  unknown->len += TLV_HEADER_OCTETS + item->value.len;
  return true;
}

static bool decode_item(struct envelope *e, const struct tlv *item) {
  switch (envelope_take(e, item)) {
    case RECORD_TAKEN: return true;
    case RECORD_MALFORMED: return false;
    case RECORD_UNKNOWN: break;
  }
  if (item->tag & TAG_CRITICAL) e->unknown_critical = true;
  return keep_unknown(item->tag & TAG_RECIPIENT ? &e->recipients[e->recipient_count - 1].unknown
                                                : &e->unknown,
                      item);
}

enum envelope_status envelope_decode(struct envelope *e, struct text octets) {
  struct tlv_reader r;
  struct tlv item;
  enum tlv_status s;
  if (octets.len < VERSION_OCTETS) return ENVELOPE_MALFORMED;
  if (get_u16(octets.s) != ENVELOPE_VERSION) return ENVELOPE_BAD_VERSION;
  errno = 0; /* envelope_add() leaves ENOMEM there */
  r.rest = (struct text){octets.s + VERSION_OCTETS, octets.len - VERSION_OCTETS};
  while ((s = tlv_next(&r, &item)) == TLV_ITEM)
    if (!decode_item(e, &item)) break;
  if (s == TLV_END) return ENVELOPE_OK;
  envelope_free(e);
  return errno == ENOMEM ? ENVELOPE_NO_MEMORY : ENVELOPE_MALFORMED;
}

void envelope_free(struct envelope *e) {
  free(e->recipients);
  *e = (struct envelope){0};
}
