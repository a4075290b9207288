#include "config.h"
#include "local/testing.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "local/store/maildir.h"

static uint64_t fixed_us(void *context) {
  (void)context;
  return 1700000000000007u;
}
static const struct clock fixed = {fixed_us, fixed_us, NULL};

static int put(struct maildir_file *f, const char *octets, struct verdict *v) {
  return maildir_put(f, text_of(octets), v);
}

static void a_file_is_delivered(void **state) {
  struct maildir_namer namer = {&fixed, 0};
  struct maildir_file f = {0};
  struct verdict v = {0};
  struct stat st;
  char wanted[128];
  (void)state;
  assert_int_equal(maildir_make("M/", &v), 0);
  assert_int_equal(maildir_open(&f, "M/", MAILDIR_STAYS_MISSING, &namer, &v), 0);
  assert_int_equal(put(&f, "a\nb\r", &v), 0);
  assert_int_equal(put(&f, "\nc\n", &v), 0);
  assert_int_equal(maildir_sync(&f, &v), 0);
  assert_int_equal(test_entries("M/tmp"), 1);
  assert_int_equal(test_entries("M/new"), 0);
  assert_int_equal(maildir_place(&f, &v), 0);
  assert_int_equal(maildir_sync_folder(&f, &v), 0);
  assert_int_equal(test_entries("M/tmp"), 0);
  assert_string_equal(test_slurp(f.final.s), "a\nb\r\nc\n");
  const char *name = test_only_name("M/new");
  assert_non_null(name);
  snprintf(wanted, sizeof wanted, "1700000000.M000007P%ldQ1.", (long)getpid());
  assert_memory_equal(name, wanted, strlen(wanted));
  assert_non_null(strstr(name, ",S=7,W=9")); /* CRLF stays as it is: two LF grow */
  assert_null(strchr(name, ':'));
  assert_int_equal(stat(f.final.s, &st), 0);
  assert_int_equal(st.st_mode & 07777, 0600);
  maildir_close(&f);
  assert_int_equal(test_entries("M/new"), 1);
  test_remove("M");
  verdict_free(&v);
}

static void names_differ_within_a_microsecond(void **state) {
  struct maildir_namer namer = {&fixed, 0};
  struct maildir_file a = {0}, b = {0};
  struct verdict v = {0};
  (void)state;
  assert_int_equal(maildir_make("M/", &v), 0);
  assert_int_equal(maildir_open(&a, "M/", MAILDIR_STAYS_MISSING, &namer, &v), 0);
  assert_int_equal(maildir_open(&b, "M/", MAILDIR_STAYS_MISSING, &namer, &v), 0);
  assert_string_not_equal(a.tmp.s, b.tmp.s);
  maildir_close(&a);
  maildir_close(&b);
  test_remove("M");
  verdict_free(&v);
}

static void each_of_many_has_its_own_outcome(void **state) {
  enum { MANY = 40, LAST = MANY - 1 };
  struct maildir_namer namer = {&fixed, 0};
  struct maildir_file files[MANY] = {0}, *list[MANY];
  struct verdict v = {0};
  int ends[2];
  (void)state;
  assert_int_equal(maildir_make("M/", &v), 0);
  for (size_t i = 0; i < MANY; i++) {
    assert_int_equal(maildir_open(list[i] = &files[i], "M/", MAILDIR_STAYS_MISSING, &namer, &v), 0);
    assert_int_equal(put(&files[i], "x\n", &v), 0);
  }
  assert_int_equal(pipe(ends), 0); /* cannot be synced */
  assert_int_equal(dup2(ends[1], files[7].fd), files[7].fd);
  assert_int_equal(dup2(ends[1], files[LAST].fd), files[LAST].fd);
  maildir_sync_together(list, 0);
  maildir_sync_together(list, MANY);
  for (size_t i = 0; i < MANY; i++) {
    assert_true(files[i].synced);
    assert_int_equal(maildir_sync(&files[i], &v), i == 7 || i == LAST ? -1 : 0);
    maildir_close(&files[i]);
  }
  assert_int_equal(v.class, RESULT_DEFERRAL);
  close(ends[0]);
  close(ends[1]);
  test_remove("M");
  verdict_free(&v);
}

