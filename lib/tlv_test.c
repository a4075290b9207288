#include "config.h"
#include "lib/tlv.h"
#include <errno.h>
#include "lib/unittest.h"

static void encodes_octet_by_octet(void **state) {
  (void)state;
  stralloc out = {0};
  assert_int_equal(tlv_put(&out, 0x8102, TEXT("ab\0")), 0);
  assert_int_equal(tlv_put(&out, 1, TEXT_ABSENT), 0);
  assert_int_equal(tlv_put_uint(&out, 2, 0x0102030405060708), 0);
  assert_text(text_of_stralloc(&out), TEXT("\x81\x02\0\0\0\x03"
                                           "ab\0"
                                           "\0\x01\0\0\0\0"
                                           "\0\x02\0\0\0\x08\1\2\3\4\5\6\7\x08"));
  stralloc_free(&out);
}

static void reads_what_was_written(void **state) {
  (void)state;
  static const uint64_t numbers[] = {0, 1, 255, 256, 0x0102030405060708, UINT64_MAX};
  stralloc out = {0};
  for (size_t i = 0; i < COUNT(numbers); i++)
    assert_int_equal(tlv_put_uint(&out, (uint16_t)(0xfff0 + i), numbers[i]), 0);
  struct tlv_reader r = {text_of_stralloc(&out)};
  struct tlv item;
  for (size_t i = 0; i < COUNT(numbers); i++) {
    uint64_t value = 99;
    assert_int_equal(tlv_next(&r, &item), TLV_ITEM);
    assert_int_equal(item.tag, 0xfff0 + i);
    assert_int_equal(tlv_uint(&item, &value), 0);
    assert_true(value == numbers[i]);
  }
  assert_int_equal(tlv_next(&r, &item), TLV_END);
  assert_int_equal(tlv_next(&r, &item), TLV_END);
  stralloc_free(&out);
}

static void refuses_what_is_cut_off(void **state) {
  (void)state;
  stralloc out = {0};
  assert_int_equal(tlv_put(&out, 7, TEXT("value")), 0);
  for (size_t len = 1; len < out.len; len++) {
    struct tlv_reader r = {{out.s, len}};
    struct tlv item;
    assert_int_equal(tlv_next(&r, &item), TLV_MALFORMED);
  }
  stralloc_free(&out);
}

static void refuses_lengths_beyond_the_end(void **state) {
  (void)state;
  const struct text cases[] = {
    TEXT("\0\1\0\0\0\2a"),
    TEXT("\0\1\xff\xff\xff\xff"),
    TEXT("\0\1\xff\xff\xff\xffvalue"),
    TEXT("\0\1\x80\0\0\0value"),
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct tlv_reader r = {cases[i]};
    struct tlv item;
    assert_int_equal(tlv_next(&r, &item), TLV_MALFORMED);
  }
}

static void numbers_have_eight_octets(void **state) {
  (void)state;
  uint64_t value;
  for (size_t len = 0; len < 12; len++) {
    struct tlv item = {1, {"............", len}};
    assert_int_equal(tlv_uint(&item, &value), len == 8 ? 0 : -1);
  }
}

static void refuses_to_write_more_than_a_length_can_say(void **state) {
  (void)state;
  stralloc out = {0};
  errno = 0;
  assert_int_equal(tlv_put(&out, 1, (struct text){"", (size_t)UINT32_MAX + 1}), -1);
  assert_int_equal(errno, EMSGSIZE);
  assert_int_equal(out.len, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(encodes_octet_by_octet),
    cmocka_unit_test(reads_what_was_written),
    cmocka_unit_test(refuses_what_is_cut_off),
    cmocka_unit_test(refuses_lengths_beyond_the_end),
    cmocka_unit_test(numbers_have_eight_octets),
    cmocka_unit_test(refuses_to_write_more_than_a_length_can_say),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
