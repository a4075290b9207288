#include "config.h"
#include "local/tools/replyonce.h"
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include "lib/testfolder.h"

enum { WEEK_S = 604800 };

/* Whether this sender is due; if so it is recorded. */
static bool ask(const char *sender, uint64_t now_s) {
  struct replyonce r;
  assert_int_equal(replyonce_open(&r, test_path("sent"), text_of(sender)), 0);
  bool due = replyonce_is_due(&r, now_s, WEEK_S);
  if (due) assert_int_equal(replyonce_record(&r, now_s), 0);
  replyonce_close(&r);
  return due;
}

static void once_in_a_period(void **state) {
  (void)state;
  assert_true(ask("ann@x.test", 1000));
  assert_false(ask("ann@x.test", 1001));
  assert_false(ask("ANN@X.test", 1000 + WEEK_S - 1));
  assert_true(ask("bob@x.test", 1001));
  assert_true(ask("ann@x.test", 1000 + WEEK_S));
  assert_false(ask("ann@x.test", 1001 + WEEK_S));
  assert_false(ask("bob@x.test", 1002));
  assert_true(ask("ann@x.test", 999)); /* the clock was set back */
}

static void the_oldest_is_forgotten(void **state) {
  (void)state;
  struct stat st;
  char sender[32];
  unlink(test_path("sent"));
  for (unsigned i = 0; i < REPLYONCE_MAX + 1; i++) {
    if (i > 2 && i < REPLYONCE_MAX - 2) {
      /* the file alone, so that this takes no minute */
      static const char empty[24] = {[16] = 0x7f};
      int fd = open(test_path("sent"), O_WRONLY | O_APPEND | O_CLOEXEC);
      assert_int_equal(io_write_all(fd, empty, sizeof empty, IO_FOREVER), 0);
      close(fd);
      continue;
    }
    snprintf(sender, sizeof sender, "%u@x.test", i);
    assert_true(ask(sender, 1000 + i));
  }
  assert_int_equal(stat(test_path("sent"), &st), 0);
  assert_int_equal(st.st_size, 16 + 24 * REPLYONCE_MAX);
  assert_false(ask("1@x.test", 20000));
  assert_true(ask("0@x.test", 20000));
}

static void other_files_are_left_alone(void **state) {
  (void)state;
  const struct text contents[] = {TEXT("x"), TEXT("I am away until Monday.\n"), TEXT("owl-autoreply 2\n")};
  for (size_t i = 0; i < COUNT(contents); i++) {
    struct replyonce r;
    struct stat st;
    test_write("sent", contents[i], 0600);
    errno = 0;
    assert_int_equal(replyonce_open(&r, test_path("sent"), TEXT("ann@x.test")), -1);
    assert_int_equal(errno, EBADMSG);
    replyonce_close(&r);
    assert_int_equal(stat(test_path("sent"), &st), 0);
    assert_int_equal((size_t)st.st_size, contents[i].len);
  }
}

static void a_part_of_a_record_is_none(void **state) {
  (void)state;
  test_write("sent", TEXT("owl-autoreply 1\nabcdefg"), 0600);
  assert_true(ask("ann@x.test", 1000));
  assert_false(ask("ann@x.test", 1001));
}

static void of_many_at_one_time_one_replies(void **state) {
  (void)state;
  pid_t pids[8];
  int due = 0;
  unlink(test_path("sent"));
  for (size_t i = 0; i < COUNT(pids); i++)
    if ((pids[i] = fork()) == 0) _exit(ask("ann@x.test", 1000));
  for (size_t i = 0; i < COUNT(pids); i++) {
    int status;
    assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
    due += WEXITSTATUS(status);
  }
  assert_int_equal(due, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(once_in_a_period), cmocka_unit_test(the_oldest_is_forgotten),
    cmocka_unit_test(other_files_are_left_alone), cmocka_unit_test(a_part_of_a_record_is_none),
    cmocka_unit_test(of_many_at_one_time_one_replies),
  };
  return cmocka_run_group_tests(tests, test_folder_make, test_folder_remove);
}
