/* Addresses that are taken are clean, and of a name behind their '@'. */
#include "config.h"
#include <string.h>
#include "lib/address.h"
#include "lib/fuzz.h"
#include "remote/tlsreport/rua.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct text in = fuzz_input(octets, size), local, domain;
  struct rua r = {0};
  check(rua_add_record(&r, in) == 0);
  check(r.count <= RUA_MAX && r.records <= 1 && (r.count == 0 || r.records == 1));
  for (size_t i = 0; i < r.count; i++) {
    struct text a = text_of_stralloc(&r.addresses[i]);
    check(address_is_clean(a) && address_split(a, &local, &domain) && local.len && domain.len && !memchr(domain.s, '>', domain.len));
  }
  rua_free(&r);
  return 0;
}
