/* What is read as a request or as facts is written as something that is read as the same. */
#include "config.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "lib/tlswire.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static char wire[4 + TLSWIRE_MAX];

static void check_request(const char *line, size_t len) {
  static struct tls_request r, again;
  if (!tlswire_read_request(&r, line, len)) return;
  size_t put = tlswire_put_request(wire, sizeof wire, &r);
  if (put == 0) return; /* escapes can make it longer */
  if (!tlswire_read_request(&again, wire + 4, put - 4)) abort();
  if (memcmp(&r.role, &again.role, sizeof r.role) != 0 || strcmp(r.sni, again.sni) != 0) abort();
}

static void check_facts(const char *line, size_t len) {
  static struct tls_facts f, again;
  if (!tlswire_read_facts(&f, line, len)) return;
  size_t put = tlswire_put_facts(wire, sizeof wire, &f);
  if (put == 0) return;
  if (!tlswire_read_facts(&again, wire + 4, put - 4)) abort();
  if (f.ok != again.ok || strcmp(f.error, again.error) != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  check_request((const char *)octets, size);
  check_facts((const char *)octets, size);
  return 0;
}
