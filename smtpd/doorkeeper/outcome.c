#include "config.h"
#include "smtpd/doorkeeper/outcome.h"

static struct outcome make(uint64_t class, uint64_t code, const char *status, const char *text) {
  struct outcome o = {.fd = -1};
  o.answer.result =
    (struct result){.class = class, .reply_code = code, .status = text_of(status), .text = text_of(text)};
  return o;
}

struct outcome outcome_grant(uint64_t code, const char *status, const char *text) {
  return make(RESULT_SUCCESS, code, status, text);
}

struct outcome outcome_refuse(uint64_t code, const char *status, const char *text) {
  return make(code < 500 ? RESULT_DEFERRAL : RESULT_FAILURE, code, status, text);
}

struct outcome outcome_not_now(void) { return outcome_refuse(503, "5.5.1", "not now"); }

struct outcome outcome_no_memory(void) {
  return outcome_refuse(451, "4.3.0", "out of memory, please try later");
}

const struct outcome outcome_malformed = {.fd = -1, .malformed = true};
