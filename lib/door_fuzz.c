/* What decodes as a request or answer encodes to something that decodes to the same. */
#include "config.h"
#include <stdint.h>
#include <stdlib.h>
#include "lib/door.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static void check_request(struct text payload) {
  struct door_request r, again;
  stralloc one = {0}, two = {0};
  if (door_read_request(&r, payload) == -1) return;
  if (door_put_request(&one, &r) == -1) abort();
  if (door_read_request(&again, text_of_stralloc(&one)) == -1) abort();
  if (door_put_request(&two, &again) == -1) abort();
  if (!text_equal(text_of_stralloc(&one), text_of_stralloc(&two))) abort();
  envelope_free(&r.envelope);
  envelope_free(&again.envelope);
  stralloc_free(&one);
  stralloc_free(&two);
}

static void check_answer(struct text payload) {
  struct door_answer a, again;
  stralloc one = {0};
  if (door_read_answer(&a, payload) == -1) return;
  if (door_put_answer(&one, &a) == -1) abort();
  if (door_read_answer(&again, text_of_stralloc(&one)) == -1) abort();
  if (a.result.class != again.result.class || !text_equal(a.result.text, again.result.text)) abort();
  stralloc_free(&one);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct text payload = {size ? (const char *)octets : "", size};
  check_request(payload);
  check_answer(payload);
  return 0;
}
