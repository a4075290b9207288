#include "config.h"
#include "queue/message.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "lib/crc32c.h"
#include "lib/iofd.h"

static void progress(struct message *m, struct recipient_state *s, enum recipient_progress to) {
  if (s->progress == RECIPIENT_WAITING) m->waiting--;
  s->progress = to;
}

static void note_told(struct message *m, bool delays) {
  for (size_t i = 0; i < m->file.envelope.recipient_count; i++) {
    struct recipient_state *s = &m->states[i];
    if (s->progress != RECIPIENT_WAITING) s->told = true;
    else if (delays && s->attempts) s->delay_told = true;
  }
}

/* Every order but to hold makes the message due. */
static void note_event(struct message *m, const struct logrecord *r) {
  m->held = r->held;
  if (r->event == EVENT_EXPIRE) m->expired = true;
  if (r->event == EVENT_RETURN) m->returned = true;
  for (size_t i = 0; !r->held && i < m->file.envelope.recipient_count; i++)
    m->states[i].next_age_s = 0;
}

/* Texts of the record must outlive it: they stay in the log's octets when the
 * log was read, and in the caller's when it is applied after an append. */
static void note(struct message *m, const struct logrecord *r, bool keep_texts) {
  m->last_us = r->time_us; /* the clock may have been set back since the one before */
  if (r->age_s > m->last_age_s) m->last_age_s = r->age_s;
  if (r->told) {
    note_told(m, r->delay_told);
    return;
  }
  if (r->event) {
    note_event(m, r);
    return;
  }
  if (r->recipient >= m->file.envelope.recipient_count) return;
  struct recipient_state *s = &m->states[r->recipient];
  s->attempts++;
  s->next_age_s = r->next_age_s;
  if (r->result.class == RESULT_SUCCESS) progress(m, s, RECIPIENT_DONE);
  if (r->result.class == RESULT_FAILURE) progress(m, s, RECIPIENT_FAILED);
  if (keep_texts) s->last = *r;
}

/* The log as last read stays valid for its texts; later records live only on
 * disk, and are read again when a DSN needs their words. */
void message_apply(struct message *m, const struct logrecord *r) { note(m, r, false); }

static void read_records(struct message *m) {
  struct text rest;
  struct logrecord r;
  m->waiting = m->file.envelope.recipient_count;
  m->log_octets = 0;
  m->has_log = m->held = m->expired = m->returned = false;
  if (!msglog_first(text_of_stralloc(&m->log), &rest)) return; /* not even its magic is whole */
  while (msglog_next(&rest, &r) == MSGLOG_RECORD) {
    note(m, &r, true);
    if (r.told && r.dsn.s) m->dsns++;
  }
  m->log_octets = m->log.len - rest.len;
  m->has_log = m->log_octets > 0;
}

int message_append(struct message *m, struct store *s, struct text records) {
  if (store_append_log(s, &m->id, records, m->log_octets) == -1) return -1;
  m->log_octets += records.len + (m->log_octets ? 0 : MSGLOG_MAGIC_OCTETS);
  return 0;
}

int message_reread_log(struct message *m, struct store *s) {
  if (store_read_log(s, &m->id, &m->log) == -1) return -1;
  for (size_t i = 0; i < m->file.envelope.recipient_count; i++)
    m->states[i] = (struct recipient_state){.under_way = m->states[i].under_way, .refused = m->states[i].refused};
  m->dsns = 0;
  read_records(m);
  return 0;
}

static enum message_status read_file(struct message *m, const char **reason) {
  enum queuefile_status s = queuefile_read(&m->file, m->fd);
  if (s == QUEUEFILE_IO_ERROR) return MESSAGE_FAILED;
  if (s != QUEUEFILE_OK) return *reason = queuefile_explain(s), MESSAGE_BAD;
  if (m->file.envelope.unknown_critical)
    return *reason = "its envelope asks for something that this version does not know", MESSAGE_BAD;
  if (m->file.envelope.recipient_count == 0 || !m->file.envelope.sender.s)
    return *reason = "its envelope has no sender or no recipient", MESSAGE_BAD;
  return MESSAGE_OK;
}

