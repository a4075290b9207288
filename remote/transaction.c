#include "config.h"
#include <stdlib.h>
#include "lib/address.h"
#include "remote/data.h"
#include "remote/exchange.h"

struct dialog {
  bool reset;
  size_t *waiting, waiting_count; /* owned */
  uint64_t size;                  /* for SIZE= */
  size_t asked, replied;          /* commands sent, and answered */
  bool mail_taken;
  size_t accepted;
};

static enum smtp_end refuse(const struct transaction *t, struct smtp *s, const char *status,
                            const char *text) {
  verdict_set(&s->verdict, RESULT_FAILURE, status, text);
  verdict_who(&s->verdict, s->host, s->address);
  smtp_report_rest(t, &s->verdict);
  return SMTP_DONE;
}

static bool needs_utf8(const struct transaction *t) {
  if (t->envelope->smtputf8 || !text_is_ascii(t->envelope->sender)) return true;
  for (size_t n = 0; n < t->envelope->recipient_count; n++)
    if (t->states[n] != RECIPIENT_REPORTED && !text_is_ascii(t->envelope->recipients[n].address))
      return true;
  return false;
}

static bool put_path(struct smtp *s, bool ok, struct text address) {
  exchange_put(s, &ok, "<");
  ok = ok && address_cat(&s->stream.out, address) == 0;
  exchange_put(s, &ok, ">");
  return ok;
}

/* A double bounce's sender is a mark that only the queue understands. */
static struct text reverse_path(const struct envelope *e) {
  return text_equals(e->sender, SENDER_DOUBLE_BOUNCE) ? text_of("") : e->sender;
}

static bool put_mail(struct smtp *s, const struct transaction *t, uint64_t size) {
  bool ok = true;
  exchange_put(s, &ok, "MAIL FROM:");
  ok = put_path(s, ok, reverse_path(t->envelope));
  if (s->size) {
    exchange_put(s, &ok, " SIZE=");
    ok = ok && text_cat_uint(&s->stream.out, size) == 0;
  }
  if (s->eightbit && t->envelope->body == BODY_8BITMIME) exchange_put(s, &ok, " BODY=8BITMIME");
  if (s->utf8 && needs_utf8(t)) exchange_put(s, &ok, " SMTPUTF8");
  exchange_put(s, &ok, "\r\n");
  return ok;
}

static bool put_rcpt(struct smtp *s, const struct transaction *t, size_t n) {
  bool ok = true;
  exchange_put(s, &ok, "RCPT TO:");
  ok = put_path(s, ok, t->envelope->recipients[n].address);
  exchange_put(s, &ok, "\r\n");
  return ok;
}

/* A transaction is a fixed row of commands: RSET if needed, MAIL, RCPT for each
 * recipient that waited when it began, DATA. */
enum verb { VERB_RSET, VERB_MAIL, VERB_RCPT, VERB_DATA };
struct step {
  enum verb verb;
  size_t recipient; /* of VERB_RCPT */
};

static struct step step_at(const struct dialog *d, size_t k) {
  if (d->reset && k-- == 0) return (struct step){VERB_RSET, 0};
  if (k == 0) return (struct step){VERB_MAIL, 0};
  if (k <= d->waiting_count) return (struct step){VERB_RCPT, d->waiting[k - 1]};
  return (struct step){VERB_DATA, 0};
}

static bool put_step(struct smtp *s, const struct transaction *t, struct step p, uint64_t size) {
  bool ok = true;
  switch (p.verb) {
    case VERB_RSET: exchange_put(s, &ok, "RSET\r\n"); break;
    case VERB_MAIL: ok = put_mail(s, t, size); break;
    case VERB_RCPT: ok = put_rcpt(s, t, p.recipient); break;
    case VERB_DATA: exchange_put(s, &ok, "DATA\r\n"); break;
  }
  return ok;
}

static enum smtp_step step_of(enum verb v) {
  switch (v) {
    case VERB_RSET:
    case VERB_MAIL: return STEP_MAIL;
    case VERB_RCPT: return STEP_RCPT;
    case VERB_DATA: break;
  }
  return STEP_DATA;
}

static const char *verb_name(enum verb v) {
  switch (v) {
    case VERB_RSET: return "RSET";
    case VERB_MAIL: return "MAIL";
    case VERB_RCPT: return "RCPT";
    case VERB_DATA: break;
  }
  return "DATA";
}

static bool take_mail(struct smtp *s, const struct transaction *t, bool *mail_taken) {
  unsigned class = s->reply.code / 100;
  if (class == 3) return exchange_confused(s);
  *mail_taken = class == 2;
  s->needs_reset = *mail_taken;
  if (*mail_taken) return true;
  exchange_judge(s);
  smtp_report_rest(t, &s->verdict);
  return true;
}

