#include "config.h"
#include "remote/data.h"
#include <errno.h>
#include <string.h>
#include "remote/exchange.h"

/* How long to look for the words of a server that hung up in mid-message. */
enum { LAST_WORDS_MS = 1000 };

bool data_unreadable(struct smtp *s) {
  verdict_set(&s->verdict, RESULT_DEFERRAL, "4.3.0", "unable to read the message: ");
  verdict_add(&s->verdict, strerror(errno));
  s->is_our_fault = true;
  smtp_close(s);
  return false;
}

/* ---- the text */

/* Only a refusal can come before the end.  A success answers something else:
 * were it taken for the message's, a refusal behind it would go unseen and the
 * message be lost.  Whatever else it is, the next server may do better, as long
 * as the message is not whole.  In LMTP any early reply would move all that
 * follow by one recipient. */
static bool has_early_reply(struct smtp *s) {
  stream_peek(&s->stream);
  struct text unread = stream_unread(&s->stream);
  return unread.len && (s->is_lmtp || (unread.s[0] != '4' && unread.s[0] != '5'));
}

/* How the text goes out. */
struct sending {
  struct body_encoder encoder;
  uint64_t left; /* of a chunk, whose size has been told */
  enum stream_status status;
};

/* A chunk of another size would make its rest, or what follows, into commands. */
static bool keeps_size(struct smtp *s, struct sending *w, bool is_end) {
  size_t len = s->stream.out.len;
  if (!w->encoder.is_chunk) return true;
  if (len > w->left || (is_end && len != w->left)) return errno = EIO, data_unreadable(s);
  w->left -= len;
  return true;
}

static bool send_out(struct smtp *s, struct sending *w, bool is_end) {
  if (!keeps_size(s, w, is_end)) return false;
  w->status = stream_flush(&s->stream);
  return w->status == STREAM_OK;
}

/* The end leaves in one write with the tail: by itself it would wait for the
 * acknowledgement of what went before. */
static bool send_body(struct smtp *s, const struct body *b, struct sending *w) {
  struct body_reader reader = {.body = b, .space = &s->space};
  struct text chunk;
  int r;
  exchange_limit(s, STEP_BLOCK);
  for (bool first = true; (r = body_read(&reader, &chunk)) == 1; first = false) {
    if (!first && !send_out(s, w, false)) return false;
    if (body_encode(&w->encoder, chunk, &s->stream.out) == -1) return exchange_no_memory(s);
  }
  if (r == -1) return data_unreadable(s);
  if (has_early_reply(s))
    return exchange_lose(s, "4.5.0", "reply without a command", "the data"), false;
  if (body_encode_end(&w->encoder, &s->stream.out) == -1) return exchange_no_memory(s);
  return send_out(s, w, true);
}

/* ---- the answers */

static enum smtp_end finish(struct smtp *s, const struct transaction *t) {
  if (exchange_is_busy(s)) return SMTP_LOST;
  smtp_report_accepted(t, &s->verdict);
  return SMTP_DONE;
}

static bool may_be_last_words(const struct smtp *s, size_t accepted) {
  bool is_for_all = !s->is_lmtp || accepted == 1;
  return is_for_all && s->reply.code >= 400 && s->reply.code != CODE_CLOSING;
}

/* The server hung up while the body went: it may have said why. */
static enum smtp_end cut_off(struct smtp *s, const struct transaction *t, size_t accepted,
                             enum stream_status st) {
  int saved = errno;
  enum reply_status r = REPLY_MORE;
  s->stream.limit_ms = LAST_WORDS_MS;
  if (st != STREAM_ABANDONED) (void)exchange_read_until(s, stream_deadline(&s->stream), &r);
  errno = saved;
  if (r != REPLY_DONE || !may_be_last_words(s, accepted)) {
    exchange_lose(s, "4.4.2", exchange_reason(st), "the data");
    return SMTP_LOST;
  }
  exchange_judge(s);
  smtp_close(s);
  return finish(s, t);
}

/* Without a reply: the one place where the server may have the message and we
 * do not know. */
