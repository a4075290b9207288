#include "config.h"
#include "remote/qmtp.h"
#include "remote/data.h"
#include "remote/exchange.h"
#include "remote/qmtpanswer.h"

/* ---- the message and its envelope */

/* The first octet says that lines end with CRLF. */
static bool put_message_begin(stralloc *out, uint64_t size) {
  return text_cat_uint(out, size + 1) == 0 && stralloc_cats(out, ":\r");
}

static bool put_recipients(stralloc *out, const struct transaction *t) {
  stralloc all = {0};
  bool ok = true;
  for (size_t n = 0; n < t->envelope->recipient_count; n++)
    if (t->states[n] == RECIPIENT_WAITS)
      ok = ok && text_cat_netstring(&all, t->envelope->recipients[n].address) == 0;
  ok = ok && text_cat_netstring(out, text_of_stralloc(&all)) == 0;
  stralloc_free(&all);
  return ok;
}

static bool put_envelope(stralloc *out, const struct transaction *t) {
  return stralloc_cats(out, ",") && text_cat_netstring(out, t->envelope->sender) == 0 && put_recipients(out, t);
}

/* false: the session is closed, and s->verdict says why. */
static bool send_all(struct smtp *s, const struct transaction *t) {
  struct survey v;
  if (body_survey(&t->body, &s->space, &v) == -1) return data_unreadable(s);
  if (!put_message_begin(&s->stream.out, v.wire_octets)) return exchange_no_memory(s);
  if (!data_send_octets(s, &t->body, v.wire_octets)) return false;
  return put_envelope(&s->stream.out, t) ? exchange_flush(s, "the envelope") : exchange_no_memory(s);
}

/* ---- the answers */

static bool lost(struct smtp *s, const char *status, const char *why) {
  exchange_lose(s, status, why, "the answers: the message may have been delivered");
  return false;
}

/* The view holds until the stream is used again. */
static bool read_answer(struct smtp *s, struct text *answer, size_t *taken) {
  uint64_t deadline = stream_deadline(&s->stream);
  for (;;) {
    switch (qmtpanswer_read(stream_unread(&s->stream), answer, taken)) {
      case QMTPANSWER_WHOLE: return true;
      case QMTPANSWER_MALFORMED: return lost(s, "4.5.0", "malformed answer");
      case QMTPANSWER_MORE: break;
    }
    enum stream_status st = stream_fill(&s->stream, deadline);
    if (st != STREAM_OK) return lost(s, "4.4.2", exchange_reason(st));
  }
}

/* Those whose answer does not come are deferred. */
static void take_answers(struct smtp *s, const struct transaction *t) {
  struct text answer;
  size_t taken;
  exchange_limit(s, STEP_END);
  for (size_t n = 0; n < t->envelope->recipient_count; n++) {
    if (t->states[n] != RECIPIENT_WAITS) continue;
    if (s->open && read_answer(s, &answer, &taken)) {
      qmtpanswer_judge(&s->verdict, answer);
      verdict_who(&s->verdict, s->host, s->address);
      stream_drop(&s->stream, taken);
    }
    smtp_report(t, n, &s->verdict);
  }
}

enum smtp_end qmtp_send(struct smtp *s, const struct transaction *t) {
  s->transactions++;
  if (t->asks_only) {
    verdict_set(&s->verdict, RESULT_DEFERRAL, "4.5.1", "QMTP has no question about recipients");
    smtp_report_rest(t, &s->verdict);
    return SMTP_DONE;
  }
  if (!send_all(s, t)) return SMTP_LOST;
  take_answers(s, t);
  return SMTP_DONE;
}
