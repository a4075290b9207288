#include "config.h"
#include "smtpd/talker/auth.h"
#include <unistd.h>
#include "lib/base64.h"
#include "smtpd/talker/command.h"

static struct reply lost(void) { return reply_hang_up(421, "4.3.2", "the server is shutting down, closing"); }

struct reply auth_stop(struct session *s, struct reply r) {
  s->auth.is_under_way = s->auth.is_granted = false;
  sasl_free(&s->auth.sasl);
  return r;
}

/* Who breaks off when the doorkeeper has let it in does not trust us: it is not
 * to go on with what it does not know that it has. */
static struct reply fail(struct session *s, unsigned code, const char *status, const char *text) {
  struct reply r = reply_say(code, status, text);
  if (s->auth.is_granted) r.next = NEXT_END;
  return auth_stop(s, r);
}

static int ask(struct session *s, const struct door_request *r, struct door_answer *a) {
  int fd = -1;
  if (s->ask(s->context, DOOR_AUTH, r, a, &fd) == -1) return -1;
  if (fd >= 0) close(fd);
  return 0;
}

int auth_cat_offer(struct session *s, stralloc *out) {
  struct door_request nothing = {0};
  struct door_answer a;
  s->auth.offered = 0;
  if (!s->auth.is_possible || s->auth.is_done) return 0;
  if (ask(s, &nothing, &a) == -1) return -1;
  if (a.result.class == RESULT_SUCCESS) s->auth.offered = sasl_set(a.challenge);
  if (!s->auth.offered) return 0;
  return stralloc_cats(out, "\nAUTH") ? sasl_cat_set(out, s->auth.offered) : -1;
}

/* 334 and the challenge, RFC 4954 4. */
static struct reply send_challenge(struct session *s, struct text challenge) {
  stralloc_zero(&s->auth.text);
  if (base64_cat(&s->auth.text, challenge) == -1) return auth_stop(s, lost());
  s->auth.is_under_way = true;
  return (struct reply){.code = 334, .text = text_of_stralloc(&s->auth.text)};
}

static struct reply accept(struct session *s) {
  s->auth.is_done = true;
  return auth_stop(s, reply_say(235, "2.7.0", "you are logged in"));
}

/* The doorkeeper's answer, and what the mechanism makes of it: *r is what the
 * client is told where that is SASL_REFUSED. */
static enum sasl_next put_question(struct session *s, struct reply *r) {
  const struct sasl_question *q = &s->auth.sasl.question;
  struct door_request request = {.mechanism = q->mechanism, .secret = q->secret, .attributes = q->attributes,
                                 .binding = q->binding, .envelope = {.auth_user = q->user}};
  struct door_answer a;
  if (ask(s, &request, &a) == -1) return *r = lost(), SASL_REFUSED;
  *r = reply_of(&a.result);
  if (a.ends_session) r->next = NEXT_END;
  s->auth.is_granted = a.result.class == RESULT_SUCCESS && s->auth.sasl.step > 1;
  return sasl_answered(&s->auth.sasl, a.result.class == RESULT_SUCCESS, a.challenge);
}

static struct reply go_on(struct session *s, enum sasl_next next) {
  struct reply r = lost();
  while (next == SASL_ASK) next = put_question(s, &r);
  switch (next) {
    case SASL_SEND: return send_challenge(s, s->auth.sasl.challenge);
    case SASL_OVER: return accept(s);
    case SASL_REFUSED: return auth_stop(s, r);
    case SASL_FOREIGN: return fail(s, 535, "5.7.8", "nobody may act for somebody else here");
    case SASL_MALFORMED: return fail(s, 501, "5.5.2", "that is not what the mechanism says");
    default: return auth_stop(s, lost());
  }
}

static bool decode(struct session *s, struct text base64) {
  text_wipe(&s->auth.decoded);
  s->auth.decoded = (stralloc){0};
  return base64_decode(&s->auth.decoded, base64) == 0;
}

static struct reply not_base64(struct session *s) { return fail(s, 501, "5.5.2", "that is not base64"); }

/* An initial response of "=" is one that is there, and empty. */
static struct reply begin_mechanism(struct session *s, enum sasl_mechanism m, struct text initial) {
  if (!initial.s) return go_on(s, sasl_begin(&s->auth.sasl, m, TEXT_ABSENT));
  if (initial.len == 0 || !decode(s, text_equals(initial, "=") ? text_of("") : initial)) return not_base64(s);
  return go_on(s, sasl_begin(&s->auth.sasl, m, text_of_stralloc(&s->auth.decoded)));
}

struct reply auth_begin(struct session *s, struct text argument) {
  struct text name;
  enum sasl_mechanism m;
  if (!s->auth.is_possible) return reply_say(502, "5.5.1", "AUTH is not available here");
  if (!s->esmtp) return reply_say(503, "5.5.1", "EHLO first");
  if (s->auth.is_done) return reply_say(503, "5.5.1", "you are logged in already");
  if (s->in_transaction) return reply_say(503, "5.5.1", "no AUTH in a transaction");
  if (argument.len == 0) return reply_say(501, "5.5.4", "AUTH goes with the name of a mechanism");
  text_cut(&argument, ' ', &name);
  if (!sasl_find(name, &m) || !(s->auth.offered & 1u << m))
    return reply_say(504, "5.5.4", "that mechanism is not offered here");
  return begin_mechanism(s, m, argument);
}

struct reply auth_take(struct session *s, struct text line) {
  if (text_equals(line, "*")) return fail(s, 501, "5.7.0", "AUTH is cancelled");
  if (!decode(s, line)) return not_base64(s);
  return go_on(s, sasl_take(&s->auth.sasl, text_of_stralloc(&s->auth.decoded)));
}

void auth_free(struct auth *a) {
  sasl_free(&a->sasl);
  stralloc_free(&a->text);
  text_wipe(&a->decoded);
}
