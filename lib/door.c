#include "config.h"
#include "lib/door.h"
#include <errno.h>

const struct frame_protocol door_protocol = {'D', 1, DOOR_FRAME_MAX};

static const struct field request_fields[] = {
  {TAG_OCTETS, FIELD_UINT, offsetof(struct door_request, octets), INT64_MAX, false},
  {TAG_STATUS, FIELD_TEXT, offsetof(struct door_request, status), 11, false},
  {TAG_LOCAL_ADDRESS, FIELD_TEXT, offsetof(struct door_request, local_address), 64, false},
  {TAG_LOCAL_PORT, FIELD_UINT, offsetof(struct door_request, local_port), 65535, false},
  {TAG_NODE, FIELD_TEXT, offsetof(struct door_request, node), 256, false},
  {TAG_MECHANISM, FIELD_TEXT, offsetof(struct door_request, mechanism), 20, false},
  {TAG_ATTRIBUTES, FIELD_TEXT, offsetof(struct door_request, attributes), SASL_ATTRIBUTES_MAX, false},
  {TAG_BINDING, FIELD_TEXT, offsetof(struct door_request, binding), SASL_BINDING_MAX, false},
  {TAG_SECRET, FIELD_OCTETS, offsetof(struct door_request, secret), DOOR_SECRET_MAX, false},
  FIELD_END
};

static const struct field answer_fields[] = {
  RESULT_FIELDS(struct door_answer, result),
  {TAG_ENDS_SESSION, FIELD_FLAG, offsetof(struct door_answer, ends_session), 0, false},
  {TAG_MAY_ETRN, FIELD_FLAG, offsetof(struct door_answer, may_etrn), 0, false},
  {TAG_CHALLENGE, FIELD_TEXT, offsetof(struct door_answer, challenge), DOOR_CHALLENGE_MAX, false},
  {TAG_MESSAGE_ID, FIELD_TEXT, offsetof(struct door_answer, message_id), DOOR_MESSAGE_ID_MAX, false},
  FIELD_END
};

int door_put_request(stralloc *out, const struct door_request *r) {
  if (record_put(out, request_fields, r) == -1) return -1;
  return envelope_put_all(out, &r->envelope);
}

int door_put_answer(stralloc *out, const struct door_answer *a) {
  return record_put(out, answer_fields, a);
}

/* Talker and doorkeeper are one program: nothing in a request can be unknown. */
int door_read_request(struct door_request *r, struct text payload) {
  struct tlv_reader reader = {payload};
  struct tlv item;
  enum tlv_status s;
  *r = (struct door_request){0};
  while ((s = tlv_next(&reader, &item)) == TLV_ITEM) {
    enum record_status taken = record_take(request_fields, r, &item);
    if (taken == RECORD_UNKNOWN) taken = envelope_take(&r->envelope, &item);
    if (taken != RECORD_TAKEN) break;
  }
  if (s == TLV_END && r->envelope.recipient_count <= 1) return 0;
  envelope_free(&r->envelope);
  return errno = EPROTO, -1;
}

int door_read_answer(struct door_answer *a, struct text payload) {
  *a = (struct door_answer){0};
  if (record_read(answer_fields, a, payload) == -1) return -1;
  return result_is_valid(&a->result) ? 0 : (errno = EPROTO, -1);
}
