#include "config.h"
#include <errno.h>
#include <unistd.h>
#include "mailbox/testmailbox.h"

static void another_servers_uids_that_are_used_up(void **state) {
  (void)state;
  test_maildir_write("dovecot-uidlist", "3 V1700000001 N4294967295 G00\n4294967295 :1.a\n");
  test_maildir_write("new/1.a", "");
  test_maildir_write("new/2.b", "");
  open_and_expect("1 1.a, 2 2.b");
  assert_true(validity_now() > 1700000001);
}

/* ---- other servers' files */

static void dovecot_is_taken_over(void **state) {
  struct mailbox m;
  (void)state;
  test_maildir_write("dovecot-uidlist", "3 V1700000001 N20 G00\n3 :2.b\n7 Pown W9 :1.a:2,\n8 :gone\nx\n9 :\n10 P :3.c\n");
  test_maildir_write("new/1.a", "");
  test_maildir_write("cur/2.b:2,S", "");
  test_maildir_write("new/0.new", "");
  assert_int_equal(mailbox_open(&m, test_maildir), 0);
  assert_list(&m, "3 2.b:2,S, 7 1.a, 20 0.new");
  assert_int_equal(m.log.lines.validity, 1700000001);
  assert_uidl(&m, 0, "000000036553f101");
  assert_uidl(&m, 1, "own");
  assert_uidl(&m, 2, "0.new");
  mailbox_close(&m);
  assert_int_equal(mailbox_take_over(&m, test_maildir, text_of("%u")), -1);
  assert_int_equal(errno, EEXIST);
  mailbox_close(&m);
  assert_int_equal(unlink(test_maildir_path("dovecot-uidlist")), 0);
  open_and_expect("3 2.b:2,S, 7 1.a, 20 0.new");
}

static void dovecots_uidls_in_another_format(void **state) {
  struct mailbox m;
  (void)state;
  test_maildir_write("dovecot-uidlist", "3 V1700000001 N20 G00\n3 :1.a\n10 P :2.b\n");
  test_maildir_write("new/1.a", "");
  test_maildir_write("new/2.b", "");
  assert_int_equal(mailbox_take_over(&m, test_maildir, text_of("%m")), -1);
  assert_int_equal(errno, EINVAL);
  mailbox_close(&m);
  assert_int_equal(mailbox_take_over(&m, test_maildir, text_of("%v.%u")), 0);
  assert_uidl(&m, 0, "1700000001.3");
  assert_uidl(&m, 1, "2.b");
  mailbox_close(&m);
}

static void uids_are_taken_over_once(void **state) {
  struct mailbox m;
  (void)state;
  test_maildir_write("dovecot-uidlist", "3 V1700000001 N20 G00\n3 :1.a\n");
  test_maildir_write("new/1.a", "");
  open_and_expect("3 1.a");
  test_maildir_write("new/2.b", "");
  open_and_expect("3 1.a, 20 2.b");
  assert_int_equal(unlink(test_maildir_path("owlpost-uids")), 0);
  assert_int_equal(mailbox_open(&m, test_maildir), 0);
  assert_list(&m, "1 1.a, 2 2.b");
  assert_true(m.log.lines.validity > 1700000001);
  assert_uidl(&m, 0, "000000036553f101");
  mailbox_close(&m);
}

static void an_old_dovecot_too(void **state) {
  struct mailbox m;
  (void)state;
  test_maildir_write("dovecot-uidlist", "1 1700000001 9\n4 1.a:2,S\n");
  test_maildir_write("new/1.a", "");
  assert_int_equal(mailbox_open(&m, test_maildir), 0);
  assert_list(&m, "4 1.a");
  assert_int_equal(m.log.lines.next, 9);
  mailbox_close(&m);
}

static void courier_is_taken_over(void **state) {
  struct mailbox m;
  (void)state;
  test_maildir_write("courierimapuiddb", "1 1700000002 12\n5 1.a\n11 2.b\n");
  test_maildir_write("courierpop3dsizelist", "/3 3 4\n2.b 10 2:77:0\n3.c 10 0:77:0\n1.a 9 3:0:1\n");
  test_maildir_write("new/1.a", "");
  test_maildir_write("new/2.b", "");
  test_maildir_write("new/3.c", "");
  assert_int_equal(mailbox_open(&m, test_maildir), 0);
  assert_list(&m, "5 1.a, 11 2.b, 12 3.c");
  assert_uidl(&m, 0, "UID3");
  assert_uidl(&m, 1, "UID2-77");
  assert_uidl(&m, 2, "3.c");
  mailbox_close(&m);
}

#define TESTED(F) cmocka_unit_test_setup_teardown(F, test_maildir_make, test_maildir_remove)

int main(void) {
  const struct CMUnitTest tests[] = {
    TESTED(dovecot_is_taken_over),
    TESTED(uids_are_taken_over_once),
    TESTED(dovecots_uidls_in_another_format),
    TESTED(another_servers_uids_that_are_used_up),
    TESTED(an_old_dovecot_too),
    TESTED(courier_is_taken_over),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
