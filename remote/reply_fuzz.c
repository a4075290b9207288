/* Any octets, fed whole and one by one, give the same reply within its limits. */
#include "config.h"
#include <stdlib.h>
#include <string.h>
#include "remote/reply.h"
#include "remote/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

static void check(bool holds) {
  if (!holds) abort();
}

static void check_verdict(const struct reply *r) {
  struct verdict v = {.class = RESULT_NONE};
  verdict_of_reply(&v, r);
  struct result result = verdict_result(&v);
  check(result_is_valid(&result));
  check(result.text.len <= RESULT_TEXT_MAX);
  verdict_free(&v);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len) {
  struct text whole = {(const char *)octets, len};
  struct reply r = {0}, one = {0};
  enum reply_status s = REPLY_MORE;
  size_t used = 0;
  reply_begin(&r);
  reply_begin(&one);
  enum reply_status expected = reply_feed(&r, &whole);
  while (s == REPLY_MORE && used < len) {
    struct text t = {(const char *)octets + used++, 1};
    s = reply_feed(&one, &t);
  }
  check(s == expected && used == len - whole.len);
  check(r.text.len <= REPLY_TEXT_MAX &&
        text_equal(text_of_stralloc(&r.text), text_of_stralloc(&one.text)));
  if (s == REPLY_DONE) {
    check(r.code >= 200 && r.code <= 599 && r.code == one.code);
    check_verdict(&r);
  }
  reply_free(&r);
  reply_free(&one);
  return 0;
}
