#include "config.h"
#include "local/users/assignfile.h"
#include <stdio.h>
#include "lib/unittest.h"

struct told {
  size_t number;
  const char *what;
  unsigned count;
};

static void keep(void *context, size_t number, const char *what, struct text about) {
  struct told *t = context;
  (void)about;
  *t = (struct told){number, what, t->count + 1};
}

static void never(void *context, size_t number, const char *what, struct text about) {
  (void)context, (void)about;
  fail_msg("line %zu: %s", number, what);
}

#define JOE "=joe:joe:501:601:/home/joe:::\n"

static void what_is_wrong_is_told(void **state) {
  const struct {
    struct text octets;
    size_t number;
    const char *what;
  } rows[] = {
    {TEXT(""), 0, "no line with a dot"},
    {TEXT(JOE), 0, "no line with a dot"},
    {TEXT("\n.\n"), 1, "neither = nor +"},
    {TEXT(JOE "# joe\n.\n"), 2, "neither = nor +"},
    {TEXT("joe:joe:501:601:/home/joe:::\n.\n"), 1, "neither = nor +"},
    {TEXT("=joe\n.\n"), 1, "fewer than seven"},
    {TEXT("=joe:joe:501:601:/home/joe::\n.\n"), 1, "fewer than seven"},
    {TEXT("+joe-:joe:501:601:/home/joe:-:\n.\n"), 1, "fewer than seven"},
    {TEXT("=joe::501:601:/home/joe:::\n.\n"), 1, "no user"},
    {TEXT("=joe:joe::601:/home/joe:::\n.\n"), 1, "the uid is no number"},
    {TEXT("=joe:joe:x:601:/home/joe:::\n.\n"), 1, "the uid is no number"},
    {TEXT("=joe:joe:-1:601:/home/joe:::\n.\n"), 1, "the uid is no number"},
    {TEXT("=joe:joe:4294967295:601:/home/joe:::\n.\n"), 1, "the uid is no number"},
    {TEXT("=joe:joe:18446744073709551617:601:/home/joe:::\n.\n"), 1, "the uid is no number"},
    {TEXT("=joe:joe:0:601:/home/joe:::\n.\n"), 1, "the uid is 0"},
    {TEXT("=joe:joe:00:601:/home/joe:::\n.\n"), 1, "the uid is 0"},
    {TEXT("=joe:joe:501:g:/home/joe:::\n.\n"), 1, "the gid is no number"},
    {TEXT("=joe:joe:501:4294967295:/home/joe:::\n.\n"), 1, "the gid is no number"},
    {TEXT("=joe:joe:501:601::::\n.\n"), 1, "absolute"},
    {TEXT("=joe:joe:501:601:home/joe:::\n.\n"), 1, "absolute"},
    {TEXT("=joe:joe:501:601:/home/j\0oe:::\n.\n"), 1, "control octet in a field"},
    {TEXT("=jo\te:joe:501:601:/home/joe:::\n.\n"), 1, "control octet in the address"},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct assignfile f = {0};
    struct told t = {0};
    assert_int_equal(assignfile_parse(&f, rows[i].octets, keep, never, &t), 1);
    if (t.count != 1 || t.number != rows[i].number || !strstr(t.what, rows[i].what))
      fail_msg("%s: line %zu: %s", rows[i].octets.s, t.number, t.what);
    assignfile_free(&f);
  }
}

static void every_wrong_line_is_told(void **state) {
  struct assignfile f = {0};
  struct told t = {0};
  (void)state;
  assert_int_equal(assignfile_parse(&f, TEXT("x\n" JOE "y\n\n=joe:\n.\nz\n"), keep, never, &t), 1);
  assert_int_equal(t.count, 4);
  assignfile_free(&f);
}

static void check(struct text octets, const struct text keys[], const struct text datas[], size_t count,
                  struct text wildcards) {
  struct assignfile f = {0};
  assert_int_equal(assignfile_parse(&f, octets, never, never, NULL), 0);
  assert_int_equal(f.count, count);
  for (size_t i = 0; i < count; i++) {
    assert_text(assignfile_key(&f, i), keys[i]);
    assert_text(assignfile_data(&f, i), datas[i]);
  }
  assert_text(text_of_stralloc(&f.wildcards), wildcards);
  assignfile_free(&f);
}

static void lines_become_keys_and_data(void **state) {
  const struct text keys[] = {TEXT("!"), TEXT("!\0"), TEXT("!ann+"), TEXT("!joe\0"), TEXT("!joe-"), TEXT("!x-")};
  const struct text datas[] = {
    TEXT("alias\0" "7\0" "0\0/\0-\0"), TEXT("e\0" "1\0" "2\0/\0\0"), TEXT("a\0" "4294967294\0" "1\0/h\0-/\0p"),
    TEXT("Joe\0" "501\0" "601\0/home/joe\0\0"), TEXT("joe\0" "501\0" "601\0/home/joe\0-\0"), TEXT("x\0" "1\0" "1\0/x\0-\0x-")};
  (void)state;
  /* a colon ends a field, so the sixth one ends ext: the rest of a line is free */
  check(TEXT("=JOE:Joe:501:601:/home/joe:::\r\n"
             "+joe-:joe:501:601:/home/joe:-::comment\n"
             "+:alias:7:0:/:-::\n"
             "=:e:1:2:/:::\n"
             "+Ann+:a:4294967294:1:/h:-/:p::\n"
             "+X-:x:1:1:/x:-:x-:\n"
             ".\nwhatever\n"),
        keys, datas, COUNT(keys), TEXT("-+"));
  check(TEXT("."), NULL, NULL, 0, TEXT(""));
}

static void the_first_of_two_counts(void **state) {
  struct assignfile f = {0};
  struct told t = {0};
  (void)state;
  assert_int_equal(assignfile_parse(&f,
                                    TEXT(JOE "+joe:x:1:1:/:::\n=Joe:other:1:1:/:::\n+JOE:y:1:1:/:::\n.\n"),
                                    never, keep, &t),
                   0);
  assert_int_equal(t.count, 2);
  assert_int_equal(f.count, 2);
  assert_int_equal(f.entries[0].number + f.entries[1].number, 3);
  assignfile_free(&f);
}

static void many_lines_take_no_time(void **state) {
  enum { LINES = 100000 };
  stralloc octets = {0};
  char line[80];
  struct assignfile f = {0};
  (void)state;
  for (unsigned i = 0; i < LINES; i++) {
    int n = snprintf(line, sizeof line, "=u%u:u:1:1:/:::\n", i * 7919 % LINES);
    assert_true(stralloc_catb(&octets, line, (size_t)n));
  }
  assert_true(stralloc_cats(&octets, ".\n"));
  assert_int_equal(assignfile_parse(&f, text_of_stralloc(&octets), never, never, NULL), 0);
  assert_int_equal(f.count, LINES);
  assignfile_free(&f);
  stralloc_free(&octets);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_wrong_is_told),
    cmocka_unit_test(every_wrong_line_is_told),
    cmocka_unit_test(lines_become_keys_and_data),
    cmocka_unit_test(the_first_of_two_counts),
    cmocka_unit_test(many_lines_take_no_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
