#include "config.h"
#include <alloca.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>
#include "lib/stack.h"
#include "lib/unittest.h"

enum { DEEP_OCTETS = 10 * 4096 };

/* Returns from there, so that all of it is written. */
__attribute__((noinline)) static uintptr_t go_down(uintptr_t until) {
  volatile uintptr_t here = (uintptr_t)__builtin_frame_address(0);
  if (here <= until) return here;
  uintptr_t end = go_down(until);
  return here ? end : 0;
}

static unsigned pages_there(uintptr_t from, uintptr_t to) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  unsigned n = 0;
  for (uintptr_t at = from & ~(page - 1); at < to; at += page) {
    unsigned char there = 0;
    if (mincore((void *)at, page, &there) == 0) n += there & 1;
  }
  return n;
}

static void deep_pages_are_given_back(void **state) {
  volatile char kept[100] = "kept";
  uintptr_t top = (uintptr_t)__builtin_frame_address(0);
  (void)state;
  uintptr_t deep = go_down(top - DEEP_OCTETS);
  assert_true(deep <= top - DEEP_OCTETS);
  assert_true(pages_there(deep, top - DEEP_OCTETS / 2) >= 5);
  stack_forget();
  assert_int_equal(pages_there(deep, top - DEEP_OCTETS / 2), 0);
  assert_int_equal(kept[3], 't');
  assert_true(go_down(top - DEEP_OCTETS) <= top - DEEP_OCTETS);
}

/* Octets from here to the page's end. */
__attribute__((noinline)) static int depth_in_page(const void *context) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  assert_string_equal(context, "context");
  return (int)(page - ((uintptr_t)__builtin_frame_address(0) & (page - 1)));
}

__attribute__((noinline)) static void call_deeper(size_t by) {
  volatile char *gap = alloca(by + 1);
  *gap = 1;
  assert_in_range(stack_on_new_page(depth_in_page, "context"), 0, 512);
  assert_int_equal(*gap, 1);
}

static void a_call_begins_at_a_pages_top(void **state) {
  (void)state;
  for (size_t by = 0; by < 2 * 4096; by += 100) call_deeper(by);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(deep_pages_are_given_back), cmocka_unit_test(a_call_begins_at_a_pages_top)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
