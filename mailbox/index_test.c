#include "config.h"
#include "mailbox/index.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "mailbox/testmaildir.h"

/* As if the folders had last been changed so many seconds after a time long ago. */
static void settle(time_t after) {
  const struct timespec then[2] = {{1700000000 + after, 0}, {1700000000 + after, 0}};
  assert_int_equal(utimensat(AT_FDCWD, test_maildir_path("new"), then, 0), 0);
  assert_int_equal(utimensat(AT_FDCWD, test_maildir_path("cur"), then, 0), 0);
}

/* "UID NAME SIZE UIDL, ..." */
static void assert_list(struct mailbox *m, const char *expected) {
  char got[1024] = "";
  stralloc uidl = {0};
  for (size_t i = 0; i < m->count; i++) {
    const struct mailbox_message *x = &m->messages[i];
    stralloc_zero(&uidl);
    assert_int_equal(mailbox_uidl(m, i, &uidl), 0);
    assert_true(stralloc_0(&uidl));
    size_t len = strlen(got);
    snprintf(got + len, sizeof got - len, "%s%u %s%s %d %s", i ? ", " : "", x->uid, x->is_new ? "new/" : "",
             m->names.s + x->name_at, (int)x->wire_size, uidl.s);
  }
  stralloc_free(&uidl);
  assert_string_equal(got, expected);
}

/* Whether the log had to be read. */
static bool open_and_expect(const char *expected) {
  struct mailbox m;
  assert_int_equal(mailbox_open(&m, test_maildir), 0);
  bool was_read = m.log.fd >= 0;
  mailbox_measure(&m);
  mailbox_keep(&m);
  assert_list(&m, expected);
  mailbox_close(&m);
  return was_read;
}

static const char listed[] = "4 1.a:2,S 5 theirs, 5 new/2.b 2 2.b";

static void make_index(void) {
  test_maildir_write("dovecot-uidlist", "3 V9 N4 G0\n4 Ptheirs :1.a\n");
  test_maildir_write("cur/1.a:2,S", "1\n\n");
  test_maildir_write("new/2.b", "\n");
  test_maildir_write("new/3.c", "\n");
  assert_int_equal(unlink(test_maildir_path("new/3.c")), 0);
  settle(0);
  assert_true(open_and_expect(listed));
}

static void it_is_believed(void **state) {
  (void)state;
  make_index();
  assert_false(open_and_expect(listed));
}

static void what_was_changed_just_now_is_not_in_it(void **state) {
  (void)state;
  test_maildir_write("cur/1.a:2,S", "\n");
  assert_true(open_and_expect("1 1.a:2,S 2 1.a"));
  assert_int_equal(access(test_maildir_path(INDEX_NAME), F_OK), -1);
}

static void others_change_the_folder(void **state) {
  (void)state;
  make_index();
  test_maildir_write("new/5.e", "");
  assert_true(open_and_expect("4 1.a:2,S 5 theirs, 5 new/2.b 2 2.b, 6 new/5.e 0 5.e"));
  assert_int_equal(rename(test_maildir_path("new/5.e"), test_maildir_path("cur/5.e:2,")), 0);
  assert_true(open_and_expect("4 1.a:2,S 5 theirs, 5 new/2.b 2 2.b, 6 5.e:2, 0 5.e"));
  assert_int_equal(rename(test_maildir_path("cur/1.a:2,S"), test_maildir_path("cur/1.a:2,RS")), 0);
  settle(1);
  assert_true(open_and_expect("4 1.a:2,RS 5 theirs, 5 new/2.b 2 2.b, 6 5.e:2, 0 5.e"));
  assert_false(open_and_expect("4 1.a:2,RS 5 theirs, 5 new/2.b 2 2.b, 6 5.e:2, 0 5.e"));
  assert_int_equal(unlink(test_maildir_path("new/2.b")), 0);
  settle(2);
  assert_true(open_and_expect("4 1.a:2,RS 5 theirs, 6 5.e:2, 0 5.e"));
}

