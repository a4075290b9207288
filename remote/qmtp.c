#include "config.h"
#include "remote/qmtp.h"
#include <string.h>
#include "remote/data.h"
#include "remote/exchange.h"

enum { ANSWER_DIGITS_MAX = 5, ANSWER_OCTETS_MAX = 10000 };

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
  struct text sender = t->envelope->sender;
  if (text_equals(sender, SENDER_DOUBLE_BOUNCE)) sender = text_of("");
  return stralloc_cats(out, ",") && text_cat_netstring(out, sender) == 0 && put_recipients(out, t);
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

/* Whether a whole netstring is there; *answer is it, *taken what it occupies.
 * *malformed: it never will be. */
static bool is_whole(struct text in, struct text *answer, size_t *taken, bool *malformed) {
  const char *colon = memchr(in.s, ':', in.len < ANSWER_DIGITS_MAX + 1 ? in.len : ANSWER_DIGITS_MAX + 1);
  uint64_t len;
  *malformed = !colon && in.len > ANSWER_DIGITS_MAX;
  if (!colon) return false;
  size_t digits = (size_t)(colon - in.s);
  if (text_uint((struct text){in.s, digits}, &len) == -1 || len == 0 || len > ANSWER_OCTETS_MAX) {
    *malformed = true;
    return false;
  }
  *answer = (struct text){colon + 1, (size_t)len};
  *taken = digits + 1 + (size_t)len + 1;
  if (in.len < *taken) return false;
  *malformed = in.s[*taken - 1] != ',';
  return !*malformed;
}

static bool lost(struct smtp *s, const char *status, const char *why) {
  exchange_lose(s, status, why, "the answers: the message may have been delivered");
  return false;
}

/* The view holds until the stream is used again. */
static bool read_answer(struct smtp *s, struct text *answer, size_t *taken) {
  uint64_t deadline = stream_deadline(&s->stream);
  bool malformed;
  while (!is_whole(stream_unread(&s->stream), answer, taken, &malformed)) {
    if (malformed) return lost(s, "4.5.0", "malformed answer");
    enum stream_status st = stream_fill(&s->stream, deadline);
    if (st != STREAM_OK) return lost(s, "4.4.2", exchange_reason(st));
  }
  return true;
}

/* The letter decides; another one than these three says nothing about the mail. */
static void judge(struct smtp *s, struct text answer) {
  struct verdict *v = &s->verdict;
  switch (*answer.s) {
    case 'K': verdict_set(v, RESULT_SUCCESS, "2.0.0", ""); break;
    case 'D': verdict_set(v, RESULT_FAILURE, "5.0.0", ""); break;
    case 'Z': verdict_set(v, RESULT_DEFERRAL, "4.0.0", ""); break;
    default: verdict_set(v, RESULT_DEFERRAL, "4.5.0", "");
  }
  verdict_add_text(v, (struct text){answer.s + 1, answer.len - 1});
  verdict_who(v, s->host, s->address);
}

/* Those whose answer does not come are deferred. */
static void take_answers(struct smtp *s, const struct transaction *t) {
  struct text answer;
  size_t taken;
  exchange_limit(s, STEP_END);
  for (size_t n = 0; n < t->envelope->recipient_count; n++) {
    if (t->states[n] != RECIPIENT_WAITS) continue;
    if (s->open && read_answer(s, &answer, &taken)) {
      judge(s, answer);
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
