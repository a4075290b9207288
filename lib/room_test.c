#include "config.h"
#include "lib/room.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include "lib/unittest.h"

static void it_doubles_and_keeps_what_is_there(void **state) {
  uint64_t *items = NULL;
  size_t space = 0;
  (void)state;
  for (size_t i = 0; i < 100; i++) {
    assert_int_equal(room_make(&items, i, &space, sizeof *items, 3), 0);
    assert_true(space > i);
    items[i] = i;
  }
  assert_int_equal(space, 192);
  for (size_t i = 0; i < 100; i++) assert_int_equal(items[i], i);
  free(items);
}

static void what_cannot_grow_stays(void **state) {
  char *items = malloc(1), *before = items;
  size_t space = SIZE_MAX / 4;
  (void)state;
  assert_int_equal(room_make(&items, space, &space, 8, 1), -1);
  assert_int_equal(errno, ENOMEM);
  assert_int_equal(space, SIZE_MAX / 4);
  assert_ptr_equal(items, before);
  free(items);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(it_doubles_and_keeps_what_is_there),
    cmocka_unit_test(what_cannot_grow_stays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
