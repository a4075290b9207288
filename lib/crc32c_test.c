#include "config.h"
#include "lib/crc32c.h"
#include "lib/unittest.h"

/* RFC 3720 B.4; its table gives the octets of each sum in the order sent */
static void gives_the_rfc_s_sums(void **state) {
  (void)state;
  unsigned char zeroes[32] = {0}, ones[32], up[32], down[32];
  static const unsigned char read_command[48] = {
    0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0x04, 0,
    0, 0, 0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0,
  };
  memset(ones, 0xff, sizeof ones);
  for (unsigned i = 0; i < 32; i++) {
    up[i] = (unsigned char)i;
    down[i] = (unsigned char)(31 - i);
  }
  assert_int_equal(crc32c(0, zeroes, 32), 0x8a9136aa);
  assert_int_equal(crc32c(0, ones, 32), 0x62a8ab43);
  assert_int_equal(crc32c(0, up, 32), 0x46dd794e);
  assert_int_equal(crc32c(0, down, 32), 0x113fdb5c);
  assert_int_equal(crc32c(0, read_command, 48), 0xd9963a56);
  assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
  assert_int_equal(crc32c(0, NULL, 0), 0);
}

static void can_be_split_anywhere(void **state) {
  (void)state;
  unsigned char octets[67];
  for (unsigned i = 0; i < sizeof octets; i++) octets[i] = (unsigned char)(i * 37 + 11);
  uint32_t whole = crc32c(0, octets, sizeof octets);
  for (size_t a = 0; a <= sizeof octets; a++)
    for (size_t b = a; b <= sizeof octets; b++) {
      uint32_t crc = crc32c(0, octets, a);
      crc = crc32c(crc, octets + a, b - a);
      assert_int_equal(crc32c(crc, octets + b, sizeof octets - b), whole);
    }
}

static void zeroes_count_without_being_read(void **state) {
  (void)state;
  static const char zeroes[70000];
  static const size_t counts[] = {0, 1, 2, 7, 8, 255, 4096, 65537, sizeof zeroes};
  for (size_t i = 0; i < COUNT(counts); i++) {
    assert_int_equal(crc32c_zeroes(0, counts[i]), crc32c(0, zeroes, counts[i]));
    assert_int_equal(crc32c_zeroes(0xe3069283, counts[i]), crc32c(0xe3069283, zeroes, counts[i]));
  }
  uint32_t split = crc32c_zeroes(crc32c_zeroes(17, UINT64_C(1) << 40), 12345);
  assert_int_equal(crc32c_zeroes(17, (UINT64_C(1) << 40) + 12345), split);
}

static void case_does_not_matter(void **state) {
  (void)state;
  assert_int_equal(crc32c_nocase("Joe@Example.TEST[", 17), crc32c(0, "joe@example.test[", 17));
  assert_int_equal(crc32c_nocase("", 0), 0);
  assert_int_not_equal(crc32c_nocase("[", 1), crc32c_nocase("{", 1));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(gives_the_rfc_s_sums),
    cmocka_unit_test(can_be_split_anywhere),
    cmocka_unit_test(case_does_not_matter),
    cmocka_unit_test(zeroes_count_without_being_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
