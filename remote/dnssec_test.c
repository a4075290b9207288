#include "config.h"
#include <stdlib.h>
#include "lib/unittest.h"
#include "remote/dnssec.h"

static const struct {
  const char *found, *servers, *names;
  bool trusted;
} cases[] = {
  {"yes", "127.0.0.1", "a.test b.test", true},
  {"yes", "[::1]:53", "a.test b.test", true},
  {"no", "127.0.0.1", "a.test b.test", false},
  {"yes", "127.0.0.1", "off", false}, /* since the test */
  {"yes", "192.0.2.1", "a.test b.test", false}, /* what was tested was another one */
  {"yes", "127.0.0.1,192.0.2.1", "a.test b.test", false},
  {"yes", "nonsense", "a.test b.test", true}, /* nobody can be asked now: what was found stays */
  {"no", "nonsense", "a.test b.test", false},
  {"elsewhere", "192.0.2.1", "a.test b.test", false},
  {"", "nonsense", "a.test b.test", true},
};

static void believes_servers_of_this_host_only(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct dnssec d = {.names = text_of(cases[i].names), .limit_s = 1};
    assert_int_equal(setenv(DNSSEC_VARIABLE, cases[i].found, 1), 0);
    assert_int_equal(setenv("DNSCACHEIP", cases[i].servers, 1), 0);
    print_message("%s %s\n", cases[i].found, cases[i].servers);
    assert_int_equal(dnssec_is_trusted(&d), cases[i].trusted);
  }
}

static void stops_when_the_servers_are_others(void **state) {
  (void)state;
  struct dnssec d = {.names = text_of("a.test b.test"), .limit_s = 1};
  assert_int_equal(setenv(DNSSEC_VARIABLE, "yes", 1), 0);
  assert_int_equal(setenv("DNSCACHEIP", "127.0.0.1", 1), 0);
  assert_true(dnssec_is_trusted(&d));
  assert_int_equal(setenv("DNSCACHEIP", "192.0.2.1", 1), 0);
  assert_false(dnssec_is_trusted(&d));
  assert_string_equal(dnssec_word(&d), "elsewhere");
  assert_int_equal(setenv("DNSCACHEIP", "127.0.0.1", 1), 0);
  assert_true(dnssec_is_trusted(&d));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(believes_servers_of_this_host_only),
    cmocka_unit_test(stops_when_the_servers_are_others),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
