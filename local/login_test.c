#include "config.h"
#include "local/login.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "local/testing.h"
#include "lib/unittest.h"

static struct settings settings;
static struct route_table routes;

static void set(const char *name, const char *value) { test_write(test_path("control", name), value, 0644); }

static void write_passwd(void) {
  char lines[2000];
  snprintf(lines, sizeof lines,
           "joe:x:%u:%u::%s/joe:/bin/sh\nalias:x:%u:%u::%s/alias:/bin/sh\nroot:x:0:0::/root:/bin/sh\n"
           "homeless:x:%u:%u::%s/nowhere:/bin/sh\n", test_uid(),
           test_gid(), test_home, test_uid(), test_gid(), test_home, test_uid(), test_gid(), test_home);
  test_write("passwd", lines, 0644);
}

static int furnish(void **state) {
  struct control c;
  if (test_enter(state) == -1) return -1;
  test_mkdir("joe", 0700);
  test_mkdir("alias", 0700);
  test_mkdir("control", 0755);
  write_passwd();
  set("me", "example.org\n");
  set("locals", "example.org\n");
  set("virtualdomains", "virtual.org:joe\nwhole.org:\n");
  set("passwdfile", test_path(test_home, "passwd"));
  set("breakcharacter", "-+");
  setenv("OWLPOST_CONTROL", test_path(test_home, "control"), 1);
  int r = control_open(&c) == 0 && settings_load(&settings, &c, NULL) == 0 ? route_load(&routes, &c) : -1;
  control_free(&c);
  return r;
}

static int take_away(void **state) {
  settings_free(&settings);
  route_unload(&routes);
  return test_leave(state);
}

static int find(struct account *a, const struct pass *p, struct verdict *v) {
  return login_find(a, &settings, &routes, p, v);
}

static void names(void **state) {
  static const struct {
    const char *name;
    bool is_joe;
  } rows[] = {
    {"joe", true},           {"JOE", true},            {"joe@example.org", true},  {"joe@EXAMPLE.ORG", true},
    {"joe-list", false},     {"joe+list", false},      {"joe-", false},            {"joe+", false},
    {"joe-@example.org", false}, {"x@virtual.org", false}, {"@virtual.org", false}, {"joe@virtual.org", false},
    {"joe@elsewhere.org", false}, {"@", false},        {"joe@", false},            {"@example.org", false},
    {"root", false},         {"nobody-here", false},   {"\\joe", false},           {"joe@example.org@elsewhere.org", false},
    {"../joe", false},       {" joe", false},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct pass p = {.user = text_of(rows[i].name)};
    struct account a = {0};
    struct verdict v = {0};
    print_message("%s\n", rows[i].name);
    assert_int_equal(find(&a, &p, &v), rows[i].is_joe ? 0 : -1);
    if (rows[i].is_joe) assert_string_equal(a.name.s, "joe");
    else assert_int_equal(v.class, RESULT_FAILURE);
    account_free(&a);
    verdict_free(&v);
  }
}

/* The log has to tell an operator where to look. */
static void a_home_that_is_gone(void **state) {
  struct pass p = {.user = TEXT("homeless")};
  struct account a = {0};
  struct verdict v = {0};
  (void)state;
  assert_int_equal(find(&a, &p, &v), -1);
  assert_int_equal(v.class, RESULT_FAILURE);
  assert_true(stralloc_0(&v.text));
  assert_non_null(strstr(v.text.s, "of no user with a home of his own"));
  account_free(&a);
  verdict_free(&v);
}

static void accounts_that_are_attested(void **state) {
  struct pass p = {.user = TEXT("virtual@x"), .has_account = true, .uid = 1234, .gid = 99, .home = TEXT("/var/vmail/x")};
  struct account a = {0};
  struct verdict v = {0};
  (void)state;
  assert_int_equal(find(&a, &p, &v), 0);
  assert_string_equal(a.name.s, "virtual@x");
  assert_string_equal(a.home.s, "/var/vmail/x");
  assert_int_equal(a.uid, 1234);
  assert_int_equal(a.gid, 99);
  assert_false(a.system_groups);
  account_free(&a);
  p.uid = 0;
  a = (struct account){0};
  assert_int_equal(find(&a, &p, &v), -1);
  assert_int_equal(v.class, RESULT_FAILURE);
  account_free(&a);
  verdict_free(&v);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(a_home_that_is_gone), cmocka_unit_test(accounts_that_are_attested)};
  return cmocka_run_group_tests(tests, furnish, take_away);
}