static bool read_answer(struct smtp *s) {
  enum reply_status r;
  enum stream_status st = exchange_read_until(s, stream_deadline(&s->stream), &r);
  if (r == REPLY_DONE) return exchange_judge(s), true;
  exchange_lose(s, "4.4.2", exchange_reason(st),
                "the end of the data: the message may have been delivered");
  return false;
}

static bool is_out_of_step(const struct smtp *s) { return s->reply.code / 100 == 3; }

/* What has been answered is final, however the session ends behind it; only
 * after an answer that makes no sense nobody knows whose the next ones are. */
static enum smtp_end take_answers(struct smtp *s, const struct transaction *t) {
  bool closes = false;
  for (size_t n = 0; n < t->envelope->recipient_count; n++) {
    if (t->states[n] != RECIPIENT_ACCEPTED) continue;
    if (!read_answer(s)) return finish(s, t);
    if (is_out_of_step(s)) return smtp_close(s), finish(s, t);
    smtp_report(t, n, &s->verdict);
    closes = closes || s->reply.code == CODE_CLOSING;
  }
  if (closes) smtp_close(s);
  return SMTP_DONE;
}

static enum smtp_end take_answer(struct smtp *s, const struct transaction *t) {
  if (read_answer(s) && (is_out_of_step(s) || s->reply.code == CODE_CLOSING)) smtp_close(s);
  return finish(s, t);
}

static enum smtp_end send_all(struct smtp *s, const struct transaction *t, size_t accepted,
                              struct sending *w) {
  if (!send_body(s, &t->body, w))
    return w->status == STREAM_OK ? SMTP_LOST : cut_off(s, t, accepted, w->status);
  s->needs_reset = false;
  exchange_limit(s, STEP_END);
  return s->is_lmtp ? take_answers(s, t) : take_answer(s, t);
}

/* 354 although nobody is left to get the message (RFC 2920 3.1).  In LMTP that
 * is against the rules, and nobody's answer would follow. */
static enum smtp_end send_nothing(struct smtp *s) {
  bool ok = true;
  if (s->is_lmtp) return smtp_close(s), SMTP_DONE;
  exchange_limit(s, STEP_END);
  exchange_put(s, &ok, ".\r\n");
  if (ok ? exchange_flush(s, "DATA") : exchange_no_memory(s)) (void)exchange_answered(s, "DATA");
  return SMTP_DONE;
}

enum smtp_end data_send(struct smtp *s, const struct transaction *t, size_t accepted) {
  struct sending w = {.encoder = {.is_exact = false}};
  if (s->reply.code == CODE_START_DATA)
    return accepted ? send_all(s, t, accepted, &w) : send_nothing(s);
  if (s->reply.code < 400) return exchange_confused(s), SMTP_LOST;
  exchange_judge(s);
  return finish(s, t);
}

static bool put_bdat(struct smtp *s, uint64_t size) {
  stralloc *out = &s->stream.out;
  return stralloc_cats(out, "BDAT ") && text_cat_uint(out, size) == 0 && stralloc_cats(out, " LAST\r\n");
}

enum smtp_end data_send_chunk(struct smtp *s, const struct transaction *t, size_t accepted,
                              uint64_t size) {
  struct sending w = {.encoder = {.is_chunk = true, .is_exact = t->body.is_exact}, .left = size};
  if (!put_bdat(s, size)) return exchange_no_memory(s), SMTP_LOST;
  w.left += s->stream.out.len;
  enum smtp_end end = send_all(s, t, accepted, &w);
  s->needs_reset = !exchange_positive(s); /* RFC 3030 2 leaves the rest open */
  return end;
}

bool data_send_octets(struct smtp *s, const struct body *b, uint64_t size) {
  struct sending w = {.encoder = {.is_chunk = true, .is_exact = b->is_exact}, .left = size + s->stream.out.len};
  if (send_body(s, b, &w)) return true;
  if (w.status != STREAM_OK) exchange_lose(s, "4.4.2", exchange_reason(w.status), "the message");
  return false;
}
