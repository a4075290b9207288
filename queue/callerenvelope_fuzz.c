/* The injector's two envelopes, as a hostile caller would write them. */
#include "config.h"
#include <stdint.h>
#include "queue/callerenvelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct callerenvelope ce = {0};
  size_t classic = size ? data[0] : 0;
  if (size && classic <= size - 1 && stralloc_copyb(&ce.classic, (const char *)data + 1, classic) &&
      stralloc_copyb(&ce.extra, (const char *)data + 1 + classic, size - 1 - classic) &&
      callerenvelope_parse(&ce, 100) == CALLERENVELOPE_OK)
    callerenvelope_merge(&ce, true);
  callerenvelope_free(&ce);
  return 0;
}