/* 552 for a recipient after others were taken, without a code that says what is
 * full, is "too many recipients" (RFC 5321 4.5.3.1.10). */
static bool too_many(const struct smtp *s, size_t accepted) {
  char status[STATUS_MAX];
  return s->reply.code == CODE_TOO_MUCH && accepted > 0 && !reply_enhanced(&s->reply, status);
}

static bool take_rcpt(struct smtp *s, const struct transaction *t, size_t n, size_t *accepted) {
  if (s->reply.code / 100 == 3) return exchange_confused(s);
  if (exchange_positive(s)) {
    t->states[n] = RECIPIENT_ACCEPTED;
    ++*accepted;
    return true;
  }
  exchange_judge(s);
  if (too_many(s, *accepted)) verdict_defer(&s->verdict, "4.5.3");
  smtp_report(t, n, &s->verdict);
  return true;
}

/* ---- the dialog */

/* Asks the next question, or with PIPELINING all of them. */
static bool ask(struct smtp *s, const struct transaction *t, struct dialog *d) {
  for (;;) {
    struct step p = step_at(d, d->asked++);
    if (!put_step(s, t, p, d->size)) return exchange_no_memory(s);
    if (p.verb == VERB_DATA || !s->pipelining) return exchange_flush(s, verb_name(p.verb));
  }
}

static bool take_answer(struct smtp *s, const struct transaction *t, struct dialog *d,
                        struct step p) {
  switch (p.verb) {
    case VERB_RSET: return exchange_positive(s) || exchange_confused(s);
    case VERB_MAIL: return take_mail(s, t, &d->mail_taken);
    case VERB_RCPT: return !d->mail_taken || take_rcpt(s, t, p.recipient, &d->accepted);
    case VERB_DATA: break;
  }
  return true;
}

/* Whether asking is in vain because nobody is left. */
static bool is_over(const struct dialog *d, struct step p) {
  if (p.verb == VERB_RCPT) return !d->mail_taken;
  return p.verb == VERB_DATA && d->accepted == 0;
}

static enum smtp_end converse(struct smtp *s, const struct transaction *t, struct dialog *d) {
  for (;; d->replied++) {
    struct step p = step_at(d, d->replied);
    exchange_limit(s, step_of(p.verb));
    if (d->asked == d->replied) {
      if (is_over(d, p)) return SMTP_DONE;
      if (!ask(s, t, d)) return SMTP_LOST;
    }
    if (!exchange_answered(s, verb_name(p.verb))) return SMTP_LOST;
    if (p.verb == VERB_DATA) return data_send(s, t, d->accepted);
    if (!take_answer(s, t, d, p)) return SMTP_LOST;
  }
}

static bool list_waiting(const struct transaction *t, struct dialog *d) {
  d->waiting = calloc(t->envelope->recipient_count, sizeof *d->waiting);
  for (size_t n = 0; d->waiting && n < t->envelope->recipient_count; n++)
    if (t->states[n] == RECIPIENT_WAITS) d->waiting[d->waiting_count++] = n;
  return d->waiting != NULL;
}

/* What was accepted in a session that is lost has to be asked again.  True when
 * there is something to ask. */
static bool take_back(const struct transaction *t) {
  bool waits = false;
  for (size_t n = 0; n < t->envelope->recipient_count; n++) {
    if (t->states[n] == RECIPIENT_ACCEPTED) t->states[n] = RECIPIENT_WAITS;
    waits = waits || t->states[n] == RECIPIENT_WAITS;
  }
  return waits;
}

enum smtp_end smtp_send(struct smtp *s, const struct transaction *t) {
  struct dialog d = {.reset = s->needs_reset};
  /* a reply that answers nothing would be taken for the answer to a command */
  if (stream_unread(&s->stream).len)
    return exchange_lose(s, "4.5.0", "reply without a command", "MAIL"), SMTP_LOST;
  if (!s->utf8 && needs_utf8(t))
    return refuse(t, s, "5.6.7", "the server does not take internationalized mail (SMTPUTF8)");
  if (s->size && body_wire_size(&t->body, &s->space, &d.size) == -1)
    return data_unreadable(s), SMTP_LOST;
  if (!list_waiting(t, &d)) return exchange_no_memory(s), SMTP_LOST;
  s->transactions++;
  enum smtp_end end = converse(s, t, &d);
  free(d.waiting);
  return end == SMTP_LOST && take_back(t) ? SMTP_LOST : SMTP_DONE;
}
