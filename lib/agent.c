#include "config.h"
#include "lib/agent.h"
#include <errno.h>
#include "lib/queueid.h"
#include "lib/route.h"

const struct frame_protocol agent_protocol = {'A', 1, AGENT_FRAME_MAX};

#define WORKER(TAG, TYPE, MEMBER, MAX, ALWAYS)                                                   \
  {TAG, TYPE, offsetof(struct agent_worker, MEMBER), MAX, ALWAYS}
static const struct field worker_fields[] = {
  WORKER(TAG_CHANNEL, FIELD_UINT, channel, CHANNEL_REMOTE, true),
  WORKER(TAG_DESTINATION, FIELD_TEXT, address, ENVELOPE_ADDRESS_MAX, false),
  WORKER(TAG_HOST, FIELD_TEXT, host, RESULT_HOST_MAX, false),
  WORKER(TAG_PORT, FIELD_UINT, port, 65535, false),
  WORKER(TAG_USE_MX, FIELD_FLAG, use_mx, 0, false),
  WORKER(TAG_SPOKEN, FIELD_UINT, protocol, PROTOCOL_QMTP, false),
  WORKER(TAG_SOCKET_PATH, FIELD_TEXT, socket_path, SOCKET_PATH_MAX, false),
  FIELD_END
};

static const struct field job_fields[] = {
  {TAG_JOB, FIELD_UINT, offsetof(struct agent_job, job), UINT32_MAX, true},
  {TAG_MESSAGE, FIELD_TEXT, offsetof(struct agent_job, message), QUEUEID_LENGTH, false},
  {TAG_SIZE, FIELD_UINT, offsetof(struct agent_job, size), INT64_MAX, true},
  {TAG_CONTENT, FIELD_OCTETS, offsetof(struct agent_job, content), AGENT_CONTENT_MAX, false},
  FIELD_END
};

#define ANSWER(TAG, MEMBER, MAX) {TAG, FIELD_UINT, offsetof(struct agent_result, MEMBER), MAX, true}
static const struct field result_fields[] = {
  ANSWER(TAG_JOB, job, UINT32_MAX),
  ANSWER(TAG_RECIPIENT_NUMBER, index, ENVELOPE_RECIPIENTS_MAX),
  RESULT_FIELDS(struct agent_result, result),
  FIELD_END
};

struct refusal {
  struct result result;
};
static const struct field refuse_fields[] = {RESULT_FIELDS(struct refusal, result), FIELD_END};

static bool remote_is_whole(const struct agent_worker *w) {
  bool is_lmtp = w->protocol == PROTOCOL_LMTP, has_host = w->host.len > 0 && w->port > 0;
  if (w->socket_path.s) return is_lmtp && !w->host.s && target_is_path(w->socket_path);
  return has_host && !(w->protocol != PROTOCOL_SMTP && w->use_mx);
}

static bool worker_is_whole(const struct agent_worker *w) {
  return w->channel == CHANNEL_LOCAL ? w->address.len > 0 : remote_is_whole(w);
}

/* A spawner ends when it gets one that it cannot understand. */
int agent_put_worker(stralloc *out, const struct agent_worker *w) {
  return worker_is_whole(w) ? record_put(out, worker_fields, w) : (errno = EPROTO, -1);
}

int agent_put_job(stralloc *out, const struct agent_job *j) {
  if (record_put(out, job_fields, j) == -1) return -1;
  return envelope_put_all(out, &j->envelope);
}

int agent_put_result(stralloc *out, const struct agent_result *r) {
  return record_put(out, result_fields, r);
}

int agent_read_worker(struct agent_worker *w, struct text payload) {
  *w = (struct agent_worker){0};
  if (record_read(worker_fields, w, payload) == -1) return -1;
  return worker_is_whole(w) ? 0 : (errno = EPROTO, -1);
}

static bool job_is_valid(const struct agent_job *j, bool has_descriptor) {
  if (!j->envelope.sender.s || j->envelope.recipient_count == 0) return false;
  if (j->envelope.recipient_count > AGENT_RECIPIENTS_MAX) return false;
  bool whole = has_descriptor ? !j->content.s : j->content.s && j->content.len == j->size;
  if (!whole) return false;
  struct queueid id;
  return queueid_parse(&id, j->message);
}

/* An unknown item that is critical asks for something that this agent cannot
 * promise, so the job is refused; others are terms that can be left out. */
static bool take_job_item(struct agent_job *j, const struct tlv *item) {
  enum record_status s = record_take(job_fields, j, item);
  if (s == RECORD_UNKNOWN) s = envelope_take(&j->envelope, item);
  return s == RECORD_TAKEN || (s == RECORD_UNKNOWN && !(item->tag & TAG_CRITICAL));
}

int agent_read_job(struct agent_job *j, struct text payload, bool has_descriptor) {
  struct tlv_reader r = {payload};
  struct tlv item;
  enum tlv_status s;
  *j = (struct agent_job){0};
  while ((s = tlv_next(&r, &item)) == TLV_ITEM)
    if (!take_job_item(j, &item)) break;
  if (s == TLV_END && job_is_valid(j, has_descriptor)) return 0;
  envelope_free(&j->envelope);
  return errno = EPROTO, -1;
}

int agent_read_result(struct agent_result *r, struct text payload) {
  *r = (struct agent_result){0};
  if (record_read(result_fields, r, payload) == -1) return -1;
  return result_is_valid(&r->result) ? 0 : (errno = EPROTO, -1);
}

int agent_read_refuse(struct result *r, struct text payload) {
  struct refusal refusal = {0};
  if (record_read(refuse_fields, &refusal, payload) == -1) return -1;
  if (!result_is_valid(&refusal.result)) return errno = EPROTO, -1;
  *r = refusal.result;
  return 0;
}

static int send_payload(int sock, unsigned type, stralloc *payload, int encoded, int limit_ms) {
  int r = encoded;
  if (r == 0) r = frame_send(sock, &agent_protocol, type, text_of_stralloc(payload), -1, limit_ms);
  int saved = errno;
  stralloc_free(payload);
  errno = saved;
  return r;
}

int agent_send_result(int sock, const struct agent_result *r, int limit_ms) {
  stralloc payload = {0};
  return send_payload(sock, AGENT_RESULT, &payload, agent_put_result(&payload, r), limit_ms);
}

int agent_send_refuse(int sock, const struct result *r, int limit_ms) {
  stralloc payload = {0};
  struct refusal refusal = {*r};
  return send_payload(sock, AGENT_REFUSE, &payload, record_put(&payload, refuse_fields, &refusal),
                      limit_ms);
}
