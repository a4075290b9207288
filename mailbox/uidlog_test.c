#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/testcalls.h"
#include "mailbox/testmailbox.h"

static void a_torn_line_costs_nothing(void **state) {
  (void)state;
  test_maildir_write("new/1.a", "");
  test_maildir_write("new/2.b", "");
  uint32_t validity = validity_now();
  int fd = open(test_maildir_path("owlpost-uids"), O_WRONLY | O_APPEND);
  assert_int_equal(io_write_all(fd, "+ 3 - - 3.c", 11, IO_FOREVER), 0);
  close(fd);
  open_and_expect("1 1.a, 2 2.b");
  test_maildir_write("new/3.c", "");
  open_and_expect("1 1.a, 2 2.b, 3 3.c");
  open_and_expect("1 1.a, 2 2.b, 3 3.c");
  assert_int_equal(validity_now(), validity);
}

/* No UID is given twice, and the message gets one behind all others. */
static void a_wrong_line_costs_its_message_the_uid(void **state) {
  (void)state;
  test_maildir_write("new/1.a", "");
  test_maildir_write("new/2.b", "");
  open_and_expect("1 1.a, 2 2.b");
  stralloc log = {0};
  assert_int_equal(io_slurp_file(test_maildir_path("owlpost-uids"), &log, 1 << 20), 0);
  char *at = memmem(log.s, log.len, "1.a", 3);
  assert_non_null(at);
  *at = '7';
  int fd = open(test_maildir_path("owlpost-uids"), O_WRONLY | O_TRUNC);
  assert_int_equal(io_write_all(fd, log.s, log.len, IO_FOREVER), 0);
  close(fd);
  stralloc_free(&log);
  open_and_expect("2 2.b, 3 1.a");
  open_and_expect("2 2.b, 3 1.a");
}

static void without_the_log_there_is_another_validity(void **state) {
  (void)state;
  test_maildir_write("new/1.a", "");
  test_maildir_write("owlpost-uids", "nothing of ours\n");
  open_and_expect("1 1.a");
  assert_true(validity_now() > 1700000000);
}

/* By its base name, not by a UID, which is another message's in a log that is new. */
static void a_log_that_is_made_anew_confuses_nobody(void **state) {
  struct mailbox m;
  (void)state;
  test_maildir_write("new/1.a", "");
  test_maildir_write("new/2.b", "");
  assert_int_equal(mailbox_open(&m, test_maildir), 0);
  assert_int_equal(unlink(test_maildir_path("owlpost-uids")), 0);
  rename_file("new/2.b", "cur/2.b:2,S");
  assert_int_equal(unlink(test_maildir_path("new/1.a")), 0);
  open_and_expect("1 2.b:2,S");
  settle();
  assert_int_equal(mailbox_remove(&m, 0), 0);
  assert_true(m.messages[0].is_gone);
  assert_int_equal(access(test_maildir_path("cur/2.b:2,S"), F_OK), 0);
  assert_int_equal(mailbox_remove(&m, 1), 0);
  assert_int_equal(access(test_maildir_path("cur/2.b:2,S"), F_OK), -1);
  mailbox_close(&m);
}

/* What another found to be gone before he wrote the log anew is not in it. */
static void who_locks_another_file_knows_it(void **state) {
  struct mailbox mine, others;
  (void)state;
  test_maildir_write("new/1.a", "");
  assert_int_equal(mailbox_open(&mine, test_maildir), 0);
  assert_false(mine.log.is_replaced);
  assert_int_equal(mailbox_open(&others, test_maildir), 0);
  assert_int_equal(uidlog_lock(&mine.log), 0);
  assert_false(mine.log.is_replaced);
  uidlog_unlock(&mine.log);
  assert_int_equal(mailbox_read_log(&others), 0);
  assert_int_equal(uidlog_lock(&others.log), 0);
  assert_int_equal(uidlog_rewrite(&others.log), 0);
  mailbox_close(&others);
  assert_int_equal(uidlog_lock(&mine.log), 0);
  assert_true(mine.log.is_replaced);
  mailbox_close(&mine);
}

