/* A server that says anything: what it gets is bounded, and it is believed only
 * where it may be. */
#include "config.h"
#include "lib/fuzz.h"
#include "lib/saslclient.h"

enum { MESSAGE_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct text input = fuzz_input(octets, size), challenge;
  struct saslclient c = {.user = text_of("u,=r"), .password = text_of("secret"), .exporter = "00", .endpoint = ""};
  enum sasl_mechanism m = (enum sasl_mechanism)(fuzz_choice(&input) % SASL_MECHANISM_COUNT);
  enum saslclient_status s = saslclient_begin(&c, m, text_of("nonce"));
  while (s == SASLCLIENT_OK && text_cut(&input, '\n', &challenge)) {
    s = saslclient_take(&c, challenge);
    check(c.message.len <= MESSAGE_MAX);
  }
  bool scram = m == SASL_SCRAM_SHA_256 || m == SASL_SCRAM_SHA_256_PLUS;
  check(!scram || !saslclient_may_end(&c)); /* the signature cannot be guessed */
  saslclient_free(&c);
  return 0;
}
