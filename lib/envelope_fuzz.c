/* Whatever decodes can be encoded again, and then comes back the same. */
#include "config.h"
#include "lib/envelope.h"
#include "lib/fuzz.h"

static void check_recipient(const struct envelope_recipient *r) {
  check(text_is_clean(r->address) && text_is_clean(r->orcpt));
  check(r->address.len <= ENVELOPE_ADDRESS_MAX && r->index <= ENVELOPE_RECIPIENTS_MAX);
}

static void check_again(const struct envelope *e) {
  stralloc first = {0}, second = {0};
  struct envelope back = {0};
  check(envelope_encode(&first, e) == 0);
  check(envelope_decode(&back, text_of_stralloc(&first)) == ENVELOPE_OK);
  check(back.recipient_count == e->recipient_count && back.unknown_critical == e->unknown_critical);
  check(text_equal(back.unknown, e->unknown) && text_equal(back.sender, e->sender));
  check(envelope_encode(&second, &back) == 0);
  check(text_equal(text_of_stralloc(&first), text_of_stralloc(&second)));
  envelope_free(&back);
  stralloc_free(&first);
  stralloc_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct envelope e = {0};
  if (envelope_decode(&e, fuzz_input(octets, size)) != ENVELOPE_OK) {
    check(!e.recipients && e.recipient_count == 0);
    return 0;
  }
  check(text_is_clean(e.sender) && text_is_clean(e.helo));
  for (size_t i = 0; i < e.recipient_count; i++) check_recipient(&e.recipients[i]);
  check_again(&e);
  envelope_free(&e);
  return 0;
}
