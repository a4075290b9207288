#include "config.h"
#include <stdlib.h>
#include "remote/command.h"
#include "remote/data.h"
#include "remote/exchange.h"
#include "remote/qmtp.h"

struct dialog {
  bool reset;
  size_t *chosen, chosen_count; /* recipients; owned */
  struct mail_terms terms;
  size_t asked, replied; /* commands sent, and answered */
  bool mail_taken, asks_only;
  size_t accepted;
};

static enum smtp_end refuse(const struct transaction *t, struct smtp *s, const char *status,
                            const char *text) {
  verdict_set(&s->verdict, RESULT_FAILURE, status, text);
  verdict_who(&s->verdict, s->host, s->address);
  smtp_report_rest(t, &s->verdict);
  return SMTP_DONE;
}

static bool has_utf8_address(const struct transaction *t) {
  if (!text_is_ascii(t->envelope->sender)) return true;
  for (size_t n = 0; n < t->envelope->recipient_count; n++)
    if (t->states[n] != RECIPIENT_REPORTED && !text_is_ascii(t->envelope->recipients[n].address))
      return true;
  return false;
}

/* A sender who says SMTPUTF8 and then writes ASCII needs no server for it. */
static bool needs_utf8(const struct transaction *t, const struct survey *v) {
  return has_utf8_address(t) || (t->envelope->smtputf8 && v->eightbit_header);
}

static uint64_t body_type(const struct envelope *e, const struct survey *v) {
  if (e->body == BODY_BINARYMIME || !(v->eightbit_header || v->eightbit_text)) return e->body;
  return BODY_8BITMIME;
}

/* ---- the commands */

/* A transaction is a fixed row of commands: RSET if needed, MAIL, RCPT for each
 * recipient that was chosen, DATA or its like. */
enum verb { VERB_RSET, VERB_MAIL, VERB_RCPT, VERB_DATA };
struct step {
  enum verb verb;
  size_t recipient; /* of VERB_RCPT */
};

static struct step step_at(const struct dialog *d, size_t k) {
  if (d->reset && k-- == 0) return (struct step){VERB_RSET, 0};
  if (k == 0) return (struct step){VERB_MAIL, 0};
  if (k <= d->chosen_count) return (struct step){VERB_RCPT, d->chosen[k - 1]};
  return (struct step){VERB_DATA, 0};
}

