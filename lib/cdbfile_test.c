#include "config.h"
#include "lib/cdbfile.h"
#include <errno.h>
#include "lib/testfolder.h"

static const char *path_of(const char *name) {
  static char path[512];
  snprintf(path, sizeof path, "%s", test_path(name));
  return path;
}

struct entries {
  const struct text (*pairs)[2];
  size_t count;
};

static int add_all(struct cdbfile_maker *m, const void *context) {
  const struct entries *e = context;
  for (size_t i = 0; i < e->count; i++) assert_int_equal(cdbfile_add(m, e->pairs[i][0], e->pairs[i][1]), 0);
  return 0;
}

static int add_none(struct cdbfile_maker *m, const void *context) {
  (void)context;
  assert_int_equal(cdbfile_add(m, TEXT("new"), TEXT("1")), 0);
  return errno = ENOSPC, -1;
}

static void make(const char *name, const struct text (*pairs)[2], size_t count) {
  assert_int_equal(cdbfile_write(path_of(name), 0644, add_all, &(struct entries){pairs, count}), 0);
}

static void expect(const char *name, struct text key, struct text data) {
  struct cdbfile c;
  stralloc out = {0};
  assert_int_equal(cdbfile_open(&c, path_of(name)), 1);
  assert_int_equal(cdbfile_find(&c, key, &out), data.s ? 1 : 0);
  if (data.s) assert_true(text_equal(text_of_stralloc(&out), data));
  cdbfile_close(&c);
  stralloc_free(&out);
}

static void what_was_put_in_is_found(void **state) {
  const struct text pairs[][2] = {{TEXT("a"), TEXT("1")},    {TEXT("b\0c"), TEXT("\0")},
                                  {TEXT(""), TEXT("empty")}, {TEXT("n"), TEXT("")},
                                  {TEXT("a"), TEXT("2")}};
  (void)state;
  make("db", pairs, COUNT(pairs));
  expect("db", TEXT("a"), TEXT("1")); /* the first */
  expect("db", TEXT("b\0c"), TEXT("\0"));
  expect("db", TEXT(""), TEXT("empty"));
  expect("db", TEXT("n"), TEXT(""));
  expect("db", TEXT("b"), TEXT_ABSENT);
  make("db", pairs, 0); /* takes the old one's place */
  expect("db", TEXT("a"), TEXT_ABSENT);
}

static void many_are_found(void **state) {
  enum { MANY = 20000 };
  struct cdbfile_maker m;
  struct cdbfile c;
  char key[32];
  stralloc out = {0};
  (void)state;
  assert_int_equal(cdbfile_make(&m, path_of("many")), 0);
  for (int i = 0; i < MANY; i++) {
    snprintf(key, sizeof key, "key%d", i);
    assert_int_equal(cdbfile_add(&m, text_of(key), text_of(key + 3)), 0);
  }
  assert_int_equal(cdbfile_commit(&m, 0644), 0);
  cdbfile_abandon(&m);
  assert_int_equal(cdbfile_open(&c, path_of("many")), 1);
  for (int i = 0; i < MANY; i++) {
    snprintf(key, sizeof key, "key%d", i);
    assert_int_equal(cdbfile_find(&c, text_of(key), &out), 1);
    assert_text(text_of_stralloc(&out), text_of(key + 3));
  }
  assert_int_equal(cdbfile_find(&c, TEXT("key20000"), &out), 0);
  cdbfile_close(&c);
  stralloc_free(&out);
}

static void what_is_no_cdb_is_an_error(void **state) {
  struct cdbfile c;
  stralloc out = {0};
  (void)state;
  assert_int_equal(cdbfile_open(&c, path_of("absent")), 0);
  assert_int_equal(cdbfile_open(&c, test_folder), -1);
  assert_int_equal(errno, EINVAL);
  test_write("short", TEXT("not a cdb"), 0644);
  assert_int_equal(cdbfile_open(&c, path_of("short")), 1);
  assert_int_equal(cdbfile_find(&c, TEXT("a"), &out), -1);
  cdbfile_close(&c);
  test_write("empty", TEXT(""), 0644);
  assert_int_equal(cdbfile_open(&c, path_of("empty")), 1);
  assert_int_equal(cdbfile_find(&c, TEXT("a"), &out), -1);
  cdbfile_close(&c);
  stralloc_free(&out);
}

static void what_is_abandoned_leaves_no_trace(void **state) {
  struct cdbfile_maker m;
  unsigned before = open_descriptors();
  const struct text pairs[][2] = {{TEXT("a"), TEXT("1")}};
  (void)state;
  make("kept", pairs, 1);
  assert_int_equal(cdbfile_make(&m, path_of("kept")), 0);
  assert_int_equal(cdbfile_add(&m, TEXT("a"), TEXT("2")), 0);
  assert_int_equal(access(m.temporary.s, F_OK), 0);
  char temporary[512];
  snprintf(temporary, sizeof temporary, "%s", m.temporary.s);
  cdbfile_abandon(&m);
  assert_int_equal(access(temporary, F_OK), -1);
  assert_int_equal(open_descriptors(), before);
  expect("kept", TEXT("a"), TEXT("1"));
  assert_int_equal(cdbfile_make(&m, path_of("no/such/folder")), -1);
  cdbfile_abandon(&m);
}

static void the_old_one_stays_when_entries_fail(void **state) {
  const struct text pairs[][2] = {{TEXT("a"), TEXT("1")}};
  (void)state;
  make("stays", pairs, COUNT(pairs));
  assert_int_equal(cdbfile_write(path_of("stays"), 0644, add_none, NULL), -1);
  assert_int_equal(errno, ENOSPC);
  expect("stays", TEXT("a"), TEXT("1"));
  expect("stays", TEXT("new"), TEXT_ABSENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_was_put_in_is_found),
    cmocka_unit_test(the_old_one_stays_when_entries_fail),
    cmocka_unit_test(many_are_found),
    cmocka_unit_test(what_is_no_cdb_is_an_error),
    cmocka_unit_test(what_is_abandoned_leaves_no_trace),
  };
  return cmocka_run_group_tests(tests, test_folder_make, test_folder_remove);
}