static void uids_that_are_used_up_begin_again(void **state) {
  struct mailbox m;
  (void)state;
  test_maildir_write("dovecot-uidlist", "3 V1700000001 N4294967295 G00\n4294967294 :1.a\n");
  test_maildir_write("new/1.a", "");
  test_maildir_write("new/2.b", "");
  open_and_expect("4294967294 1.a, 4294967295 2.b");
  uint32_t before = validity_now();
  test_maildir_write("new/3.c", "");
  open_and_expect("1 1.a, 2 2.b, 3 3.c");
  assert_true(validity_now() > before);
  assert_int_equal(mailbox_open(&m, test_maildir), 0);
  assert_uidl(&m, 0, "fffffffe6553f101"); /* POP3 sees none of it */
  mailbox_close(&m);
}

static int open_without_syncs(void) {
  struct mailbox m;
  test_fail_call(SYS_fdatasync, 0, EIO);
  int r = mailbox_open(&m, test_maildir) == -1 && errno == EIO ? 0 : 1;
  mailbox_close(&m);
  return r;
}

static void what_could_not_be_synced_is_not_left_in_the_log(void **state) {
  struct stat before, after;
  int status;
  (void)state;
  test_maildir_write("new/1.a", "");
  open_and_expect("1 1.a");
  assert_int_equal(stat(test_maildir_path(UIDLOG_NAME), &before), 0);
  test_maildir_write("new/2.b", "");
  pid_t pid = fork();
  if (pid == 0) _exit(open_without_syncs());
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  assert_int_equal(stat(test_maildir_path(UIDLOG_NAME), &after), 0);
  assert_int_equal(after.st_size, before.st_size);
  open_and_expect("1 1.a, 2 2.b");
}

static void a_log_made_anew_has_a_greater_uidvalidity(void **state) {
  (void)state;
  uint32_t before = validity_now();
  for (int i = 0; i < 3; i++) {
    assert_int_equal(unlink(test_maildir_path("owlpost-uids")), 0);
    uint32_t now = validity_now();
    assert_true(now > before);
    before = now;
  }
}

static void a_log_of_a_later_version_is_left_alone(void **state) {
  struct mailbox m;
  (void)state;
  test_maildir_write("owlpost-uids", "owlpost-uids 2 17 5 what else e1da648d\n");
  test_maildir_write("new/1.a", "");
  assert_int_equal(mailbox_open(&m, test_maildir), -1);
  assert_int_equal(errno, EPROTONOSUPPORT);
  mailbox_close(&m);
}

static void a_big_log_is_written_anew(void **state) {
  enum { MANY = 1500 };
  char name[64];
  struct stat before, after;
  (void)state;
  for (int i = 0; i < MANY; i++) {
    snprintf(name, sizeof name, "new/%d.x", 1000 + i);
    test_maildir_write(name, "");
  }
  uint32_t validity = validity_now();
  assert_int_equal(stat(test_maildir_path("owlpost-uids"), &before), 0);
  for (int i = 0; i < MANY - 1; i++) {
    snprintf(name, sizeof name, "new/%d.x", 1000 + i);
    assert_int_equal(unlink(test_maildir_path(name)), 0);
  }
  test_maildir_write("new/9.y", "");
  settle();
  open_and_expect("1500 2499.x, 1501 9.y");
  assert_int_equal(stat(test_maildir_path("owlpost-uids"), &after), 0);
  assert_true(after.st_size < 400);
  assert_int_equal(validity_now(), validity);
  assert_int_equal(unlink(test_maildir_path("new/9.y")), 0);
  test_maildir_write("new/8.z", "");
  open_and_expect("1500 2499.x, 1502 8.z");
}

#define TESTED(F) cmocka_unit_test_setup_teardown(F, test_maildir_make, test_maildir_remove)

int main(void) {
  const struct CMUnitTest tests[] = {
    TESTED(a_torn_line_costs_nothing),
    TESTED(a_wrong_line_costs_its_message_the_uid),
    TESTED(without_the_log_there_is_another_validity),
    TESTED(a_log_of_a_later_version_is_left_alone),
    TESTED(a_log_made_anew_has_a_greater_uidvalidity),
    TESTED(what_could_not_be_synced_is_not_left_in_the_log),
    TESTED(uids_that_are_used_up_begin_again),
    TESTED(who_locks_another_file_knows_it),
    TESTED(a_log_that_is_made_anew_confuses_nobody),
    TESTED(a_big_log_is_written_anew),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
