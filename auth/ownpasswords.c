/* The password file, asked for owl-authd. */
#include "config.h"
#include <errno.h>
#include "auth/backend.h"
#include "auth/passwords.h"
#include "lib/clock.h"

enum { FAKE_ITERATIONS = 4096 };

/* As verifier_password().  The sum is made of nobody's, too. */
static int check_password(const struct verifier *v, bool known, struct remembered *before, const struct question *q) {
  uint8_t sum[REMEMBERED_OCTETS];
  uint64_t now_us = clock_boot_us(&clock_system);
  if (!before) return verifier_password(v, q->request.secret);
  remembered_sum(before, v, q->user, q->request.secret, sum);
  if (remembered_holds(before, sum, now_us) && known) return 1;
  int right = verifier_password(v, q->request.secret);
  if (right == 1 && known) remembered_put(before, sum, now_us);
  return right;
}

static void answer_password(const struct verifier *v, bool known, struct remembered *before, const struct question *q,
                            struct reply *r) {
  int right = check_password(v, known, before, q);
  if (known && right == 1) reply_right(r, q->user);
  else if (right == -1 && errno == ENOMEM) reply_later(r);
  else reply_wrong(r);
}

static void answer_response(const struct verifier *v, bool known, const struct question *q, struct reply *r) {
  const struct credential_request *c = &q->request;
  bool right = text_equals(c->mechanism, "APOP")
                 ? verifier_apop(v, c->challenge, c->response)
                 : crammd5_check(v->cram, c->challenge, c->response) && v->has_cram;
  if (known && right) reply_right(r, q->user);
  else reply_wrong(r);
}

/* A user without a verifier for SCRAM is like one that there is not.  For all the
 * same is done, so that time does not tell who is there. */
static void answer_scram(const struct passwords *p, const struct question *q, struct reply *r) {
  uint8_t fake[SCRAM_SALT_OCTETS];
  scram_fake_salt(fake, text_of_stralloc(&p->nobody.secret), q->user);
  bool own = p->is_known && p->own.has_scram;
  struct text salt = own ? text_of_stralloc(&p->own.salt) : (struct text){(const char *)fake, sizeof fake};
  uint32_t usual = p->nobody.has_scram ? p->nobody.iterations : FAKE_ITERATIONS;
  reply_right(r, q->user);
  if (!stralloc_copyb(&r->salt, salt.s, salt.len)) reply_later(r);
  r->answer.iterations = own ? p->own.iterations : usual;
  if (r->answer.result.class == RESULT_SUCCESS) r->answer.salt = text_of_stralloc(&r->salt);
  r->answer.user = TEXT_ABSENT;
}

static void answer_proof(const struct verifier *v, bool known, const struct question *q, struct reply *r) {
  uint8_t signature[SCRAM_OCTETS];
  bool right = scram_check(&v->keys, q->request.auth_message, (const uint8_t *)q->request.proof.s, signature);
  if (!known || !v->has_scram || !right) {
    reply_wrong(r);
    return;
  }
  reply_right(r, q->user);
  if (!stralloc_copyb(&r->signature, (char *)signature, sizeof signature)) reply_later(r);
  else r->answer.signature = text_of_stralloc(&r->signature);
}

void passwords_answer(const struct settings *s, struct remembered *before, const struct question *q, struct log *log,
                      struct reply *r) {
  struct passwords p;
  if (passwords_find(&p, s->place.s, q->user) == -1) {
    log_say_errno(log, "owl-authd", "unable to read ", text_of(s->place.s));
    reply_later(r);
    return;
  }
  const struct verifier *v = passwords_verifier(&p);
  switch (q->kind) {
    case CREDENTIAL_PASSWORD: answer_password(v, p.is_known, before, q, r); break;
    case CREDENTIAL_RESPONSE: answer_response(v, p.is_known, q, r); break;
    case CREDENTIAL_SCRAM: answer_scram(&p, q, r); break;
    case CREDENTIAL_PROOF: answer_proof(v, p.is_known, q, r); break;
    default: reply_cannot(r);
  }
  passwords_free(&p);
}