/* Only new/ is read then: what lies in cur/ is known. */
static void after_a_delivery(void **state) {
  struct mailbox m;
  struct mailbox_time now;
  struct sightings s = {0};
  (void)state;
  make_index();
  test_maildir_write("new/5.e", "");
  m = (struct mailbox){.folder = open(test_maildir, O_RDONLY | O_DIRECTORY)};
  assert_int_equal(sightings_times(m.folder, &now.folders), 0);
  assert_int_equal(uidlog_time(m.folder, &now.log), 0);
  assert_int_equal(index_read(&m, &now, &s), INDEX_CUR);
  assert_int_equal(s.count, 1);
  assert_string_equal(s.names.s, "1.a:2,S");
  sightings_free(&s);
  close(m.folder);
}

/* others: what another program does meanwhile. */
static void end_a_session(void (*others)(void)) {
  struct mailbox m;
  assert_int_equal(mailbox_open(&m, test_maildir), 0);
  mailbox_keep(&m);
  assert_int_equal(mailbox_remove(&m, 0), 0);
  if (others) others();
  mailbox_seen(&m);
  mailbox_settle(&m);
  mailbox_close(&m);
}

static void own_changes_need_no_look(void **state) {
  (void)state;
  make_index();
  end_a_session(NULL);
  assert_false(open_and_expect("5 2.b:2, 2 2.b"));
}

static void deliver(void) { test_maildir_write("new/5.e", ""); }

static void expunge(void) { assert_int_equal(unlink(test_maildir_path("new/2.b")), 0); }

static void others_change_the_folder_at_that_time(void **state) {
  (void)state;
  make_index();
  end_a_session(deliver);
  assert_true(open_and_expect("5 2.b:2, 2 2.b, 6 new/5.e 0 5.e"));
}

static void others_delete_at_that_time(void **state) {
  (void)state;
  make_index();
  end_a_session(expunge);
  assert_true(open_and_expect(""));
}

static void others_change_the_log(void **state) {
  (void)state;
  make_index();
  assert_int_equal(unlink(test_maildir_path("owlpost-uids")), 0);
  assert_true(open_and_expect("1 1.a:2,S 5 theirs, 2 new/2.b 2 2.b"));
}

static void it_can_be_anything(void **state) {
  char octets[1024];
  (void)state;
  make_index();
  int fd = open(test_maildir_path(INDEX_NAME), O_RDONLY);
  ssize_t len = read(fd, octets, sizeof octets);
  assert_in_range(len, 1, sizeof octets - 1);
  close(fd);
  for (ssize_t i = 0; i < len; i += 7) {
    fd = open(test_maildir_path(INDEX_NAME), O_WRONLY | O_CREAT, 0600);
    octets[i] ^= 1;
    assert_int_equal(pwrite(fd, octets, (size_t)len, 0), len);
    octets[i] ^= 1;
    close(fd);
    assert_true(open_and_expect(listed)); /* which writes it anew */
    assert_int_equal(truncate(test_maildir_path(INDEX_NAME), i), 0);
    assert_true(open_and_expect(listed));
  }
  assert_int_equal(unlink(test_maildir_path(INDEX_NAME)), 0);
  assert_int_equal(symlink("/dev/zero", test_maildir_path(INDEX_NAME)), 0);
  assert_true(open_and_expect(listed));
  assert_false(open_and_expect(listed));
}

#define TESTED(F) cmocka_unit_test_setup_teardown(F, test_maildir_make, test_maildir_remove)

int main(void) {
  const struct CMUnitTest tests[] = {
    TESTED(it_is_believed), TESTED(what_was_changed_just_now_is_not_in_it), TESTED(others_change_the_folder),
    TESTED(after_a_delivery), TESTED(own_changes_need_no_look), TESTED(others_change_the_folder_at_that_time),
    TESTED(others_delete_at_that_time), TESTED(others_change_the_log), TESTED(it_can_be_anything),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
