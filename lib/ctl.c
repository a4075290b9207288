#include "config.h"
#include "lib/ctl.h"

const struct frame_protocol ctl_protocol = {'C', 1, CTL_FRAME_MAX};

static const struct field request_fields[] = {
  {TAG_MESSAGES, FIELD_TEXT, offsetof(struct ctl_request, messages), CTL_MESSAGES_MAX * QUEUEID_LENGTH, false},
  {TAG_DESTINATION, FIELD_TEXT, offsetof(struct ctl_request, destination), CTL_DESTINATION_MAX, false},
  FIELD_END
};

#define COUNT(TAG, MEMBER) {TAG, FIELD_UINT, offsetof(struct ctl_reply, MEMBER), UINT64_MAX, false}
static const struct field reply_fields[] = {
  COUNT(TAG_LOCAL_RUNNING, local_running),
  COUNT(TAG_LOCAL_LIMIT, local_limit),
  COUNT(TAG_REMOTE_RUNNING, remote_running),
  COUNT(TAG_REMOTE_LIMIT, remote_limit),
  COUNT(TAG_WAITING, waiting),
  COUNT(TAG_ACTIVE, active),
  COUNT(TAG_HELD_COUNT, held),
  COUNT(TAG_REMOTE_SILENT, remote_silent),
  {TAG_OUTCOMES, FIELD_TEXT, offsetof(struct ctl_reply, outcomes), CTL_MESSAGES_MAX, false},
  {TAG_TEXT, FIELD_TEXT, offsetof(struct ctl_reply, text), 4096, false},
  FIELD_END
};

int ctl_put_request(stralloc *out, const struct ctl_request *r) {
  return record_put(out, request_fields, r);
}

int ctl_put_reply(stralloc *out, const struct ctl_reply *r) {
  return record_put(out, reply_fields, r);
}

int ctl_read_request(struct ctl_request *r, struct text payload) {
  *r = (struct ctl_request){0};
  return record_read(request_fields, r, payload);
}

int ctl_read_reply(struct ctl_reply *r, struct text payload) {
  *r = (struct ctl_reply){0};
  return record_read(reply_fields, r, payload);
}

bool ctl_message(const struct ctl_request *r, size_t n, struct queueid *id) {
  if (n >= r->messages.len / QUEUEID_LENGTH) return false;
  return queueid_parse(id, (struct text){r->messages.s + n * QUEUEID_LENGTH, QUEUEID_LENGTH});
}
