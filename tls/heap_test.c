/* After heap_settle() memory comes from behind all that was there before. */
#include "config.h"
#include "tls/heap.h"
#include <stdint.h>
#include <stdlib.h>
#include "lib/plaintest.h"
#include "lib/sandbox.h"

enum { BLOCKS = 4096 };

static void *blocks[BLOCKS];

static size_t size_of(unsigned i) { return 8 + i * 37 % 3000; }

/* Every second one is given back: gaps of all sizes. */
static uintptr_t make_gaps(void) {
  uintptr_t end = 0;
  for (unsigned i = 0; i < BLOCKS; i++) {
    blocks[i] = malloc(size_of(i));
    assert_non_null(blocks[i]);
    if ((uintptr_t)blocks[i] > end) end = (uintptr_t)blocks[i];
  }
  for (unsigned i = 0; i < BLOCKS; i += 2) free(blocks[i]);
  return end;
}

static void no_gap_is_used_afterwards(void **state) {
  (void)state;
  if (SANDBOX_SANITIZED) skip(); /* its heap is another one */
  uintptr_t end = make_gaps();
  heap_settle();
  for (unsigned i = 0; i < BLOCKS; i += 2) {
    blocks[i] = malloc(size_of(i));
    assert_true((uintptr_t)blocks[i] > end);
  }
  for (unsigned i = 0; i < BLOCKS; i++) free(blocks[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(no_gap_is_used_afterwards)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
