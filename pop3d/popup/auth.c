#include "config.h"
#include "pop3d/popup/auth.h"
#include "lib/base64.h"
#include "pop3d/popup/reply.h"

/* Who breaks off when the doorkeeper has let it in does not trust us: it is not
 * to go on with what it does not know that it has. */
static enum popup_next fail(struct popup *p, const char *text) {
  p->in_auth = false;
  sasl_free(&p->sasl);
  enum popup_next next = reply_error(p, text);
  return next == POPUP_LINE && p->is_granted ? POPUP_HANG_UP : next;
}

enum popup_next popup_open(struct popup *p) {
  struct logindoor_request r = {.utf8 = p->utf8};
  struct logindoor_answer a;
  if (p->language.len) r.language = text_of_stralloc(&p->language);
  if (p->ask(p->context, LOGINDOOR_OPEN, &r, &a) == -1) return POPUP_LOST;
  p->is_granted = false;
  return a.result.class == RESULT_SUCCESS ? POPUP_OPENED : reply_refused_session(p, &a);
}

static enum popup_next send_challenge(struct popup *p) {
  if (!stralloc_cats(p->out, "+ ") || base64_cat(p->out, p->sasl.challenge) == -1) return reply_lost();
  p->in_auth = true;
  return reply_line(p, "") == POPUP_LOST ? POPUP_LOST : POPUP_RESPONSE;
}

/* The doorkeeper's answer, and what the mechanism makes of it; false: *end is what comes of it. */
static bool put_question(struct popup *p, enum sasl_next *next, enum popup_next *end) {
  const struct sasl_question *q = &p->sasl.question;
  struct logindoor_request r = {.mechanism = q->mechanism, .user = q->user, .secret = q->secret,
                                .attributes = q->attributes, .binding = q->binding};
  struct logindoor_answer a;
  if (p->ask(p->context, LOGINDOOR_AUTH, &r, &a) == -1) return *end = POPUP_LOST, false;
  bool ok = a.result.class == RESULT_SUCCESS;
  *next = sasl_answered(&p->sasl, ok, a.challenge);
  if (!ok) return sasl_free(&p->sasl), *end = reply_result(p, &a), false;
  p->is_granted = *next == SASL_OVER || p->sasl.step > 1;
  return true;
}

static enum popup_next go_on(struct popup *p, enum sasl_next next) {
  enum popup_next end = POPUP_LOST;
  p->in_auth = false;
  while (next == SASL_ASK)
    if (!put_question(p, &next, &end)) return end;
  switch (next) {
    case SASL_SEND: return send_challenge(p);
    case SASL_OVER: return sasl_free(&p->sasl), popup_open(p);
    case SASL_FOREIGN: return fail(p, "[AUTH] nobody may act for somebody else here");
    case SASL_MALFORMED: return fail(p, "that is not what the mechanism says");
    default: return reply_lost();
  }
}

static bool decode(struct popup *p, struct text base64) {
  text_wipe(&p->decoded);
  p->decoded = (stralloc){0};
  return base64_decode(&p->decoded, base64) == 0;
}

/* An initial response of "=" is one that is there, and empty. */
enum popup_next popup_begin_auth(struct popup *p, enum sasl_mechanism m, struct text initial) {
  p->is_granted = false;
  if (!initial.s) return go_on(p, sasl_begin(&p->sasl, m, TEXT_ABSENT));
  if (initial.len == 0 || !decode(p, text_equals(initial, "=") ? text_of("") : initial)) return fail(p, "that is not base64");
  return go_on(p, sasl_begin(&p->sasl, m, text_of_stralloc(&p->decoded)));
}

enum popup_next popup_refuse(struct popup *p, const char *why) { return fail(p, why); }

enum popup_next popup_respond(struct popup *p, struct text line) {
  if (text_equals(line, "*")) return fail(p, "AUTH is cancelled");
  if (!decode(p, line)) return fail(p, "that is not base64");
  return go_on(p, sasl_take(&p->sasl, text_of_stralloc(&p->decoded)));
}
