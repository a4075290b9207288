/* The first octet is the kind.  What decodes encodes to something that decodes to the same. */
#include "config.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "lib/credential.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static void check_request(unsigned kind, struct text payload) {
  struct credential_request r, again;
  stralloc one = {0}, two = {0};
  if (credential_read_request(&r, kind, payload) == -1) return;
  if (r.user.s && (r.user.len == 0 || !text_is_clean(r.user))) abort();
  if (kind == CREDENTIAL_PASSWORD && memchr(r.secret.s, 0, r.secret.len)) abort();
  if (credential_put_request(&one, kind, &r) == -1) abort();
  if (credential_read_request(&again, kind, text_of_stralloc(&one)) == -1) abort();
  if (credential_put_request(&two, kind, &again) == -1) abort();
  if (!text_equal(text_of_stralloc(&one), text_of_stralloc(&two))) abort();
  stralloc_free(&one);
  stralloc_free(&two);
}

static void check_answer(struct text payload) {
  struct credential_answer a, again;
  stralloc one = {0};
  if (credential_read_answer(&a, payload) == -1) return;
  if (credential_put_answer(&one, &a) == -1) abort();
  if (credential_read_answer(&again, text_of_stralloc(&one)) == -1) abort();
  if (a.result.class != again.result.class || !text_equal(a.salt, again.salt)) abort();
  stralloc_free(&one);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  if (size == 0) return 0;
  struct text payload = {(const char *)octets + 1, size - 1};
  if (octets[0] == CREDENTIAL_ANSWER)
    check_answer(payload);
  else
    check_request(octets[0], payload);
  return 0;
}
