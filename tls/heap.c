#include "config.h"
#include "tls/heap.h"
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum { LARGEST = 65536, LARGEST_OF_BINS = 1024, STEP = 16, LEAST = 24 };

/* false: there is no such gap any more. */
static bool fill_one(size_t size, uintptr_t end) {
  uintptr_t at = (uintptr_t)malloc(size);
  return at && at < end;
}

/* Large ones first: taking them puts the small ones that wait to be joined into order. */
void heap_settle(void) {
  uintptr_t end = (uintptr_t)sbrk(0) - mallinfo2().keepcost;
  for (size_t size = LARGEST; size > LARGEST_OF_BINS; size -= size / 8)
    while (fill_one(size, end)) continue;
  for (size_t size = LARGEST_OF_BINS + LEAST - STEP; size >= LEAST; size -= STEP)
    while (fill_one(size, end)) continue;
}
