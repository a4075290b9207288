#include "config.h"
#include "lib/record.h"
#include <errno.h>
#include "lib/unittest.h"

struct thing {
  uint64_t number, always;
  bool flag;
  struct text text, octets;
};

static const struct field fields[] = {
  {0x0001, FIELD_UINT, offsetof(struct thing, number), 1000, false},
  {0x0002, FIELD_UINT, offsetof(struct thing, always), UINT64_MAX, true},
  {0x0003, FIELD_FLAG, offsetof(struct thing, flag), 0, false},
  {0x0004, FIELD_TEXT, offsetof(struct thing, text), 5, false},
  {0x0005, FIELD_OCTETS, offsetof(struct thing, octets), 5, false},
  FIELD_END
};

#define NUMBER(LAST) "\0\0\0\0\0\0\0" LAST
#define ALWAYS_ZERO "\0\2\0\0\0\x08" NUMBER("\0")

static void writes_what_is_set(void **state) {
  (void)state;
  const struct {
    struct thing thing;
    struct text octets;
  } cases[] = {
    {{0}, TEXT(ALWAYS_ZERO)},
    {{.number = 7}, TEXT("\0\1\0\0\0\x08" NUMBER("\7") ALWAYS_ZERO)},
    {{.flag = true}, TEXT(ALWAYS_ZERO "\0\3\0\0\0\0")},
    {{.text = TEXT("")}, TEXT(ALWAYS_ZERO "\0\4\0\0\0\0")},
    {{.text = TEXT("five.")}, TEXT(ALWAYS_ZERO "\0\4\0\0\0\5five.")},
    {{.octets = TEXT("\0\r\n\x7f")}, TEXT(ALWAYS_ZERO "\0\5\0\0\0\4\0\r\n\x7f")},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    struct thing back = {0};
    assert_int_equal(record_put(&out, fields, &cases[i].thing), 0);
    assert_text(text_of_stralloc(&out), cases[i].octets);
    assert_int_equal(record_read(fields, &back, text_of_stralloc(&out)), 0);
    assert_int_equal(back.number, cases[i].thing.number);
    assert_int_equal(back.flag, cases[i].thing.flag);
    assert_text(back.text, cases[i].thing.text);
    assert_text(back.octets, cases[i].thing.octets);
    stralloc_free(&out);
  }
}

static void refuses_to_write(void **state) {
  (void)state;
  const struct {
    struct thing thing;
    int reason;
  } cases[] = {
    {{.number = 1001}, EMSGSIZE},
    {{.text = TEXT("longer")}, EMSGSIZE},
    {{.octets = TEXT("longer")}, EMSGSIZE},
    {{.text = TEXT("a\nb")}, EILSEQ},
    {{.text = TEXT("a\0b")}, EILSEQ},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    errno = 0;
    assert_int_equal(record_put(&out, fields, &cases[i].thing), -1);
    assert_int_equal(errno, cases[i].reason);
    stralloc_free(&out);
  }
}

static void reads(void **state) {
  (void)state;
  const struct {
    const char *what;
    struct text payload;
    int result;
  } cases[] = {
    {"nothing", TEXT(""), 0},
    {"the greatest number", TEXT("\0\1\0\0\0\x08\0\0\0\0\0\0\3\xe8"), 0},
    {"a number over its max", TEXT("\0\1\0\0\0\x08\0\0\0\0\0\0\3\xe9"), -1},
    {"a number of 7 octets", TEXT("\0\1\0\0\0\7\0\0\0\0\0\0\1"), -1},
    {"a number of 9 octets", TEXT("\0\1\0\0\0\x09\0\0\0\0\0\0\0\0\1"), -1},
    {"a flag with a value", TEXT("\0\3\0\0\0\1\1"), -1},
    {"text over its max", TEXT("\0\4\0\0\0\6longer"), -1},
    {"text with a line feed", TEXT("\0\4\0\0\0\3a\nb"), -1},
    {"text with DEL", TEXT("\0\4\0\0\0\1\x7f"), -1},
    {"octets over their max", TEXT("\0\5\0\0\0\6longer"), -1},
    {"unknown", TEXT("\0\6\0\0\0\1x"), 0},
    {"unknown and critical", TEXT("\x80\6\0\0\0\1x"), -1},
    {"cut off", TEXT("\0\6\0\0\0\2x"), -1},
    {"rubbish behind", TEXT("\0\6\0\0\0\1x\0"), -1},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct thing t = {0};
    errno = 0;
    if (record_read(fields, &t, cases[i].payload) != cases[i].result) fail_msg("%s", cases[i].what);
    assert_int_equal(errno, cases[i].result ? EPROTO : 0);
  }
}

static void the_last_of_two_counts(void **state) {
  (void)state;
  struct thing t = {0};
  assert_int_equal(record_read(fields, &t, TEXT("\0\4\0\0\0\1a\0\4\0\0\0\1b")), 0);
  assert_text(t.text, TEXT("b"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(writes_what_is_set),
    cmocka_unit_test(refuses_to_write),
    cmocka_unit_test(reads),
    cmocka_unit_test(the_last_of_two_counts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
