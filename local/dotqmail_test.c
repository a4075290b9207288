#include "config.h"
#include "local/testing.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "local/dotqmail.h"

struct row {
  const char *dash, *ext;
  enum dotqmail_status status;
  const char *name;
};

static const struct row rows[] = {
  {"", "", DOTQMAIL_FILE, ".qmail"},
  {"-", "list", DOTQMAIL_FILE, ".qmail-list"},
  {"-", "LIST", DOTQMAIL_FILE, ".qmail-list"},
  {"-", "a.b", DOTQMAIL_FILE, ".qmail-a:b"},
  {"-", "list-x", DOTQMAIL_FILE, ".qmail-list-default"},
  {"-", "list-x-y", DOTQMAIL_FILE, ".qmail-list-x-default"},
  {"-", "list-", DOTQMAIL_FILE, ".qmail-list-default"},
  {"-", "list-default", DOTQMAIL_FILE, ".qmail-list-default"},
  {"-", "lists", DOTQMAIL_NONE, NULL},
  {"-", "", DOTQMAIL_NONE, NULL},
  {"-", "../list", DOTQMAIL_NONE, NULL},
  {"-", "folder", DOTQMAIL_NONE, NULL},
  {"-", "fifo", DOTQMAIL_NONE, NULL},
  {"-", "link", DOTQMAIL_FILE, ".qmail-link"},
  {"-", "fifolink", DOTQMAIL_NONE, NULL},
  {"-", "dangling", DOTQMAIL_NONE, NULL},
  {"-", "loop", DOTQMAIL_TROUBLE, NULL},
  {"-", "writable", DOTQMAIL_TROUBLE, NULL},
};

static const char *home;

static enum dotqmail_status find(const char *dash, const char *ext, bool sticky_matters,
                                 struct dotqmail *d, struct verdict *v) {
  *d = (struct dotqmail){0};
  enum dotqmail_status s = dotqmail_find(d, dash, text_of(ext), sticky_matters, v);
  if (d->fd >= 0) close(d->fd);
  assert_int_equal(d->fd >= 0, s == DOTQMAIL_FILE);
  return s;
}

static void search(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct dotqmail d;
    struct verdict v = {0};
    print_message("%s%s\n", rows[i].dash, rows[i].ext);
    assert_int_equal(find(rows[i].dash, rows[i].ext, true, &d, &v), rows[i].status);
    if (rows[i].name) assert_string_equal(d.name.s, rows[i].name);
    if (rows[i].status == DOTQMAIL_NONE) {
      assert_int_equal(v.class, RESULT_FAILURE);
      assert_string_equal(v.status, "5.1.1");
    }
    if (rows[i].status == DOTQMAIL_TROUBLE) assert_int_equal(v.class, RESULT_DEFERRAL);
    stralloc_free(&d.name);
    verdict_free(&v);
  }
}

static void default_file_is_the_last_resort(void **state) {
  struct dotqmail d;
  struct verdict v = {0};
  char ext[1000];
  (void)state;
  memset(ext, '-', sizeof ext);
  ext[sizeof ext - 1] = 0;
  assert_int_equal(find("-", ext, true, &d, &v), DOTQMAIL_NONE);
  stralloc_free(&d.name);
  test_write(".qmail-default", "./M/\n", 0600);
  assert_int_equal(find("-", "lists", true, &d, &v), DOTQMAIL_FILE);
  assert_string_equal(d.name.s, ".qmail-default");
  stralloc_free(&d.name);
  assert_int_equal(find("-", ext, true, &d, &v), DOTQMAIL_FILE);
  assert_string_equal(d.name.s, ".qmail-default");
  stralloc_free(&d.name);
  assert_int_equal(find("-", "", true, &d, &v), DOTQMAIL_FILE);
  stralloc_free(&d.name);
  unlink(".qmail-default");
  verdict_free(&v);
}

static void execute_bit_means_forwarding_only(void **state) {
  struct dotqmail d;
  struct verdict v = {0};
  (void)state;
  assert_int_equal(find("-", "list", true, &d, &v), DOTQMAIL_FILE);
  assert_false(d.forward_only);
  assert_int_equal(chmod(".qmail-list", 0700), 0);
  stralloc_free(&d.name);
  assert_int_equal(find("-", "list", true, &d, &v), DOTQMAIL_FILE);
  assert_true(d.forward_only);
  assert_int_equal(chmod(".qmail-list", 0600), 0);
  stralloc_free(&d.name);
  verdict_free(&v);
}

static void no_dash_and_no_file_is_the_default_delivery(void **state) {
  struct dotqmail d;
  struct verdict v = {0};
  (void)state;
  assert_int_equal(rename(".qmail", "away"), 0);
  assert_int_equal(find("", "", true, &d, &v), DOTQMAIL_DEFAULT);
  assert_int_equal(rename("away", ".qmail"), 0);
  stralloc_free(&d.name);
  verdict_free(&v);
}

static void home_is_checked(void **state) {
  struct dotqmail d;
  struct verdict v = {0};
  (void)state;
  assert_int_equal(chmod(home, 0757), 0);
  assert_int_equal(find("", "", true, &d, &v), DOTQMAIL_TROUBLE);
  assert_string_equal(v.status, "4.7.0");
  stralloc_free(&d.name);
  assert_int_equal(chmod(home, 01755), 0);
  assert_int_equal(find("", "", true, &d, &v), DOTQMAIL_TROUBLE);
  assert_string_equal(v.status, "4.2.1");
  stralloc_free(&d.name);
  assert_int_equal(find("", "", false, &d, &v), DOTQMAIL_FILE);
  stralloc_free(&d.name);
  assert_int_equal(chmod(home, 0755), 0);
  verdict_free(&v);
}

static void owner_file_is_seen(void **state) {
  struct verdict v = {0};
  (void)state;
  assert_int_equal(dotqmail_has("-", text_of("List"), "-owner", &v), 0);
  test_write(".qmail-list-owner", "a@b\n", 0600);
  assert_int_equal(dotqmail_has("-", text_of("List"), "-owner", &v), 1);
  unlink(".qmail-list-owner");
  verdict_free(&v);
}

static int make(void **state) {
  (void)state;
  home = test_folder();
  if (chdir(home) == -1) return -1;
  test_write(".qmail", "./M/\n", 0600);
  test_write(".qmail-list", "./M/\n", 0600);
  test_write(".qmail-a:b", "./M/\n", 0600);
  test_write(".qmail-list-default", "./M/\n", 0600);
  test_write(".qmail-list-x-default", "./M/\n", 0600);
  test_write(".qmail-writable", "./M/\n", 0602);
  test_mkdir(".qmail-folder", 0700);
  if (mkfifo(".qmail-fifo", 0600) == -1 || symlink(".qmail-list", ".qmail-link") == -1 ||
      symlink(".qmail-fifo", ".qmail-fifolink") == -1 || symlink("gone", ".qmail-dangling") == -1 ||
      symlink(".qmail-loop", ".qmail-loop") == -1)
    return -1;
  return 0;
}

static int clean(void **state) {
  (void)state;
  test_remove(home);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(search),
    cmocka_unit_test(default_file_is_the_last_resort),
    cmocka_unit_test(execute_bit_means_forwarding_only),
    cmocka_unit_test(no_dash_and_no_file_is_the_default_delivery),
    cmocka_unit_test(home_is_checked),
    cmocka_unit_test(owner_file_is_seen),
  };
  alarm(20); /* a FIFO that is opened would wait for ever */
  return cmocka_run_group_tests(tests, make, clean);
}