static bool put_step(struct smtp *s, const struct transaction *t, struct step p,
                     const struct mail_terms *terms) {
  stralloc *out = &s->stream.out;
  switch (p.verb) {
    case VERB_RSET: return stralloc_cats(out, "RSET\r\n");
    case VERB_MAIL: return command_put_mail(out, &s->offer, terms);
    case VERB_RCPT: return command_put_rcpt(out, &s->offer, &t->envelope->recipients[p.recipient]);
    case VERB_DATA: break;
  }
  return stralloc_cats(out, "DATA\r\n");
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

/* ---- the replies */

static bool take_mail(struct smtp *s, const struct transaction *t, bool *mail_taken) {
  unsigned class = s->reply.code / 100;
  if (class == 3) return exchange_confused(s);
  *mail_taken = class == 2;
  s->needs_reset = *mail_taken;
  if (*mail_taken) return true;
  exchange_judge(s);
  if (exchange_is_busy(s)) return false;
  if (t->asks_only) verdict_defer(&s->verdict, "4.7.0");
  smtp_report_rest(t, &s->verdict);
  return true;
}

/* "Too many recipients", after others were taken, asks for another transaction
 * and says nothing about this one (RFC 5321 4.5.3.1.10).  With a code of its own
 * it may be something else that is too much. */
static bool too_many(const struct smtp *s, size_t accepted) {
  char status[STATUS_MAX];
  bool may_be = s->reply.code == CODE_TOO_MANY || s->reply.code == CODE_TOO_MUCH;
  if (!may_be || accepted == 0) return false;
  return !reply_enhanced(&s->reply, status) || text_equals(text_of(status + 1), ".5.3");
}

static bool take_rcpt(struct smtp *s, const struct transaction *t, size_t n, size_t *accepted) {
  if (s->reply.code / 100 == 3) return exchange_confused(s);
  if (exchange_positive(s) && !t->asks_only) {
    t->states[n] = RECIPIENT_ACCEPTED;
    ++*accepted;
    return true;
  }
  if (too_many(s, *accepted)) return true;
  exchange_judge(s);
  smtp_report(t, n, &s->verdict);
  return true;
}

/* ---- the dialog */

/* A chunk goes only when somebody is there to get it: a server that refuses
 * BDAT without reading the chunk would take it for commands. */
static bool ends_flight(const struct smtp *s, const struct dialog *d, struct step p) {
  if (p.verb == VERB_DATA || !s->offer.pipelining) return true;
  return (s->offer.chunking || d->asks_only) && step_at(d, d->asked).verb == VERB_DATA;
}

/* Asks the next question, or with PIPELINING all of them. */
static bool ask(struct smtp *s, const struct transaction *t, struct dialog *d) {
  struct step p;
  do {
    p = step_at(d, d->asked++);
    if (!put_step(s, t, p, &d->terms)) return exchange_no_memory(s);
  } while (!ends_flight(s, d, p));
  return exchange_flush(s, verb_name(p.verb));
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
  return p.verb == VERB_DATA && d->accepted == 0; /* always, when it only asks */
}

static enum smtp_end converse(struct smtp *s, const struct transaction *t, struct dialog *d) {
  for (;; d->replied++) {
    struct step p = step_at(d, d->replied);
    exchange_limit(s, step_of(p.verb));
    if (d->asked == d->replied) {
      if (is_over(d, p)) return SMTP_DONE;
      if (p.verb == VERB_DATA && s->offer.chunking)
        return data_send_chunk(s, t, d->accepted, d->terms.size);
      if (!ask(s, t, d)) return SMTP_LOST;
    }
    if (!exchange_answered(s, verb_name(p.verb))) return SMTP_LOST;
    if (p.verb == VERB_DATA) return data_send(s, t, d->accepted);
    if (!take_answer(s, t, d, p)) return SMTP_LOST;
  }
}

/* ---- whom it is for */

static struct text domain_of(struct text address) {
  for (size_t i = address.len; i > 0; i--)
    if (address.s[i - 1] == '@') return (struct text){address.s + i, address.len - i};
  return text_of("");
}

/* Whether the recipient's domain is that of one who has been chosen. */
static bool has_domain(const struct transaction *t, const struct dialog *d, size_t n) {
  struct text domain = domain_of(t->envelope->recipients[n].address);
  for (size_t i = 0; i < d->chosen_count; i++)
    if (text_equal_nocase(domain_of(t->envelope->recipients[d->chosen[i]].address), domain))
      return true;
  return false;
}

/* As many of those who wait as the server takes at a time (RFC 9422 5). */
static bool choose(const struct smtp *s, const struct transaction *t, struct dialog *d) {
  uint64_t domains = 0;
  d->chosen = calloc(t->envelope->recipient_count, sizeof *d->chosen);
  for (size_t n = 0; d->chosen && n < t->envelope->recipient_count; n++) {
    if (t->states[n] != RECIPIENT_WAITS) continue;
    if (s->offer.recipients_max && d->chosen_count == s->offer.recipients_max) break;
    if (s->offer.domains_max && !has_domain(t, d, n) && ++domains > s->offer.domains_max) break;
    d->chosen[d->chosen_count++] = n;
  }
  return d->chosen != NULL;
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

static enum smtp_end transact(struct smtp *s, const struct transaction *t,
                              const struct mail_terms *terms) {
  struct dialog d = {.reset = s->needs_reset, .terms = *terms, .asks_only = t->asks_only};
  if (!choose(s, t, &d)) return exchange_no_memory(s), SMTP_LOST;
  s->transactions++;
  enum smtp_end end = converse(s, t, &d);
  free(d.chosen);
  if (!take_back(t)) return SMTP_DONE;
  return end == SMTP_DONE ? SMTP_AGAIN : SMTP_LOST;
}

static bool is_used_up(const struct smtp *s) {
  return s->offer.transactions_max && s->transactions >= s->offer.transactions_max;
}

/* What this server cannot get: NULL, or why, and the status. */
static const char *obstacle(const struct smtp *s, const struct mail_terms *terms,
                            const struct survey *v, const char **status) {
  *status = "5.6.7";
  if (terms->utf8 && !s->offer.utf8)
    return "the server does not take internationalized mail (SMTPUTF8)";
  *status = "5.6.1";
  if (terms->body == BODY_BINARYMIME)
    return s->offer.binary ? NULL : "the server does not take binary mail (BINARYMIME)";
  *status = "5.6.3";
  if (v->eightbit_text && !s->offer.eightbit)
    return "the server does not take 8-bit data (8BITMIME), and the message cannot be changed";
  return NULL;
}

static int survey_changed(struct smtp *s, struct body *b, struct survey *v) {
  bool has_header = v->eightbit_header;
  b->downgrade = &s->downgrade;
  int r = body_survey(b, &s->space, v);
  v->eightbit_header = has_header;
  return r;
}

/* Makes a body that this server does not take into one that it takes, if that
 * can be, and surveys what will be sent.  UTF-8 may stand in the header of a part
 * as well (RFC 6532 3.2).  0, or -1 with errno. */
static int adapt(struct smtp *s, const struct envelope *e, struct body *b, struct survey *v) {
  bool possible = false;
  if (body_survey(b, &s->space, v) == -1) return -1;
  if (!v->eightbit_text || e->body == BODY_BINARYMIME || (s->offer.eightbit && !e->smtputf8)) return 0;
  if (body_examine(b, &s->space, &s->downgrade, &possible) == -1) return -1;
  v->eightbit_header = v->eightbit_header || s->downgrade.has_eightbit_header;
  return s->offer.eightbit || !possible ? 0 : survey_changed(s, b, v);
}

static enum smtp_end send_adapted(struct smtp *s, const struct transaction *t, const struct survey *v) {
  const struct mail_terms terms = {t->envelope, v->wire_octets, body_type(t->envelope, v),
                                   needs_utf8(t, v)};
  enum smtp_end end = SMTP_AGAIN;
  const char *status, *why = obstacle(s, &terms, v, &status);
  if (why) return refuse(t, s, status, why);
  while (end == SMTP_AGAIN && s->open && !is_used_up(s)) end = transact(s, t, &terms);
  return end;
}

enum smtp_end smtp_send(struct smtp *s, const struct transaction *t) {
  struct transaction adapted = *t;
  struct survey v;
  /* a reply that answers nothing would be taken for the answer to a command */
  if (stream_unread(&s->stream).len)
    return exchange_lose(s, "4.5.0", "reply without a command", "MAIL"), SMTP_LOST;
  if (s->is_qmtp) return qmtp_send(s, t);
  if (adapt(s, t->envelope, &adapted.body, &v) == -1) return data_unreadable(s), SMTP_LOST;
  return send_adapted(s, &adapted, &v);
}
