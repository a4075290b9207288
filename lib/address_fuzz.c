/* A path that is taken can be written again, and reads as the same address. */
#include "config.h"
#include <stdint.h>
#include <stdlib.h>
#include "lib/address.h"
#include "lib/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static void check(struct text address) {
  stralloc path = {0}, again = {0};
  if (address.len > ENVELOPE_ADDRESS_MAX || !address_is_clean(address)) abort();
  if (!stralloc_cats(&path, "<") || address_cat(&path, address) == -1 || !stralloc_cats(&path, ">"))
    abort();
  struct text t = text_of_stralloc(&path);
  if (address_parse_path(&t, &again) != ADDRESS_OK || t.len) abort();
  if (!text_equal(text_of_stralloc(&again), address)) abort();
  stralloc_free(&path);
  stralloc_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  stralloc address = {0};
  struct text path = {(const char *)octets, size};
  if (size && address_parse_path(&path, &address) == ADDRESS_OK) {
    if (path.len >= size) abort();
    check(text_of_stralloc(&address));
  }
  stralloc_free(&address);
  return 0;
}
