#include "config.h"
#include <string.h>
#include "lib/unittest.h"
#include "remote/offer.h"

static const struct {
  const char *text, *name;
  bool pipelining;
} cases[] = {
  {"mx.test\nPIPELINING", "mx.test", true},
  {"mx.test at your service\npipelining", "mx.test", true},
  {"[192.0.2.1]", "[192.0.2.1]", false},
  {"\nPIPELINING", "", true},
  {"", "", false},
  {" mx.test", "", false},
  {"mx\033[1m.test\nPIPELINING", "", true}, /* it stands in notes */
  {"mx\177", "", false},
};

static void takes_a_clean_name(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct offer o;
    offer_read(&o, text_of(cases[i].text));
    assert_string_equal(o.name, cases[i].name);
    assert_int_equal(o.pipelining, cases[i].pipelining);
  }
}

static void takes_no_longer_name(void **state) {
  (void)state;
  char text[OFFER_NAME_MAX + 2];
  struct offer o;
  memset(text, 'a', sizeof text);
  offer_read(&o, (struct text){text, OFFER_NAME_MAX});
  assert_int_equal(strlen(o.name), OFFER_NAME_MAX);
  offer_read(&o, (struct text){text, OFFER_NAME_MAX + 1});
  assert_string_equal(o.name, "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(takes_a_clean_name),
    cmocka_unit_test(takes_no_longer_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
