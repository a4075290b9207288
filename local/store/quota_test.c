#include "config.h"
#include "local/testing.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "local/store/maildir.h"
#include "local/store/quota.h"
#include "local/store/quotascan.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof *(ARRAY))

static void definitions_are_read(void **state) {
  static const struct {
    const char *definition;
    int result;
    uint64_t octets, files;
  } cases[] = {
    {"10000000S,1000C", 0, 10000000, 1000},
    {"1000C,10S", 0, 10, 1000},
    {"5S", 0, 5, 0},
    {"5C", 0, 0, 5},
    {"0S,5C", 0, 0, 5},
    {"", -1, 0, 0},
    {"S", -1, 0, 0},
    {"0S", -1, 0, 0},
    {"5", -1, 0, 0},
    {"5X", -1, 0, 0},
    {"5S,", -1, 0, 0},
    {"-5S", -1, 0, 0},
    {"5S 5C", -1, 0, 0},
    {"9223372036854775808S", -1, 0, 0},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct quota_limits l;
    if (quota_parse(text_of(cases[i].definition), &l) != cases[i].result) fail_msg("case %zu", i);
    if (cases[i].result == -1) continue;
    assert_int_equal(l.octets, cases[i].octets);
    assert_int_equal(l.files, cases[i].files);
  }
}

static void names_tell_sizes(void **state) {
  int64_t octets;
  (void)state;
  assert_true(quotascan_size("1.M2P3.h,S=12,W=14:2,S", &octets));
  assert_int_equal(octets, 12);
  assert_true(quotascan_size("1.h,S=7", &octets));
  assert_int_equal(octets, 7);
  assert_false(quotascan_size("1.h", &octets));
  assert_false(quotascan_size("1.h,S=", &octets));
  assert_false(quotascan_size("1.h,S=99999999999999999999", &octets));
}

/* 5 + 100 + 7 octets in 3 files */
static void make_maildir(void) {
  struct verdict v = {0};
  assert_int_equal(maildir_make_folder("M/.Lists/", &v), 0);
  assert_int_equal(maildir_make_folder("M/.Trash/", &v), 0);
  test_write("M/new/1.h", "12345", 0600);
  test_write("M/cur/2.h,S=100:2,S", "", 0600);
  test_write("M/cur/3.h,S=50:2,ST", "", 0600);
  test_write("M/.Lists/cur/4.h,S=7,W=8:2,", "", 0600);
  test_write("M/.Trash/cur/5.h,S=1000:2,", "", 0600);
  test_write("M/tmp/6.h,S=9", "", 0600);
  test_write("M/new/.dot,S=9", "", 0600);
}

static void the_maildir_is_counted(void **state) {
  struct quota q = {0};
  struct verdict v = {0};
  (void)state;
  make_maildir();
  assert_int_equal(quota_open(&q, "M/", NULL, &v), 0);
  assert_false(q.limited);
  assert_true(quota_fits(&q, 1u << 30));
  assert_int_equal(access("M/maildirsize", F_OK), -1);
  quota_free(&q);
  assert_int_equal(quota_open(&q, "M/", "1000S", &v), 0);
  assert_true(q.limited);
  assert_string_equal(test_slurp("M/maildirsize"), "1000S\n112 3\n");
  assert_true(quota_fits(&q, 888));
  assert_false(quota_fits(&q, 889));
  quota_free(&q);
  assert_int_equal(quota_open(&q, "M/.Lists/", "77S", &v), 0); /* the Maildir's own counts */
  assert_int_equal(q.octets, 112);
  assert_int_equal(q.limits.octets, 1000);
  quota_free(&q);
  assert_int_equal(test_entries("M/tmp"), 1);
  assert_int_equal(quota_make("M/", "0S,3C", &v), 0);
  assert_string_equal(test_slurp("M/maildirsize"), "3C\n112 3\n");
  assert_int_equal(quota_make("M/", "3", &v), -1);
  assert_int_equal(v.class, RESULT_FAILURE);
  test_remove("M");
  verdict_free(&v);
}