static void nothing_is_overwritten(void **state) {
  struct maildir_namer namer = {&fixed, 0};
  struct maildir_file f = {0};
  struct verdict v = {0};
  (void)state;
  assert_int_equal(maildir_make("M/", &v), 0);
  assert_int_equal(maildir_open(&f, "M/", MAILDIR_STAYS_MISSING, &namer, &v), 0);
  assert_int_equal(put(&f, "new\n", &v), 0);
  assert_int_equal(maildir_sync(&f, &v), 0);
  test_write(f.final.s, "old\n", 0600);
  assert_int_equal(maildir_place(&f, &v), -1);
  assert_int_equal(v.class, RESULT_DEFERRAL);
  assert_string_equal(test_slurp(f.final.s), "old\n");
  maildir_close(&f);
  assert_int_equal(test_entries("M/tmp"), 0);
  namer.counter = 0; /* the same name again: tmp/ refuses it too */
  assert_int_equal(maildir_open(&f, "M/", MAILDIR_STAYS_MISSING, &namer, &v), 0);
  namer.counter = 0;
  struct maildir_file g = {0};
  assert_int_equal(maildir_open(&g, "M/", MAILDIR_STAYS_MISSING, &namer, &v), -1);
  maildir_close(&g);
  assert_int_equal(test_entries("M/tmp"), 1);
  maildir_close(&f);
  test_remove("M");
  verdict_free(&v);
}

static void a_failure_leaves_nothing(void **state) {
  struct maildir_namer namer = {&clock_system, 0};
  struct maildir_file f = {0};
  struct verdict v = {0};
  (void)state;
  assert_int_equal(maildir_make("M/", &v), 0);
  assert_int_equal(maildir_open(&f, "M/", MAILDIR_STAYS_MISSING, &namer, &v), 0);
  assert_int_equal(put(&f, "half", &v), 0);
  maildir_close(&f);
  assert_int_equal(test_entries("M/tmp"), 0);
  assert_int_equal(maildir_open(&f, "M/", MAILDIR_STAYS_MISSING, &namer, &v), 0);
  assert_int_equal(maildir_sync(&f, &v), 0);
  assert_int_equal(rename("M/new", "M/gone"), 0);
  assert_int_equal(maildir_place(&f, &v), -1);
  assert_int_equal(v.class, RESULT_DEFERRAL);
  maildir_close(&f);
  assert_int_equal(test_entries("M/tmp"), 0);
  test_remove("M");
  verdict_free(&v);
}

static void a_placed_file_can_be_withdrawn(void **state) {
  struct maildir_namer namer = {&clock_system, 0};
  struct maildir_file f = {0};
  struct verdict v = {0};
  (void)state;
  assert_int_equal(maildir_make("M/", &v), 0);
  assert_int_equal(maildir_open(&f, "M/", MAILDIR_STAYS_MISSING, &namer, &v), 0);
  assert_int_equal(maildir_sync(&f, &v), 0);
  assert_int_equal(maildir_place(&f, &v), 0);
  assert_int_equal(test_entries("M/new"), 1);
  maildir_withdraw(&f);
  assert_int_equal(test_entries("M/new"), 0);
  maildir_close(&f);
  test_remove("M");
  verdict_free(&v);
}

static void a_missing_maildir_defers_or_is_made(void **state) {
  struct maildir_namer namer = {&clock_system, 0};
  struct maildir_file f = {0};
  struct verdict v = {0};
  struct stat st;
  (void)state;
  assert_int_equal(maildir_open(&f, "M/", MAILDIR_STAYS_MISSING, &namer, &v), -1);
  assert_int_equal(v.class, RESULT_DEFERRAL);
  assert_string_equal(v.status, "4.2.1");
  maildir_close(&f);
  assert_int_equal(maildir_open(&f, "M/", MAILDIR_IS_MADE, &namer, &v), 0);
  maildir_close(&f);
  assert_int_equal(stat("M/cur", &st), 0);
  assert_int_equal(st.st_mode & 07777, 0700);
  test_remove("M");
  test_mkdir("M", 0700); /* half of one */
  assert_int_equal(maildir_open(&f, "M/", MAILDIR_IS_MADE, &namer, &v), 0);
  maildir_close(&f);
  assert_int_equal(test_entries("M"), 3);
  test_remove("M");
  verdict_free(&v);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_file_is_delivered),
    cmocka_unit_test(names_differ_within_a_microsecond),
    cmocka_unit_test(each_of_many_has_its_own_outcome),
    cmocka_unit_test(nothing_is_overwritten),
    cmocka_unit_test(a_failure_leaves_nothing),
    cmocka_unit_test(a_placed_file_can_be_withdrawn),
    cmocka_unit_test(a_missing_maildir_defers_or_is_made),
  };
  return cmocka_run_group_tests(tests, test_enter, test_leave);
}
