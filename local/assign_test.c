#include "config.h"
#include "local/testing.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/cdbfile.h"
#include "local/assign.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof *(ARRAY))
#define OCTETS(LITERAL) {"" LITERAL, sizeof(LITERAL) - 1}

static char cdb[256];

struct entry {
  struct text key, data;
};

static const struct entry good[] = {
  {OCTETS(""), OCTETS("-+n")},
  {OCTETS("!joe\0"), OCTETS("joe\0" "501\0" "601\0/home/joe\0\0")},
  {OCTETS("!joe-"), OCTETS("joe\0" "501\0" "601\0/home/joe\0-\0")},
  {OCTETS("!joe-list\0"), OCTETS("lists\0" "502\0" "602\0/home/lists\0-\0joe")},
  {OCTETS("!joe-x-"), OCTETS("x\0" "503\0" "603\0/home/x\0-/\0pre-")},
  {OCTETS("!ann+"), OCTETS("ann\0" "504\0" "0\0/home/ann\0:::\0")},
  {OCTETS("!sun"), OCTETS("sun\0" "505\0" "605\0/s\0-\0")},
  {OCTETS("!u."), OCTETS("never\0" "506\0" "606\0/n\0-\0")},
};

static void write_cdb(const struct entry *entries, size_t count) {
  struct cdbfile_maker m;
  assert_int_equal(cdbfile_make(&m, cdb), 0);
  for (size_t i = 0; i < count; i++)
    assert_int_equal(cdbfile_add(&m, entries[i].key, entries[i].data), 0);
  assert_int_equal(cdbfile_commit(&m, 0644), 0);
  cdbfile_abandon(&m);
}

struct row {
  const char *local, *name; /* NULL: nobody is assigned */
  unsigned uid, gid;
  const char *home, *dash, *ext;
};

static void check(const struct row *rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const struct row *x = &rows[i];
    struct account a = {.system_groups = true};
    struct verdict v = {0};
    print_message("%s\n", x->local);
    assert_int_equal(assign_find(&a, test_home, text_of(x->local), &v), x->name ? USER_FOUND : USER_NONE);
    if (x->name) {
      assert_string_equal(a.name.s, x->name);
      assert_string_equal(a.home.s, x->home);
      assert_string_equal(a.dash.s, x->dash);
      assert_string_equal(a.ext.s, x->ext);
      assert_int_equal(a.uid, x->uid);
      assert_int_equal(a.gid, x->gid);
      assert_false(a.system_groups);
    }
    account_free(&a);
    verdict_free(&v);
  }
}

static void the_whole_then_the_longest_prefix(void **state) {
  static const struct row rows[] = {
    {"joe", "joe", 501, 601, "/home/joe", "", ""},
    {"JOE", "joe", 501, 601, "/home/joe", "", ""},
    {"joe-", "joe", 501, 601, "/home/joe", "-", ""},
    {"joe-A.b", "joe", 501, 601, "/home/joe", "-", "A.b"},
    {"Joe-List", "lists", 502, 602, "/home/lists", "-", "joe"},
    {"joe-list-x", "joe", 501, 601, "/home/joe", "-", "list-x"},
    {"joe-x", "joe", 501, 601, "/home/joe", "-", "x"},
    {"joe-x-", "x", 503, 603, "/home/x", "-/", "pre-"},
    {"joe-X-Y-z", "x", 503, 603, "/home/x", "-/", "pre-Y-z"},
    {"ann+1", "ann", 504, 0, "/home/ann", ":::", "1"},
    /* an end that no separator marks, of the whole local part too */
    {"sun", "sun", 505, 605, "/s", "-", ""},
    {"sunday", "sun", 505, 605, "/s", "-", "day"},
    /* what the list of wildcards does not have is not looked for */
    {"u.x", NULL, 0, 0, NULL, NULL, NULL},
    {"joel", NULL, 0, 0, NULL, NULL, NULL},
    {"ann", NULL, 0, 0, NULL, NULL, NULL},
    {"!joe", NULL, 0, 0, NULL, NULL, NULL},
    {"", NULL, 0, 0, NULL, NULL, NULL},
  };
  (void)state;
  write_cdb(good, COUNT(good));
  check(rows, COUNT(rows));
}

