#include "config.h"
#include "remote/smtp.h"
#include <string.h>
#include "remote/auth.h"
#include "remote/exchange.h"

/* No mail was asked for yet, so nothing is said about it: always a deferral,
 * and the next host is asked (RFC 5321 5.1). */
static bool turned_away(struct smtp *s) {
  exchange_judge(s);
  verdict_defer(&s->verdict, "4.3.2");
  smtp_close(s);
  return false;
}

/* A mailbox server's success is the delivery: there is no DSN to leave to it. */
static void take_offer(struct smtp *s, struct text hello) {
  offer_read(&s->offer, hello);
  if (s->is_lmtp) s->offer.dsn = false;
}

static void begin(struct smtp *s, int fd) {
  stream_open(&s->stream, fd);
  s->open = true;
  s->transactions = 0;
  s->offer = (struct offer){0};
  s->needs_reset = s->is_our_fault = false;
}

static bool read_greeting(struct smtp *s) {
  exchange_limit(s, STEP_GREETING);
  if (!exchange_read(s, "the greeting")) return false;
  return s->reply.code == CODE_READY || turned_away(s);
}

static bool say_hello(struct smtp *s, int fd, struct text helohost) {
  begin(s, fd);
  if (s->stage == STAGE_READY) return take_offer(s, s->hello), true;
  if (s->stage == STAGE_GREETING && !read_greeting(s)) return false;
  exchange_limit(s, STEP_HELLO);
  if (!exchange_command(s, s->is_lmtp ? "LHLO" : "EHLO", helohost)) return false;
  if (exchange_positive(s)) return take_offer(s, text_of_stralloc(&s->reply.text)), true;
  if (s->is_lmtp || s->reply.code / 100 != 5) return turned_away(s);
  if (!exchange_command(s, "HELO", helohost) || (!exchange_positive(s) && !turned_away(s))) return false;
  stralloc_zero(&s->reply.text); /* it offers nothing */
  return true;
}

/* Whoever has a password for this server is not served without it. */
bool smtp_hello(struct smtp *s, int fd, struct text helohost) {
  if (s->is_qmtp) return begin(s, fd), true;
  return say_hello(s, fd, helohost) && (!s->credentials || auth_log_in(s, s->credentials));
}

void smtp_report(const struct transaction *t, size_t n, const struct verdict *v) {
  t->states[n] = RECIPIENT_REPORTED;
  t->report(t->context, n, v);
}

void smtp_report_rest(const struct transaction *t, const struct verdict *v) {
  for (size_t n = 0; n < t->envelope->recipient_count; n++)
    if (t->states[n] != RECIPIENT_REPORTED) smtp_report(t, n, v);
}

void smtp_report_accepted(const struct transaction *t, const struct verdict *v) {
  for (size_t n = 0; n < t->envelope->recipient_count; n++)
    if (t->states[n] == RECIPIENT_ACCEPTED) smtp_report(t, n, v);
}

void smtp_close(struct smtp *s) {
  stream_close(&s->stream);
  s->open = false;
}

/* Why the session has to end is news, how it ends is not. */
void smtp_quit(struct smtp *s) {
  bool ok = s->open && !s->is_qmtp;
  int watched = s->stream.watched;
  struct verdict why = s->verdict;
  s->verdict = (struct verdict){.class = RESULT_NONE};
  exchange_limit(s, STEP_QUIT);
  s->stream.watched = -1; /* the runner needs not stay for this */
  if (ok) exchange_put(s, &ok, "QUIT\r\n");
  if (ok && exchange_flush(s, "QUIT")) (void)exchange_read(s, "QUIT");
  smtp_close(s);
  s->stream.watched = watched;
  verdict_free(&s->verdict);
  s->verdict = why;
}

void smtp_free(struct smtp *s) {
  smtp_close(s);
  stream_free(&s->stream);
  reply_free(&s->reply);
  verdict_free(&s->verdict);
  stralloc_free(&s->space);
  downgrade_free(&s->downgrade);
}