static void what_comes_is_noted_in_one_line(void **state) {
  struct quota q = {0};
  struct verdict v = {0};
  (void)state;
  make_maildir();
  test_write("M/maildirsize", "100S,10C\n50 4\n20 2\n-10 -1\n", 0600);
  assert_int_equal(quota_open(&q, "M/", NULL, &v), 0);
  assert_int_equal(q.octets, 60);
  assert_int_equal(q.files, 5);
  assert_true(quota_fits(&q, 40));
  quota_take(&q, 20, 1);
  quota_take(&q, 15, 1);
  quota_take(&q, -15, -1);
  quota_note(&q);
  quota_note(&q);
  assert_string_equal(test_slurp("M/maildirsize"), "100S,10C\n50 4\n20 2\n-10 -1\n20 1\n");
  quota_free(&q);
  test_remove("M");
  verdict_free(&v);
}

static void names_that_lie_leave_room_to_add(void **state) {
  static const char *const names[] = {"M/new/1,S=4611686018427387903", "M/new/2,S=4611686018427387903",
                                      "M/new/3,S=4611686018427387903"};
  struct quota q = {0};
  struct verdict v = {0};
  (void)state;
  assert_int_equal(maildir_make("M/", &v), 0);
  for (size_t i = 0; i < COUNT(names); i++) test_write(names[i], "", 0600);
  assert_int_equal(quota_open(&q, "M/", "1000S", &v), 0);
  assert_true(q.octets > 0 && q.octets <= INT64_MAX / 4 * 3);
  assert_false(quota_fits(&q, 1));
  quota_free(&q);
  test_remove("M");
  verdict_free(&v);
}

static void age(const char *path, time_t seconds) {
  struct timeval times[2];
  gettimeofday(&times[0], NULL);
  times[0].tv_sec -= seconds;
  times[1] = times[0];
  assert_int_equal(utimes(path, times), 0);
}

/* In the folders there are 112 octets and 3 files. */
static void the_sum_is_made_anew(void **state) {
  char long_file[QUOTA_FILE_MAX + 64];
  static const struct {
    const char *file; /* NULL: the long one */
    time_t age_s;
    uint64_t octets;
    bool fits, counted;
  } cases[] = {
    {"200S\n190 1\n", 0, 20, false, false},   /* one line, and young */
    {"200S\n190 1\n", QUOTA_STALE_S - 60, 20, false, false}, /* the clock goes on meanwhile */
    {"200S\n190 1\n", QUOTA_STALE_S + 1, 20, true, true},
    {"200S\n100 1\n90 1\n", 0, 20, true, true},
    {"200S\n100 1\n90 1\n", 0, 100, false, true},
    {"200S\n10 1\n", 0, 190, true, false},    /* who believes it has room */
    {"200S,3C\n10 2\n1 1\n", 0, 1, false, true},
    {"200S\n", 0, 20, true, true},
    {"200S\n190 1", 0, 20, true, true},       /* torn */
    {"200S\n190 1\nx\n", 0, 20, true, true},
    {"200S\n 190   1 \n", 0, 10, true, false},
    {NULL, 0, 20, true, true},
  };
  struct verdict v = {0};
  (void)state;
  make_maildir();
  strcpy(long_file, "200S\n");
  while (strlen(long_file) < QUOTA_FILE_MAX) strcat(long_file, "0 0\n");
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct quota q = {0};
    test_write("M/maildirsize", cases[i].file ? cases[i].file : long_file, 0600);
    age("M/maildirsize", cases[i].age_s);
    assert_int_equal(quota_open(&q, "M/", NULL, &v), 0);
    if (quota_fits(&q, cases[i].octets) != cases[i].fits || q.exact != cases[i].counted)
      fail_msg("case %zu: counted %d, %lld octets", i, q.exact, (long long)q.octets);
    quota_free(&q);
  }
  test_remove("M");
  verdict_free(&v);
}

static void no_quota_can_be_read(void **state) {
  static const char *const files[] = {"", "x\n", "100\n", "S,C\n1 1\n", "100S"};
  struct verdict v = {0};
  (void)state;
  make_maildir();
  for (size_t i = 0; i < COUNT(files); i++) {
    struct quota q = {0};
    test_write("M/maildirsize", files[i], 0600);
    assert_int_equal(quota_open(&q, "M/", NULL, &v), 0);
    assert_false(q.limited);
    quota_free(&q);
    assert_int_equal(quota_open(&q, "M/", "500S", &v), 0);
    assert_true(q.limited);
    assert_string_equal(test_slurp("M/maildirsize"), "500S\n112 3\n");
    quota_free(&q);
  }
  test_remove("M");
  verdict_free(&v);
}