static void an_empty_prefix_is_for_all_others(void **state) {
  static const struct entry entries[] = {
    {OCTETS(""), OCTETS("")},
    {OCTETS("!joe\0"), OCTETS("joe\0" "501\0" "601\0/home/joe\0\0")},
    {OCTETS("!"), OCTETS("alias\0" "507\0" "607\0/a\0-\0")},
  };
  static const struct row rows[] = {
    {"joe", "joe", 501, 601, "/home/joe", "", ""},
    {"joe-x", "alias", 507, 607, "/a", "-", "joe-x"},
    {"", "alias", 507, 607, "/a", "-", ""},
  };
  (void)state;
  write_cdb(entries, COUNT(entries));
  check(rows, COUNT(rows));
}

static void without_a_file_nobody_is_assigned(void **state) {
  static const struct row rows[] = {{"joe", NULL, 0, 0, NULL, NULL, NULL}};
  (void)state;
  (void)unlink(cdb);
  check(rows, 1);
}

static void expect_trouble(const char *where, const char *status, const char *words) {
  struct account a = {0};
  struct verdict v = {0};
  assert_int_equal(assign_find(&a, where, text_of("joe"), &v), USER_TROUBLE);
  print_message("%.*s\n", (int)v.text.len, v.text.s);
  assert_int_equal(v.class, RESULT_DEFERRAL);
  assert_string_equal(v.status, status);
  assert_non_null(memmem(v.text.s, v.text.len, words, strlen(words)));
  account_free(&a);
  verdict_free(&v);
}

static void a_broken_entry_is_trouble(void **state) {
  static const struct {
    struct text data;
    const char *words;
  } rows[] = {
    {OCTETS(""), "six fields"},
    {OCTETS("joe\0" "501\0" "601\0/home/joe\0-"), "six fields"},
    {OCTETS("joe\0" "501\0" "601\0/home/joe\0-\0\0"), "six fields"},
    {OCTETS("\0" "501\0" "601\0/home/joe\0-\0"), "no user"},
    {OCTETS("joe\0\0" "601\0/home/joe\0-\0"), "the uid is no number"},
    {OCTETS("joe\0-1\0" "601\0/home/joe\0-\0"), "the uid is no number"},
    {OCTETS("joe\0" "4294967295\0" "601\0/home/joe\0-\0"), "the uid is no number"},
    {OCTETS("joe\0" "4294967296\0" "601\0/home/joe\0-\0"), "the uid is no number"},
    {OCTETS("joe\0" "0\0" "601\0/home/joe\0-\0"), "the uid is 0"},
    {OCTETS("joe\0" "000\0" "601\0/home/joe\0-\0"), "the uid is 0"},
    {OCTETS("joe\0" "501\0x\0/home/joe\0-\0"), "the gid is no number"},
    {OCTETS("joe\0" "501\0" "4294967295\0/home/joe\0-\0"), "the gid is no number"},
    {OCTETS("joe\0" "501\0" "601\0\0-\0"), "absolute"},
    {OCTETS("joe\0" "501\0" "601\0home\0-\0"), "absolute"},
    {OCTETS("joe\0" "501\0" "601\0/home\r\0-\0"), "control octet"},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(rows); i++) {
    const struct entry entries[] = {{OCTETS(""), OCTETS("-")}, {OCTETS("!joe\0"), rows[i].data}};
    write_cdb(entries, COUNT(entries));
    expect_trouble(test_home, "4.3.5", rows[i].words);
  }
}

