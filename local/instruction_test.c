#include "config.h"
#include "local/testing.h"
#include <stdlib.h>
#include <string.h>
#include "local/instruction.h"

struct row {
  const char *file;
  bool forward_only;
  const char *parsed; /* kind value, in order, ';' between; NULL: trouble */
  const char *word;   /* of the verdict's text */
};

static const struct row rows[] = {
  {"./Maildir/\n", false, "maildir ./Maildir/", NULL},
  {"./Maildir/", false, "maildir ./Maildir/", NULL},
  {"./Maildir/ \t\n", false, "maildir ./Maildir/", NULL},
  {"/home/x/mbox\n", false, "mbox /home/x/mbox", NULL},
  {"|vacation joe\n", false, "program vacation joe", NULL},
  {"|\n", false, "program ", NULL},
  {"&me@new.example\n", false, "forward me@new.example", NULL},
  {"me@new.example\n&you\n", false, "forward me@new.example;forward you", NULL},
  {"# nothing\n", false, "", NULL},
  {"# one\n\n  \n./M/\n", false, "maildir ./M/", NULL},
  {"./M/\n|p\n&a@b\n./m\n", false, "maildir ./M/;program p;forward a@b;mbox ./m", NULL},
  {"+list\na@b\n", false, "forward a@b", NULL},
  {"a@b\n", true, "forward a@b", NULL},
  {"\n./M/\n", false, NULL, "line 1 "},
  {" \t\n./M/\n", false, NULL, "blank first line"},
  {"./M/\n", true, NULL, "forwarding only"},
  {"./m\n", true, NULL, "forwarding only"},
  {"# x\n|p\n", true, NULL, "line 2 "},
  {"+list\n./M/\n", false, NULL, "forwarding only"},
  {"+list\n+Lists\n", false, NULL, "forwarding only"},
  {"+Lists\n", false, "maildir Lists", NULL},
  {"+.list\n", false, "maildir list", NULL},
  {"+a/b\n", false, "maildir a/b", NULL},
  {"+\n", false, NULL, "empty name"},
  {"+../b\n", false, NULL, "empty name"},
  {"+/etc\n", false, NULL, "empty name"},
  {"+\xff\n", false, NULL, "not UTF-8"},
  {"&\n", false, NULL, "empty address"},
  {"& \n", false, NULL, "empty address"},
  {"a@b\r\n", false, NULL, "control octet"},
  {" a@b\n", false, NULL, "blank"},
  {"& a@b\n", false, NULL, "blank"},
};

static void describe(stralloc *out, const struct instructions *i) {
  for (size_t n = 0; n < i->count; n++) {
    if (n) assert_true(stralloc_cats(out, ";"));
    assert_true(stralloc_cats(out, instruction_name(i->list[n].kind)));
    assert_true(stralloc_cats(out, " "));
    assert_int_equal(text_cat(out, i->list[n].value), 0);
    assert_int_equal(i->list[n].value.s[i->list[n].value.len], 0);
  }
  assert_true(stralloc_0(out));
}

static int parse(struct instructions *i, const char *octets, size_t len, bool forward_only,
                 struct verdict *v) {
  stralloc file = {0};
  assert_true(stralloc_copyb(&file, octets, len));
  return instruction_parse(i, &file, forward_only, ".qmail-x", v);
}

static void check(const struct row *r) {
  struct instructions i = {0};
  struct verdict v = {0};
  stralloc got = {0};
  print_message("%s\n", r->file);
  assert_int_equal(parse(&i, r->file, strlen(r->file), r->forward_only, &v), r->parsed ? 0 : -1);
  if (r->parsed) {
    describe(&got, &i);
    assert_string_equal(got.s, r->parsed);
  } else {
    assert_int_equal(v.class, RESULT_DEFERRAL);
    assert_true(stralloc_0(&v.text));
    assert_non_null(strstr(v.text.s, r->word));
    assert_non_null(strstr(v.text.s, " of .qmail-x"));
  }
  instructions_free(&i);
  verdict_free(&v);
  stralloc_free(&got);
}

static void table(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check(&rows[i]);
}

static void over_long_lines_are_trouble(void **state) {
  struct instructions i = {0};
  struct verdict v = {0};
  char line[5000];
  (void)state;
  memset(line, 'a', sizeof line);
  assert_int_equal(parse(&i, line, 1004, false, &v), -1);
  instructions_free(&i);
  assert_int_equal(parse(&i, line, 1003, false, &v), 0);
  instructions_free(&i);
  line[0] = '/';
  assert_int_equal(parse(&i, line, 4001, false, &v), -1);
  instructions_free(&i);
  assert_int_equal(parse(&i, line, 4000, false, &v), 0);
  instructions_free(&i);
  verdict_free(&v);
}

static void a_nul_is_trouble(void **state) {
  struct instructions i = {0};
  struct verdict v = {0};
  (void)state;
  assert_int_equal(parse(&i, "./M/\0/\n", 7, false, &v), -1);
  instructions_free(&i);
  verdict_free(&v);
}

static void kinds_are_counted(void **state) {
  static const char file[] = "./M/\na@b\n&c@d\n./N/\ne@f\n|p\n";
  struct instructions i = {0};
  struct verdict v = {0};
  (void)state;
  assert_int_equal(parse(&i, file, sizeof file - 1, false, &v), 0);
  assert_int_equal(instruction_count(&i, INSTRUCTION_FORWARD), 3);
  assert_int_equal(instruction_count(&i, INSTRUCTION_MAILDIR), 2);
  assert_int_equal(instruction_count(&i, INSTRUCTION_MBOX), 0);
  assert_int_equal(instruction_count(&i, INSTRUCTION_PROGRAM), 1);
  instructions_free(&i);
  verdict_free(&v);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(table),
    cmocka_unit_test(over_long_lines_are_trouble),
    cmocka_unit_test(a_nul_is_trouble),
    cmocka_unit_test(kinds_are_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
