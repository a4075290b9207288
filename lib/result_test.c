#include "config.h"
#include "lib/result.h"
#include "lib/unittest.h"

static void checks_class_and_status(void **state) {
  (void)state;
  static const struct {
    uint64_t class;
    const char *status;
    bool valid;
  } cases[] = {
    {RESULT_NONE, NULL, false},
    {RESULT_SUCCESS, NULL, true},
    {RESULT_DEFERRAL, NULL, true},
    {RESULT_FAILURE, NULL, true},
    {RESULT_FAILURE + 1, NULL, false},
    {RESULT_SUCCESS, "2.0.0", true},
    {RESULT_DEFERRAL, "4.2.2", true},
    {RESULT_FAILURE, "5.1.1", true},
    {RESULT_FAILURE, "5.123.456", true},
    {RESULT_FAILURE, "4.1.1", false},
    {RESULT_SUCCESS, "5.1.1", false},
    {RESULT_DEFERRAL, "5.1.1", false},
    {RESULT_FAILURE, "", false},
    {RESULT_FAILURE, "5", false},
    {RESULT_FAILURE, "5.1", false},
    {RESULT_FAILURE, "5.1.", false},
    {RESULT_FAILURE, "5..1.1", false},
    {RESULT_FAILURE, "5.1.1.1", false},
    {RESULT_FAILURE, "5.1.1 ", false},
    {RESULT_FAILURE, "5.1.1234", false},
    {RESULT_FAILURE, "5.1234.1", false},
    {RESULT_FAILURE, "55.1.1", false},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct result r = {.class = cases[i].class, .status = text_of(cases[i].status)};
    if (result_is_valid(&r) != cases[i].valid)
      fail_msg("%u %s", (unsigned)r.class, cases[i].status);
  }
}

static void refuses_control_octets_in_each_text(void **state) {
  (void)state;
  static const size_t members[] = {offsetof(struct result, text), offsetof(struct result, host),
                                   offsetof(struct result, address), offsetof(struct result, tls)};
  for (size_t i = 0; i < COUNT(members); i++) {
    struct result r = {.class = RESULT_SUCCESS};
    struct text *member = (struct text *)(void *)((char *)&r + members[i]);
    *member = TEXT("fine \xc3\xa4");
    assert_true(result_is_valid(&r));
    *member = TEXT("two\nlines");
    assert_false(result_is_valid(&r));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(checks_class_and_status),
    cmocka_unit_test(refuses_control_octets_in_each_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
