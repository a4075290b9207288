/* Any packet gives an answer, and a name that is one. */
#include "config.h"
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <dns.h>
#include "remote/alias.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len) {
  char *name = NULL;
  if (len > 65535 || !dns_domain_fromdot(&name, "a.test", 6)) return 0;
  int r = alias_follow((const char *)octets, (unsigned)len, &name);
  if (r == 0 || r == 1)
    if (dns_domain_length(name) > 256) abort();
  dns_domain_free(&name);
  return 0;
}
