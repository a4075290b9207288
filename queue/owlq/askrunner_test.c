#include "config.h"
#include "queue/owlq/askrunner.h"
#include "lib/unittest.h"

static void assert_octets(stralloc *out, const char *expected) {
  assert_true(stralloc_0(out));
  assert_string_equal(out->s, expected);
  stralloc_free(out);
}

static void answers_are_sentences(void **state) {
  const struct {
    struct runnerview view;
    const char *words, *json;
  } cases[] = {
    {{.asked = ASKED_DOWN}, "does not run: nothing is tried until owl-start is started", "{\"state\":\"down\"}"},
    {{.asked = ASKED_DENIED}, "may be asked by root and the queue's owner only", "{\"state\":\"denied\"}"},
    {{.why = {.state = WHY_LOADING}}, "is still reading the queue and has not come to it", "{\"state\":\"loading\"}"},
    {{.why = {.state = WHY_ACTIVE, .jobs = 2}},
     "deliveries are under way, or stand in line: 2 jobs",
     "{\"state\":\"active\",\"jobs\":2}"},
    {{.why = {.state = WHY_HELD}}, "holds it until it is released", "{\"state\":\"held\"}"},
    {{.why = {.state = WHY_TIMED, .due_s = 11520}}, "waits for its time, in 3h12m", "{\"state\":\"timed\",\"due_s\":11520}"},
    {{.why = {.state = WHY_TIMED}}, "it is due", "{\"state\":\"timed\",\"due_s\":0}"},
    {{.why = {.state = WHY_PARKED, .never = true, .refusal = WHY_CROWDED}},
     "waits for room at its destination; all places for deliveries are taken",
     "{\"state\":\"parked\",\"refusal\":\"crowded\"}"},
    {{.why = {.state = WHY_PARKED, .due_s = 60, .destination = TEXT("a.test"), .refusal = WHY_DOWN, .opens_s = 90,
              .window = 1, .parked = 3, .error = TEXT("nobody\033 there"), .error_us = UINT64_C(1795438835383624)}},
     "waits for room at its destination, or for its time, in 1m; a.test cannot be reached: the next probe goes in 1m30s\n"
     "last error there, 23 Nov 2026 13:00:35 -0000: nobody? there",
     "{\"state\":\"parked\",\"due_s\":60,\"destination\":\"a.test\",\"refusal\":\"down\",\"opens_s\":90,"
     "\"window\":1,\"running\":0,\"parked\":3,\"error\":\"nobody\\u001B there\",\"error_at\":\"2026-11-23T13:00:35Z\"}"},
    {{.why = {.state = WHY_PARKED, .never = true, .destination = TEXT("a.test"), .refusal = WHY_FULL, .window = 2, .running = 4}},
     "waits for room at its destination; a.test gets 2 deliveries at one time, and has them",
     "{\"state\":\"parked\",\"destination\":\"a.test\",\"refusal\":\"full\",\"opens_s\":0,\"window\":2,\"running\":4,"
     "\"parked\":0}"},
    {{.why = {.state = WHY_PARKED, .never = true, .destination = TEXT("local/joe"), .refusal = WHY_LANE_HELD}},
     "waits for room at its destination; mail for local/joe is held by the operator",
     "{\"state\":\"parked\",\"destination\":\"local/joe\",\"refusal\":\"held\",\"opens_s\":0,\"window\":0,\"running\":0,"
     "\"parked\":0}"},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc words = {0}, line = {0}, expected = {0};
    struct jsonline j;
    assert_int_equal(askrunner_cat(&words, &cases[i].view), 0);
    assert_octets(&words, cases[i].words);
    jsonline_begin(&j);
    askrunner_describe(&j, &cases[i].view);
    assert_int_equal(jsonline_cat(&line, &j), 0);
    assert_true(stralloc_cats(&expected, "{\"runner\":") && stralloc_cats(&expected, cases[i].json) &&
                stralloc_cats(&expected, "}") && stralloc_0(&expected));
    assert_octets(&line, expected.s);
    stralloc_free(&expected);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(answers_are_sentences)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