static void a_link_or_a_pipe_is_not_read(void **state) {
  struct quota q = {0};
  struct verdict v = {0};
  (void)state;
  make_maildir();
  test_write("other", "500S\n1 1\n", 0600);
  assert_int_equal(symlink("../other", "M/maildirsize"), 0);
  assert_int_equal(quota_open(&q, "M/", NULL, &v), -1);
  assert_int_equal(v.class, RESULT_DEFERRAL);
  quota_free(&q);
  assert_int_equal(unlink("M/maildirsize"), 0);
  assert_int_equal(mkfifo("M/maildirsize", 0600), 0);
  assert_int_equal(quota_open(&q, "M/", NULL, &v), -1);
  quota_free(&q);
  assert_int_equal(unlink("other"), 0);
  test_remove("M");
  verdict_free(&v);
}

static void counting_ends_in_time(void **state) {
  struct quota q = {.deadline_us = 1};
  struct verdict v = {0};
  char name[64];
  (void)state;
  make_maildir();
  for (int i = 0; i < 300; i++) {
    snprintf(name, sizeof name, "M/new/%d.h,S=1", i);
    test_write(name, "", 0600);
  }
  test_write("M/maildirsize", "200S\n100 1\n100 1\n", 0600);
  assert_int_equal(quota_open(&q, "M/", NULL, &v), 0);
  assert_false(quota_fits(&q, 1));
  assert_false(q.exact);
  assert_string_equal(test_slurp("M/maildirsize"), "200S\n100 1\n100 1\n");
  quota_free(&q);
  test_remove("M");
  verdict_free(&v);
}

/* A delivery as batch.c does it: the file first, then its line. */
static void deliver(int child, int n) {
  struct quota q = {0};
  struct verdict v = {0};
  char name[64];
  if (quota_open(&q, "M/", NULL, &v) == -1) _exit(1);
  quota_take(&q, 3, 1);
  snprintf(name, sizeof name, "M/new/%d.%d.h,S=3", child, n);
  FILE *f = fopen(name, "w");
  if (!f || fclose(f)) _exit(2);
  quota_note(&q);
  quota_free(&q);
}

enum { CHILDREN = 4, EACH = 600 /* enough to be counted anew meanwhile */ };

static void deliveries_at_one_time_are_all_counted(void **state) {
  struct quota q = {0};
  struct verdict v = {0};
  (void)state;
  make_maildir();
  test_write("M/maildirsize", "1000000S\n112 3\n", 0600);
  for (int child = 0; child < CHILDREN; child++)
    if (fork() == 0) {
      for (int n = 0; n < EACH; n++) deliver(child, n);
      _exit(0);
    }
  int status;
  while (wait(&status) > 0) assert_int_equal(status, 0);
  assert_int_equal(quota_open(&q, "M/", "1000000S", &v), 0);
  /* a file whose line came after the count that found it counts twice */
  assert_in_range(q.octets, 112 + 3 * CHILDREN * EACH, 112 + 3 * CHILDREN * (EACH + 1));
  assert_in_range(q.files, 3 + CHILDREN * EACH, 3 + CHILDREN * (EACH + 1));
  quota_free(&q);
  assert_int_equal(unlink("M/maildirsize"), 0);
  assert_int_equal(quota_open(&q, "M/", "1000000S", &v), 0);
  assert_int_equal(q.octets, 112 + 3 * CHILDREN * EACH);
  assert_int_equal(q.files, 3 + CHILDREN * EACH);
  quota_free(&q);
  test_remove("M");
  verdict_free(&v);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(definitions_are_read),
    cmocka_unit_test(names_tell_sizes),
    cmocka_unit_test(the_maildir_is_counted),
    cmocka_unit_test(what_comes_is_noted_in_one_line),
    cmocka_unit_test(names_that_lie_leave_room_to_add),
    cmocka_unit_test(the_sum_is_made_anew),
    cmocka_unit_test(no_quota_can_be_read),
    cmocka_unit_test(a_link_or_a_pipe_is_not_read),
    cmocka_unit_test(counting_ends_in_time),
    cmocka_unit_test(deliveries_at_one_time_are_all_counted),
  };
  return cmocka_run_group_tests(tests, test_enter, test_leave);
}
