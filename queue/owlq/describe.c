#include "config.h"
#include "queue/owlq/describe.h"

uint64_t describe_due(const struct message *m, size_t recipient) {
  const struct recipient_state *s = &m->states[recipient];
  uint64_t left_s = s->next_age_s > m->last_age_s ? s->next_age_s - m->last_age_s : 0;
  if (s->attempts == 0) return m->file.envelope.arrival_us;
  return left_s < UINT32_MAX ? m->last_us + left_s * 1000000u : UINT64_MAX - 1;
}

uint64_t describe_next(const struct message *m) {
  uint64_t least = UINT64_MAX;
  for (size_t i = 0; i < m->file.envelope.recipient_count; i++)
    if (m->states[i].progress == RECIPIENT_WAITING && describe_due(m, i) < least) least = describe_due(m, i);
  return least;
}

uint64_t describe_age(uint64_t arrival_us, uint64_t now_us) {
  return now_us > arrival_us ? (now_us - arrival_us) / 1000000u : 0;
}

const char *describe_kind(uint64_t kind) {
  return kind == KIND_DSN ? "dsn" : kind == KIND_DOUBLE_BOUNCE ? "double-bounce" : "mail";
}

const char *describe_class(uint64_t class) {
  return class == RESULT_SUCCESS    ? "success"
         : class == RESULT_DEFERRAL ? "deferral"
         : class == RESULT_FAILURE  ? "failure"
                                    : "none";
}

size_t describe_latest(const struct message *m) {
  size_t count = m->file.envelope.recipient_count, latest = count;
  for (size_t i = 0; i < count; i++) {
    const struct logrecord *last = &m->states[i].last;
    if (m->states[i].progress == RECIPIENT_DONE || last->result.class < RESULT_DEFERRAL) continue;
    if (latest == count || last->time_us > m->states[latest].last.time_us) latest = i;
  }
  return latest;
}

static const char *place_of(const struct selected *m) {
  if (m->in_bad_folder) return "bad";
  return m->place == PLACE_TODO ? "todo" : "wait";
}

void describe_message(struct jsonline *j, const struct selected *m, uint64_t now_us) {
  jsonline_string(j, "id", m->id->s);
  jsonline_string(j, "state", state_name(m->state));
  jsonline_string(j, "place", place_of(m));
  jsonline_time(j, "arrived", m->arrival_us);
  jsonline_number(j, "age_s", describe_age(m->arrival_us, now_us));
  jsonline_number(j, "octets", m->octets);
  jsonline_string(j, "reason", m->reason);
  if (!m->message) return;
  jsonline_text(j, "sender", m->message->file.envelope.sender);
  jsonline_string(j, "kind", describe_kind(m->message->file.envelope.kind));
}

static void set_text(struct jsonline *j, const char *key, struct text t) {
  if (t.len) jsonline_text(j, key, t);
}

void describe_receipt(struct jsonline *j, const struct envelope *e) {
  set_text(j, "client_address", e->client_address);
  set_text(j, "tls", e->tls);
  set_text(j, "authenticated_user", e->auth_user);
}

void describe_recipient(struct jsonline *j, const struct message *m, size_t i) {
  static const char *const names[] = {
    [RECIPIENT_WAITING] = "waiting", [RECIPIENT_DONE] = "delivered", [RECIPIENT_FAILED] = "failed"};
  const struct recipient_state *s = &m->states[i];
  jsonline_text(j, "address", m->file.envelope.recipients[i].address);
  jsonline_string(j, "state", names[s->progress]);
  jsonline_number(j, "attempts", s->attempts);
  if (s->progress == RECIPIENT_WAITING) jsonline_time(j, "next", describe_due(m, i));
  if (s->progress == RECIPIENT_FAILED) jsonline_flag(j, "told", s->told);
}

void describe_result(struct jsonline *j, const struct logrecord *r) {
  jsonline_time(j, "at", r->time_us);
  jsonline_string(j, "result", describe_class(r->result.class));
  set_text(j, "status", r->result.status);
  if (r->result.reply_code) jsonline_number(j, "code", r->result.reply_code);
  set_text(j, "text", r->result.text);
  set_text(j, "host", r->result.host);
  set_text(j, "address", r->result.address);
  set_text(j, "tls", r->result.tls);
  set_text(j, "destination", r->route);
}

void describe_last(struct jsonline *j, const struct message *m, size_t i) {
  struct jsonline child;
  if (m->states[i].last.result.class < RESULT_SUCCESS) return;
  jsonline_begin(&child);
  describe_result(&child, &m->states[i].last);
  jsonline_nest(j, "last", &child);
}
