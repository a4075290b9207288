#include "config.h"
#include "local/testing.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "local/store/folder.h"
#include "local/store/maildir.h"

static void names_become_paths(void **state) {
  static const struct {
    const char *name, *path; /* NULL: refused */
  } cases[] = {
    {"Lists", "M/.Lists/"},
    {"a/b", "M/.a.b/"},
    {"a.b", "M/.a.b/"},
    {"Entw\xC3\xBCrfe/x y", "M/.Entw&APw-rfe.x y/"},
    {"&", "M/.&-/"},
    {"", NULL},
    {".", NULL},
    {"..", NULL},
    {"a/../b", NULL},
    {"../b", NULL},
    {"/etc", NULL},
    {"a/", NULL},
    {"a//b", NULL},
    {"a\n", NULL},
    {"\xFF", NULL},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    stralloc path = {0};
    if (!folder_fault(text_of(cases[i].name)) != (cases[i].path != NULL)) fail_msg("case %zu", i);
    if (!cases[i].path) continue;
    assert_int_equal(folder_path(&path, "M/", text_of(cases[i].name)), 0);
    assert_string_equal(path.s, cases[i].path);
    stralloc_free(&path);
  }
}

static void a_name_that_is_too_long_is_refused(void **state) {
  char name[FOLDER_NAME_MAX + 1];
  (void)state;
  memset(name, 'a', sizeof name);
  assert_null(folder_fault((struct text){name, FOLDER_NAME_MAX}));
  assert_non_null(folder_fault((struct text){name, FOLDER_NAME_MAX + 1}));
}

static void an_extension_finds_its_folder(void **state) {
  static const struct {
    const char *ext;
    uint64_t may_exist;
    int found;
    const char *path;
  } cases[] = {
    {"Lists", 0, 1, "M/.Lists/"},
    {"lists", 0, 1, "M/.LISTS/"}, /* no such one: the first that differs in case */
    {"LISTS", 0, 1, "M/.LISTS/"},
    {"lists.owl", 0, 1, "M/.Lists.owl/"},
    {"news", 0, 0, ""},
    {"news", 3, 0, ""},         /* .Lists, .LISTS, .Lists.owl */
    {"news", 4, 0, "M/.news/"},
    {"file", 9, 0, ""},         /* a name that is taken */
    {"FILE", 9, 0, "M/.FILE/"},
    {"inbox", 9, 0, ""},
    {"Trash", 9, 0, ""},
    {"a/b", 9, 0, ""},
    {"..", 9, 0, ""},
    {".a", 9, 0, ""},
    {"a..b", 9, 0, ""},
    {"a b", 9, 0, ""},
    {"a&b", 9, 0, ""},
    {"", 9, 0, ""},
    {"\xFF", 9, 0, ""},
    {"\xC3\xBC", 9, 0, "M/.&APw-/"},
  };
  struct verdict v = {0};
  (void)state;
  assert_int_equal(maildir_make("M/", &v), 0);
  test_mkdir("M/.Lists", 0700);
  test_mkdir("M/.LISTS", 0700);
  test_mkdir("M/.Lists.owl", 0700);
  test_write("M/.file", "", 0600);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    stralloc path = {0};
    int found = folder_find(&path, "M/", text_of(cases[i].ext), cases[i].may_exist, &v);
    if (found != cases[i].found || !stralloc_0(&path) || strcmp(path.s, cases[i].path) != 0)
      fail_msg("case %zu: %d %s", i, found, path.s);
    stralloc_free(&path);
  }
  test_remove("M");
  verdict_free(&v);
}

static void without_a_maildir_there_is_none(void **state) {
  struct verdict v = {0};
  stralloc path = {0};
  (void)state;
  assert_int_equal(folder_find(&path, "N/", text_of("a"), 1, &v), 0);
  assert_string_equal(path.s, "N/.a/");
  stralloc_free(&path);
}

static void a_folder_is_made_with_its_maildir(void **state) {
  struct verdict v = {0};
  struct stat st;
  (void)state;
  for (int again = 0; again < 2; again++) {
    assert_int_equal(maildir_make_folder("M/.a.b/", &v), 0);
    assert_int_equal(test_entries("M"), 4);
    assert_int_equal(test_entries("M/.a.b"), 4);
    assert_int_equal(stat("M/.a.b/maildirfolder", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(access("M/.a.b/tmp", W_OK), 0);
    assert_int_equal(access("M/maildirfolder", F_OK), -1);
  }
  test_remove("M");
  verdict_free(&v);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(names_become_paths),
    cmocka_unit_test(a_name_that_is_too_long_is_refused),
    cmocka_unit_test(an_extension_finds_its_folder),
    cmocka_unit_test(without_a_maildir_there_is_none),
    cmocka_unit_test(a_folder_is_made_with_its_maildir),
  };
  return cmocka_run_group_tests(tests, test_enter, test_leave);
}
