#include "config.h"
#include "local/testing.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "local/become.h"
#include "local/user.h"

static char passwd[256];

struct row {
  const char *local;
  enum user_status status;
  const char *name, *dash, *ext;
};

static const struct row rows[] = {
  {"joe", USER_FOUND, "joe", "", ""},
  {"JOE", USER_FOUND, "joe", "", ""},
  {"joe-list", USER_FOUND, "joe", "-", "list"},
  {"joe-List.x", USER_FOUND, "joe", "-", "List.x"},
  {"joe-", USER_FOUND, "joe", "-", ""},
  {"joe-x-y", USER_FOUND, "joe-x", "-", "y"},
  {"joe-xx-y", USER_FOUND, "joe", "-", "xx-y"},
  {"joel", USER_FOUND, "alias", "-", "joel"},
  {"root", USER_FOUND, "alias", "-", "root"},
  {"toor", USER_FOUND, "alias", "-", "toor"},
  {"homeless", USER_FOUND, "alias", "-", "homeless"},
  {"squatter", USER_FOUND, "alias", "-", "squatter"},
  {"", USER_FOUND, "alias", "-", ""},
  {"-joe", USER_FOUND, "alias", "-", "-joe"},
  {"a:b/c d", USER_FOUND, "alias", "-", "a:b/c d"},
};

static void add(FILE *f, const char *name, unsigned uid, const char *home) {
  fprintf(f, "%s:x:%u:%u::%s:/bin/sh\n", name, uid, (unsigned)test_gid(), home);
}

static void write_passwd(bool alias, const char *alias_home) {
  FILE *f = fopen(passwd, "w");
  assert_non_null(f);
  add(f, "root", 0, test_path(test_home, "joe"));
  add(f, "toor", 0, "/"); /* a home that is there and root's */
  add(f, "joe", test_uid(), test_path(test_home, "joe"));
  add(f, "joe-x", test_uid(), test_path(test_home, "joe"));
  add(f, "homeless", test_uid(), test_path(test_home, "nowhere"));
  add(f, "squatter", test_uid() + 1, test_path(test_home, "joe"));
  if (alias) add(f, "alias", test_uid(), alias_home);
  fclose(f);
}

static void check(const struct row *cases, size_t count, const char *breaks) {
  const struct user_rules rules = {passwd, breaks};
  write_passwd(true, test_path(test_home, "alias"));
  for (size_t i = 0; i < count; i++) {
    struct account a = {0};
    struct verdict v = {0};
    print_message("%s\n", cases[i].local);
    assert_int_equal(user_find(&a, &rules, text_of(cases[i].local), &v), cases[i].status);
    assert_string_equal(a.name.s, cases[i].name);
    assert_string_equal(a.dash.s, cases[i].dash);
    assert_string_equal(a.ext.s, cases[i].ext);
    assert_int_equal(a.uid, test_uid());
    assert_int_equal(a.gid, test_gid());
    assert_false(a.system_groups);
    account_free(&a);
    verdict_free(&v);
  }
}

static void finds_users(void **state) {
  (void)state;
  check(rows, sizeof rows / sizeof rows[0], "-");
}

/* The dash stays what .qmail files have. */
static void break_characters_are_chosen(void **state) {
  static const struct row plus[] = {
    {"joe+list", USER_FOUND, "joe", "-", "list"},
    {"joe-x+y-z", USER_FOUND, "joe-x", "-", "y-z"},
    {"joe-list", USER_FOUND, "alias", "-", "joe-list"},
    {"+joe", USER_FOUND, "alias", "-", "+joe"},
  };
  static const struct row both[] = {
    {"joe+list", USER_FOUND, "joe", "-", "list"},
    {"joe-list+x", USER_FOUND, "joe", "-", "list+x"},
    {"joe+x-y", USER_FOUND, "joe", "-", "x-y"},
    {"joe-x+y", USER_FOUND, "joe-x", "-", "y"},
  };
  static const struct row none[] = {
    {"joe", USER_FOUND, "joe", "", ""},
    {"joe-list", USER_FOUND, "alias", "-", "joe-list"},
    {"joe-x", USER_FOUND, "joe-x", "", ""},
  };
  (void)state;
  check(plus, sizeof plus / sizeof plus[0], "+");
  check(both, sizeof both / sizeof both[0], "-+");
  check(none, sizeof none / sizeof none[0], "");
}

