#include "config.h"
#include "lib/queueid.h"
#include "lib/unittest.h"

#define ID "1700000000123456.00112233445566778fff"

static void is_made_of_time_and_octets(void **state) {
  (void)state;
  static const unsigned char octets[10] = {0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x8f, 0xff};
  struct queueid id;
  queueid_from(&id, 1700000000123456, octets);
  assert_string_equal(id.s, ID);
  assert_int_equal(queueid_arrival_us(&id), 1700000000123456);
  assert_int_equal(queueid_folder(&id), 0xff);
  queueid_from(&id, 5, octets);
  assert_string_equal(id.s, "0000000000000005.00112233445566778fff");
}

static void parses(void **state) {
  (void)state;
  const struct {
    const char *text;
    bool good;
  } cases[] = {
    {ID, true},
    {"9999999999999999.ffffffffffffffffffff", true},
    {"", false},
    {"1700000000123456.00112233445566778ff", false},
    {"1700000000123456.00112233445566778fff0", false},
    {"1700000000123456:00112233445566778fff", false},
    {"170000000012345a.00112233445566778fff", false},
    {"1700000000123456.00112233445566778FFF", false},
    {"1700000000123456.00112233445566778ffg", false},
    {"1700000000123456.0011223344556677/..f", false},
    {" 700000000123456.00112233445566778fff", false},
    {"1700000000123456..0112233445566778fff", false},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct queueid id;
    assert_int_equal(queueid_parse(&id, text_of(cases[i].text)), cases[i].good);
    if (cases[i].good) assert_string_equal(id.s, cases[i].text);
  }
  struct queueid id;
  assert_false(queueid_parse(&id, TEXT("1700000000123456.00112233445566778ff\0")));
  assert_false(queueid_parse(&id, TEXT_ABSENT));
}

static void two_of_one_time_differ(void **state) {
  (void)state;
  struct queueid a, b, back;
  assert_int_equal(queueid_make(&a, 42), 0);
  assert_int_equal(queueid_make(&b, 42), 0);
  assert_string_not_equal(a.s, b.s);
  assert_memory_equal(a.s, b.s, QUEUEID_DIGITS + 1);
  assert_true(queueid_parse(&back, text_of(a.s)));
  assert_string_equal(back.s, a.s);
}

static void folders_are_the_last_octet(void **state) {
  (void)state;
  for (unsigned i = 0; i < QUEUEID_FOLDERS; i++) {
    unsigned char octets[10] = {0};
    struct queueid id;
    octets[9] = (unsigned char)i;
    queueid_from(&id, 1, octets);
    assert_int_equal(queueid_folder(&id), i);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(is_made_of_time_and_octets),
    cmocka_unit_test(parses),
    cmocka_unit_test(two_of_one_time_differ),
    cmocka_unit_test(folders_are_the_last_octet),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
