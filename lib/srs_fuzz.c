/* What reverses was signed, and signing what anybody may send can be reversed. */
#include "config.h"
#include "lib/address.h"
#include "lib/fuzz.h"
#include "lib/srs.h"

static const uint64_t now_us = UINT64_C(1700000000) * 1000000u, maxage_s = 1814400;

static void same(struct text a, struct text b) { check(text_equal_nocase(a, b)); }

/* Back to the sender, or to the first host's address for him. */
static void check_sender(struct text sender, struct text secret) {
  stralloc there = {0}, back = {0};
  struct text local, domain;
  if (srs_sign(&there, secret, sender, text_of("srs.test"), now_us) == 1) {
    check(srs_reverse(&back, &secret, 1, text_of_stralloc(&there), now_us, maxage_s) == SRS_OK);
    (void)address_split(sender, &local, &domain);
    if (!srs_is(local)) same(text_of_stralloc(&back), sender);
    check(address_split(text_of_stralloc(&back), &local, &domain) && local.len && domain.len);
  }
  stralloc_free(&there);
  stralloc_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  const struct text secrets[] = {text_of("first"), text_of("second")};
  struct text address = fuzz_input(octets, size);
  stralloc back = {0};
  enum srs_status s = srs_reverse(&back, secrets, 2, address, now_us, maxage_s);
  check((s == SRS_OK) == (back.len > 0));
  check_sender(address, secrets[0]);
  stralloc_free(&back);
  return 0;
}