static enum user_status status_of(const char *file, const char *local, struct verdict *v) {
  struct account a = {0};
  const struct user_rules by = {file, "-"};
  enum user_status s = user_find(&a, &by, text_of(local), v);
  account_free(&a);
  return s;
}

static void without_alias_there_is_no_such_user(void **state) {
  struct verdict v = {0};
  (void)state;
  write_passwd(false, "");
  assert_int_equal(status_of(passwd, "joel", &v), USER_NONE);
  assert_int_equal(status_of(passwd, "root", &v), USER_NONE);
  assert_int_equal(status_of(passwd, "joe", &v), USER_FOUND);
  verdict_free(&v);
}

static void trouble_is_told_from_absence(void **state) {
  struct verdict v = {0};
  (void)state;
  assert_int_equal(status_of(test_path(test_home, "no-such-file"), "joe", &v), USER_TROUBLE);
  assert_int_equal(v.class, RESULT_DEFERRAL);
  write_passwd(true, test_path(test_home, "nowhere"));
  assert_int_equal(status_of(passwd, "joel", &v), USER_TROUBLE);
  verdict_free(&v);
}

static void unreachable_home_is_trouble(void **state) {
  struct verdict v = {0};
  FILE *f = fopen(passwd, "w");
  (void)state;
  assert_non_null(f);
  /* a loop of links: neither there nor absent */
  assert_int_equal(symlink("loop", test_path(test_home, "loop")), 0);
  add(f, "joe", test_uid(), test_path(test_home, "loop"));
  fclose(f);
  assert_int_equal(status_of(passwd, "joe", &v), USER_TROUBLE);
  verdict_free(&v);
}

static void the_systems_accounts_are_asked(void **state) {
  struct verdict v = {0};
  struct account a = {0};
  (void)state;
  /* whatever this machine has: never uid 0 */
  const struct user_rules rules = {"", "-"};
  if (user_find(&a, &rules, text_of("root"), &v) == USER_FOUND) assert_int_not_equal(a.uid, 0);
  account_free(&a);
  verdict_free(&v);
}

static void no_more_look_ups_than_a_name_is_long(void **state) {
  char dashes[1000];
  struct verdict v = {0};
  (void)state;
  memset(dashes, '-', sizeof dashes);
  dashes[sizeof dashes - 1] = 0;
  write_passwd(false, "");
  assert_int_equal(status_of(passwd, dashes, &v), USER_NONE);
  verdict_free(&v);
}

static void uid_0_is_never_become(void **state) {
  struct account a = {0};
  struct verdict v = {0};
  (void)state;
  assert_true(stralloc_copys(&a.name, "root") && stralloc_0(&a.name));
  assert_int_equal(become_user(&a, &v), -1);
  assert_int_equal(v.class, RESULT_DEFERRAL);
  assert_memory_equal(v.text.s, "uid 0", 5);
  account_free(&a);
  verdict_free(&v);
}

static int make(void **state) {
  if (test_enter(state) == -1) return -1;
  snprintf(passwd, sizeof passwd, "%s/passwd", test_home);
  test_mkdir(test_path(test_home, "joe"), 0755);
  test_mkdir(test_path(test_home, "alias"), 0755);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(finds_users),
    cmocka_unit_test(break_characters_are_chosen),
    cmocka_unit_test(without_alias_there_is_no_such_user),
    cmocka_unit_test(trouble_is_told_from_absence),
    cmocka_unit_test(unreachable_home_is_trouble),
    cmocka_unit_test(the_systems_accounts_are_asked),
    cmocka_unit_test(no_more_look_ups_than_a_name_is_long),
    cmocka_unit_test(uid_0_is_never_become),
  };
  return cmocka_run_group_tests(tests, make, test_leave);
}