static void a_file_without_wildcards_is_trouble(void **state) {
  (void)state;
  write_cdb(good + 1, COUNT(good) - 1);
  expect_trouble(test_home, "4.3.5", "wildcards");
}

/* Wherever it is cut off: the entry as it was, or trouble.  Never nobody. */
static void a_part_of_a_file_is_trouble(void **state) {
  struct stat st;
  (void)state;
  write_cdb(good, COUNT(good));
  assert_int_equal(stat(cdb, &st), 0);
  for (off_t size = st.st_size - 1; size >= 0; size -= 7) {
    struct account a = {0};
    struct verdict v = {0};
    assert_int_equal(truncate(cdb, size), 0);
    enum user_status s = assign_find(&a, test_home, text_of("joe"), &v);
    if (s == USER_NONE || (s == USER_FOUND && a.uid != 501)) fail_msg("cut off at %d", (int)size);
    account_free(&a);
    verdict_free(&v);
  }
  assert_int_equal(truncate(cdb, 0), 0);
  expect_trouble(test_home, "4.3.5", "damaged");
}

static void what_is_no_database_is_trouble(void **state) {
  char text[4096];
  (void)state;
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = 0;
  test_write(cdb, text, 0644);
  expect_trouble(test_home, "4.3.5", "damaged");
  assert_int_equal(unlink(cdb), 0);
  assert_int_equal(mkfifo(cdb, 0644), 0);
  expect_trouble(test_home, "4.3.5", "damaged");
  assert_int_equal(unlink(cdb), 0);
  assert_int_equal(symlink("cdb", cdb), 0);
  expect_trouble(test_home, "4.3.0", "unable to read");
  assert_int_equal(unlink(cdb), 0);
}

static void a_file_that_others_can_write_is_trouble(void **state) {
  (void)state;
  write_cdb(good, COUNT(good));
  assert_int_equal(chmod(cdb, 0646), 0);
  expect_trouble(test_home, "4.3.5", "written by others");
}

static void a_control_folder_that_is_gone_is_trouble(void **state) {
  (void)state;
  expect_trouble(test_path(test_home, "gone"), "4.3.0", "unable to reach");
}

static void each_look_up_is_noted(void **state) {
  struct facts f = {.fd = -1};
  struct verdict v = {.facts = &f};
  struct account a = {0};
  static const char expected[] =
    "assign\tusers/cdb does not have =joe-x-y\tfound=no\tkey==joe-x-y\n"
    "assign\tusers/cdb has +joe-x-\tfound=yes\tkey=+joe-x-\n"
    "account\tuser x, uid 503, home /home/x, extension pre-Y\t";
  (void)state;
  write_cdb(good, COUNT(good));
  assert_int_equal(assign_find(&a, test_home, text_of("joe-x-Y"), &v), USER_FOUND);
  assert_true(f.lines.len > sizeof expected - 1);
  assert_memory_equal(f.lines.s, expected, sizeof expected - 1);
  account_free(&a);
  stralloc_free(&f.lines);
}

static int make(void **state) {
  if (test_enter(state) == -1) return -1;
  snprintf(cdb, sizeof cdb, "%s/users/cdb", test_home);
  test_mkdir(test_path(test_home, "users"), 0755);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_whole_then_the_longest_prefix),
    cmocka_unit_test(an_empty_prefix_is_for_all_others),
    cmocka_unit_test(without_a_file_nobody_is_assigned),
    cmocka_unit_test(a_broken_entry_is_trouble),
    cmocka_unit_test(a_file_without_wildcards_is_trouble),
    cmocka_unit_test(a_part_of_a_file_is_trouble),
    cmocka_unit_test(what_is_no_database_is_trouble),
    cmocka_unit_test(a_file_that_others_can_write_is_trouble),
    cmocka_unit_test(a_control_folder_that_is_gone_is_trouble),
    cmocka_unit_test(each_look_up_is_noted),
  };
  return cmocka_run_group_tests(tests, make, test_leave);
}
