#include "config.h"
#include "auth/guesses.h"
#include <stdio.h>
#include <stdlib.h>
#include "lib/unittest.h"

enum { HALF_US = 600 * 1000000 };

static const struct guesses_name joe = {GUESSES_USER, {NULL, 0}, {"joe", 3}};

static void add(struct guesses *g, struct guesses_name n, unsigned times, uint64_t now_us) {
  while (times--) guesses_add(g, n, now_us);
}

static void half_is_forgotten_in_each_half_life(void **state) {
  (void)state;
  const struct {
    uint64_t passed_us;
    uint32_t left;
  } cases[] = {{0, 16},          {HALF_US / 2, 12},  {HALF_US, 8},
               {2 * HALF_US, 4}, {4ull * HALF_US, 1}, {6ull * HALF_US, 0}, {1ull << 62, 0}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct guesses *g = guesses_new(HALF_US);
    add(g, joe, 16, 1000);
    assert_int_equal(guesses_count(g, joe, 1000 + cases[i].passed_us), cases[i].left);
    free(g);
  }
}

static void what_is_forgiven_is_gone(void **state) {
  (void)state;
  struct guesses *g = guesses_new(HALF_US);
  guesses_forgive(g, joe, 5);
  assert_int_equal(guesses_count(g, joe, 5), 0);
  add(g, joe, 2, 5);
  guesses_forgive(g, joe, 5);
  assert_int_equal(guesses_count(g, joe, 5), 1);
  guesses_forgive(g, joe, 5);
  guesses_forgive(g, joe, 5);
  assert_int_equal(guesses_count(g, joe, 5), 0);
  free(g);
}

/* Neither kinds nor texts run into each other. */
static void names_are_told_apart(void **state) {
  (void)state;
  const struct guesses_name names[] = {
    {GUESSES_ADDRESS, {"1.2.3.4", 7}, {NULL, 0}}, {GUESSES_USER, {NULL, 0}, {"1.2.3.4", 7}},
    {GUESSES_PAIR, {"1.2.3.4", 7}, {"joe", 3}},   {GUESSES_PAIR, {"1.2.3.4j", 8}, {"oe", 2}},
    {GUESSES_GOOD, {"1.2.3.4", 7}, {"joe", 3}},   {GUESSES_PAIR, {"1.2.3.", 6}, {"4joe", 4}},
  };
  struct guesses *g = guesses_new(HALF_US);
  for (size_t i = 0; i < COUNT(names); i++) add(g, names[i], (unsigned)i + 1, 9);
  for (size_t i = 0; i < COUNT(names); i++) assert_int_equal(guesses_count(g, names[i], 9), i + 1);
  free(g);
}

static void a_user_is_the_same_in_whichever_case(void **state) {
  (void)state;
  struct guesses *g = guesses_new(HALF_US);
  add(g, joe, 3, 9);
  assert_int_equal(guesses_count(g, (struct guesses_name){GUESSES_USER, {NULL, 0}, {"JoE", 3}}, 9), 3);
  free(g);
}

static void a_success_is_remembered_for_longer(void **state) {
  (void)state;
  const struct guesses_name good = {GUESSES_GOOD, {"1.2.3.4", 7}, {"joe", 3}};
  struct guesses *g = guesses_new(HALF_US);
  guesses_add(g, good, 1);
  assert_int_equal(guesses_count(g, good, 100ull * HALF_US), 1);
  assert_int_equal(guesses_count(g, good, 300ull * HALF_US), 0);
  free(g);
}

/* A hundred thousand names do not make the table forget one that failed often. */
static void a_flood_of_names_drives_out_the_least(void **state) {
  (void)state;
  struct guesses *g = guesses_new(HALF_US);
  add(g, joe, 50, 1);
  for (unsigned i = 0; i < 100000; i++) {
    char name[16];
    int len = snprintf(name, sizeof name, "u%u", i);
    guesses_add(g, (struct guesses_name){GUESSES_USER, {NULL, 0}, {name, (size_t)len}}, 2);
  }
  assert_int_equal(guesses_count(g, joe, 2), 50);
  free(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(half_is_forgotten_in_each_half_life),
    cmocka_unit_test(what_is_forgiven_is_gone),
    cmocka_unit_test(names_are_told_apart),
    cmocka_unit_test(a_user_is_the_same_in_whichever_case),
    cmocka_unit_test(a_success_is_remembered_for_longer),
    cmocka_unit_test(a_flood_of_names_drives_out_the_least),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
