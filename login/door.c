#include "config.h"
#include "login/door.h"
#include <errno.h>
#include "lib/credential.h"
#include "lib/mailboxdoor.h"

const struct frame_protocol logindoor_protocol = {'L', 1, LOGINDOOR_FRAME_MAX};

#define MEMBER(NAME) offsetof(struct logindoor_request, NAME)

static const struct field question_fields[] = {
  {TAG_MECHANISM, FIELD_TEXT, MEMBER(mechanism), 20, false},
  {TAG_AUTH_USER, FIELD_TEXT, MEMBER(user), SASL_USER_MAX, false},
  {TAG_SECRET, FIELD_OCTETS, MEMBER(secret), SASL_SECRET_MAX, false},
  {TAG_ATTRIBUTES, FIELD_TEXT, MEMBER(attributes), SASL_ATTRIBUTES_MAX, false},
  {TAG_BINDING, FIELD_TEXT, MEMBER(binding), SASL_BINDING_MAX, false},
  {TAG_RESPONSE, FIELD_TEXT, MEMBER(response), CREDENTIAL_RESPONSE_MAX, false},
  {TAG_UTF8, FIELD_FLAG, MEMBER(utf8), 0, false},
  {TAG_LANGUAGE, FIELD_TEXT, MEMBER(language), MAILBOXDOOR_LANGUAGE_MAX, false},
  FIELD_END
};

static const struct field answer_fields[] = {
  RESULT_FIELDS(struct logindoor_answer, result),
  {TAG_ENDS_SESSION, FIELD_FLAG, offsetof(struct logindoor_answer, ends_session), 0, false},
  {TAG_CHALLENGE, FIELD_TEXT, offsetof(struct logindoor_answer, challenge), LOGINDOOR_CHALLENGE_MAX, false},
  {TAG_MECHANISMS, FIELD_TEXT, offsetof(struct logindoor_answer, offered), CREDENTIAL_MECHANISMS_MAX, false},
  FIELD_END
};

int logindoor_put_request(stralloc *out, const struct logindoor_request *r) { return record_put(out, question_fields, r); }

int logindoor_put_answer(stralloc *out, const struct logindoor_answer *a) { return record_put(out, answer_fields, a); }

/* Each kind has what it must and may have. */
static bool fits(const struct logindoor_request *r, unsigned kind) {
  bool has_sasl = r->mechanism.s || r->secret.s || r->attributes.s || r->binding.s;
  bool has_wish = r->utf8 || r->language.s;
  switch (kind) {
    case LOGINDOOR_AUTH: return r->mechanism.s && !r->response.s && !has_wish;
    case LOGINDOOR_APOP: return r->user.s && r->response.s && !has_sasl && !has_wish;
    case LOGINDOOR_OPEN: return !has_sasl && !r->user.s && !r->response.s;
    case LOGINDOOR_OFFER:
    case LOGINDOOR_TLS: return !has_sasl && !has_wish && !r->user.s && !r->response.s;
    default: return false;
  }
}

int logindoor_read_request(struct logindoor_request *r, unsigned kind, struct text payload) {
  struct tlv_reader reader = {payload};
  struct tlv item;
  enum tlv_status s;
  *r = (struct logindoor_request){0};
  /* talker and doorkeeper are one program: nothing in a request can be unknown */
  while ((s = tlv_next(&reader, &item)) == TLV_ITEM)
    if (record_take(question_fields, r, &item) != RECORD_TAKEN) break;
  return s == TLV_END && fits(r, kind) ? 0 : (errno = EPROTO, -1);
}

int logindoor_read_answer(struct logindoor_answer *a, struct text payload) {
  *a = (struct logindoor_answer){0};
  if (record_read(answer_fields, a, payload) == -1) return -1;
  return result_is_valid(&a->result) ? 0 : (errno = EPROTO, -1);
}