static enum message_status read_all(struct message *m, struct store *s, const char **reason) {
  enum message_status status = read_file(m, reason);
  if (status != MESSAGE_OK) return status;
  m->states = calloc(m->file.envelope.recipient_count, sizeof *m->states);
  if (!m->states || store_read_log(s, &m->id, &m->log) == -1) return MESSAGE_FAILED;
  m->last_us = m->file.envelope.arrival_us;
  read_records(m);
  return MESSAGE_OK;
}

enum message_status message_load(struct message *m, struct store *s, const struct queueid *id,
                                 const char **reason) {
  *m = (struct message){.id = *id};
  m->fd = store_open_message(s, id, &m->place);
  if (m->fd == -1) {
    if (errno == ENOENT) return MESSAGE_GONE;
    if (errno != EBADMSG && errno != ELOOP) return MESSAGE_FAILED;
    return *reason = "it is not a plain file", MESSAGE_BAD;
  }
  enum message_status status = read_all(m, s, reason);
  int saved = errno;
  if (status != MESSAGE_OK) {
    enum store_place place = m->place;
    message_free(m);
    m->id = *id;
    m->place = place;
  }
  errno = saved;
  return status;
}

const char message_double_bounce_sender[] = "#@[]";

bool message_is_bounce(const struct message *m) {
  struct text sender = m->file.envelope.sender;
  return sender.len == 0 || text_equals(sender, message_double_bounce_sender);
}

bool message_is_finished(const struct message *m) { return m->waiting == 0; }

uint64_t message_next_age(const struct message *m) {
  uint64_t least = UINT64_MAX;
  for (size_t i = 0; i < m->file.envelope.recipient_count; i++)
    if (m->states[i].progress == RECIPIENT_WAITING && m->states[i].next_age_s < least)
      least = m->states[i].next_age_s;
  return least;
}

int message_read_body(const struct message *m, stralloc *out, uint64_t max) {
  uint64_t len = m->file.body_octets < max ? m->file.body_octets : max;
  size_t start = out->len;
  if (!stralloc_readyplus(out, len + 1)) return errno = ENOMEM, -1;
  if (io_pread_all(m->fd, out->s + start, len, 0) == -1) return -1;
  out->len = start + len;
  if (len < m->file.body_octets || crc32c(0, out->s + start, len) == m->file.body_crc) return 0;
  return errno = EBADMSG, -1;
}

static void summarize_event(struct log_summary *out, const struct logrecord *r) {
  out->held = r->held;
  if (r->event == EVENT_EXPIRE) out->expired = true;
  if (r->event == EVENT_RETURN) out->returned = true;
  if (!r->held) out->next_age_s = 0;
}

int message_summarize_log(struct text log, struct log_summary *out) {
  struct text rest;
  struct logrecord r;
  uint64_t deferred_at_s = 0;
  bool any = false;
  *out = (struct log_summary){0};
  if (!msglog_first(log, &rest)) return -1;
  while (msglog_next(&rest, &r) == MSGLOG_RECORD) {
    any = true;
    out->last_us = r.time_us;
    if (r.age_s > out->last_age_s) out->last_age_s = r.age_s;
    if (r.told) out->untold = false;
    if (r.event) summarize_event(out, &r);
    if (r.result.class == RESULT_FAILURE) out->untold = true;
    if (r.result.class != RESULT_DEFERRAL) continue;
    if (r.age_s > deferred_at_s || r.next_age_s < out->next_age_s || !out->next_age_s) {
      out->next_age_s = r.next_age_s;
      out->route = r.route;
    }
    deferred_at_s = r.age_s;
  }
  out->octets = log.len - rest.len;
  return any ? 0 : -1;
}

void message_free(struct message *m) {
  if (m->fd >= 0) close(m->fd);
  free(m->states);
  stralloc_free(&m->log);
  queuefile_free(&m->file);
  *m = (struct message){.fd = -1};
}
