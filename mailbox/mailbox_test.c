#include "config.h"
#include <errno.h>
#include <signal.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "lib/testcalls.h"
#include "mailbox/testmailbox.h"
#include "mailbox/trouble.h"

static void uids_stay(void **state) {
  (void)state;
  open_and_expect("");
  test_maildir_write("cur/20.b:2,S", "");
  test_maildir_write("new/10.a", "");
  open_and_expect("1 10.a, 2 20.b:2,S");
  test_maildir_write("new/5.early", "");
  rename_file("new/10.a", "cur/10.a:2,");
  rename_file("cur/20.b:2,S", "cur/20.b:2,RS");
  open_and_expect("1 10.a:2,, 2 20.b:2,RS, 3 5.early");
  assert_int_equal(unlink(test_maildir_path("new/5.early")), 0);
  settle();
  open_and_expect("1 10.a:2,, 2 20.b:2,RS");
  test_maildir_write("new/5.early", ""); /* another one */
  test_maildir_write("new/.hidden", "");
  assert_int_equal(mkdir(test_maildir_path("cur/folder"), 0700), 0);
  open_and_expect("1 10.a:2,, 2 20.b:2,RS, 4 5.early");
}

/* Where files are being renamed a look can miss one that is there. */
static void a_file_is_not_gone_while_others_are_renamed(void **state) {
  (void)state;
  test_maildir_write("new/1.a", "");
  test_maildir_write("new/2.b", "");
  open_and_expect("1 1.a, 2 2.b");
  rename_file("new/1.a", "tmp/1.a");
  open_and_expect("2 2.b");
  rename_file("tmp/1.a", "cur/1.a:2,S");
  open_and_expect("1 1.a:2,S, 2 2.b");
}

static void uidls_are_base_names(void **state) {
  struct mailbox m;
  (void)state;
  test_maildir_write("new/1.a,S=5", "");
  test_maildir_write("cur/2.b with space:2,S", "");
  test_maildir_write("new/3.a-name-that-is-longer-than-the-seventy-octets-that-a-client-must-take-x", "");
  assert_int_equal(mailbox_open(&m, test_maildir), 0);
  assert_uidl(&m, 0, "1.a,S=5");
  assert_uidl(&m, 1, "391f8bb27a7e15a34e340b5aa8be2a1678cb8d0b79166cf1f746581686ff717b");
  assert_int_equal(m.count, 3);
  mailbox_close(&m);
}

static void sizes_are_kept(void **state) {
  struct mailbox m;
  (void)state;
  test_maildir_write("new/1.a", "x\r\ny\n\nz");
  test_maildir_write("new/2.b,S=99,W=100", "not read");
  test_maildir_write("new/3.c,S=2", "\n\n");
  for (int i = 0; i < 2; i++) {
    assert_int_equal(mailbox_open(&m, test_maildir), 0);
    if (i == 1) assert_int_equal(m.messages[0].wire_size, 9);
    mailbox_measure(&m);
    assert_int_equal(m.messages[0].size, 7);
    assert_int_equal(m.messages[0].wire_size, 9);
    assert_int_equal(m.messages[1].wire_size, 100);
    assert_int_equal(m.messages[2].wire_size, 4);
    mailbox_close(&m);
  }
}

/* As files are opened before they are read. */
static void few_descriptors_are_enough(void **state) {
  struct mailbox m;
  struct rlimit limit;
  char name[32];
  (void)state;
  for (int i = 10; i < 60; i++) {
    snprintf(name, sizeof name, "new/%d.x", i);
    test_maildir_write(name, "line\n");
  }
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  assert_int_equal(mailbox_open(&m, test_maildir), 0);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){20, limit.rlim_max}), 0);
  mailbox_measure(&m);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
  for (size_t i = 0; i < 50; i++) assert_int_equal(m.messages[i].wire_size, 6);
  mailbox_close(&m);
}

static void a_renamed_file_is_found_again(void **state) {
  struct mailbox m;
  char octets[8];
  (void)state;
  test_maildir_write("new/1.a", "one");
  test_maildir_write("new/2.b", "two");
  test_maildir_write("new/3.c", "three");
  assert_int_equal(mailbox_open(&m, test_maildir), 0);
  rename_file("new/1.a", "cur/1.a:2,S");
  rename_file("new/2.b", "cur/2.b:2,F");
  assert_int_equal(unlink(test_maildir_path("new/3.c")), 0);
  int fd = mailbox_file(&m, 0);
  assert_int_equal(read(fd, octets, sizeof octets), 3);
  close(fd);
  assert_int_equal(mailbox_remove(&m, 1), 0);
  assert_int_equal(access(test_maildir_path("cur/2.b:2,F"), F_OK), -1);
  assert_int_equal(mailbox_file(&m, 2), -1);
  assert_int_equal(errno, ENOENT);
  assert_int_equal(mailbox_remove(&m, 2), 0); /* gone already */
  mailbox_close(&m);
  open_and_expect("1 1.a:2,S");
}

/* No file grows: as on a disk that is full. */
static void who_has_no_room_can_delete(void **state) {
  int status;
  (void)state;
  test_maildir_write("new/1.a", "x\n");
  test_maildir_write("new/2.b,S=5", "y\n");
  pid_t pid = fork();
  if (pid == 0) {
    struct mailbox m;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){0, 0});
    if (mailbox_open(&m, test_maildir) == -1 || !m.is_uncertain || m.count != 2) _exit(1);
    mailbox_measure(&m);
    if (m.messages[0].wire_size != 3 || mailbox_remove(&m, 0) == -1) _exit(2);
    mailbox_close(&m);
    _exit(0);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  assert_int_equal(access(test_maildir_path("new/1.a"), F_OK), -1);
  open_and_expect("1 2.b,S=5");
}

static void a_message_with_two_names_is_removed(void **state) {
  struct mailbox m;
  (void)state;
  test_maildir_write("new/1.a", "");
  test_maildir_write("cur/1.a:2,S", "");
  test_maildir_write("new/2.b", "");
  assert_int_equal(mailbox_open(&m, test_maildir), 0);
  assert_list(&m, "1 1.a:2,S, 2 2.b");
  assert_int_equal(mailbox_remove(&m, 0), 0);
  mailbox_close(&m);
  open_and_expect("2 2.b");
}

static bool read_again(const struct mailbox *m, struct sightings *s) {
  struct folder_times when;
  bool is_whole;
  assert_int_equal(sightings_read(s, m->folder, &when, &is_whole), 0);
  return is_whole;
}

static void a_whole_look_forgets_who_has_gone_since_the_one_before(void **state) {
  struct mailbox m;
  struct sightings s = {0};
  (void)state;
  assert_int_equal(mailbox_open(&m, test_maildir), 0);
  test_maildir_write("cur/1.a:2,S", "");
  test_maildir_write("cur/2.b:2,S", "");
  (void)read_again(&m, &s);
  assert_int_equal(s.count, 2);
  assert_int_equal(unlink(test_maildir_path("cur/1.a:2,S")), 0);
  settle();
  assert_true(read_again(&m, &s));
  assert_int_equal(s.count, 1);
  assert_string_equal(s.names.s + s.all[0].name_at, "2.b:2,S");
  sightings_free(&s);
  mailbox_close(&m);
}

static void whole_seconds_may_be_all_that_is_kept(void **state) {
  struct mailbox m;
  struct sightings s = {0};
  (void)state;
  assert_int_equal(mailbox_open(&m, test_maildir), 0);
  set_time(time(NULL), 0);
  assert_false(read_again(&m, &s));
  set_time(time(NULL) - 1, 1);
  assert_true(read_again(&m, &s));
  set_time(time(NULL) - 4, 0);
  assert_true(read_again(&m, &s));
  sightings_free(&s);
  mailbox_close(&m);
}

static void date_file(const char *name, time_t seconds) {
  const struct timespec then[2] = {{seconds, 0}, {seconds, 0}};
  test_maildir_write(name, "");
  assert_int_equal(utimensat(AT_FDCWD, test_maildir_path(name), then, 0), 0);
}

static void what_was_left_in_tmp_is_removed(void **state) {
  struct mailbox m;
  (void)state;
  const time_t now = time(NULL), limit = 36 * 3600;
  date_file("tmp/old", now - 60);
  date_file("tmp/young", now + 120);
  date_file("new/old", now - 60);
  assert_int_equal(mkdir(test_maildir_path("tmp/folder"), 0700), 0);
  assert_int_equal(mailbox_open(&m, test_maildir), 0);
  mailbox_clean(&m, (uint64_t)(now + limit - 60) * 1000000);
  assert_int_equal(access(test_maildir_path("tmp/old"), F_OK), 0); /* a copy of old mail, made now */
  mailbox_clean(&m, (uint64_t)(now + limit + 60) * 1000000);
  assert_int_equal(access(test_maildir_path("tmp/old"), F_OK), -1);
  assert_int_equal(access(test_maildir_path("tmp/young"), F_OK), 0);
  assert_int_equal(access(test_maildir_path("new/old"), F_OK), 0);
  mailbox_close(&m);
}

static void what_is_not_met_is_not_said_to_be_removed(void **state) {
  struct mailbox m;
  (void)state;
  test_maildir_write("new/1.a", "");
  test_maildir_write("new/2.b", "");
  assert_int_equal(mailbox_open(&m, test_maildir), 0);
  assert_int_equal(rename(test_maildir_path("new/1.a"), test_maildir_path("tmp/1.a")), 0);
  unsettle();
  assert_int_equal(mailbox_remove(&m, 0), -1);
  assert_int_equal(errno, EAGAIN);
  assert_int_equal(mailbox_file(&m, 0), -1);
  assert_int_equal(errno, EAGAIN);
  m.looks = 300; /* enough for one session */
  settle();
  assert_int_equal(mailbox_remove(&m, 0), -1);
  assert_int_equal(errno, EAGAIN);
  m.looks = 0;
  assert_int_equal(mailbox_remove(&m, 0), 0);
  assert_true(m.messages[0].is_gone && !m.messages[1].is_gone);
  mailbox_close(&m);
}

/* ---- with others */

static void deliver(int first, int count) {
  char tmp[512], new[512];
  for (int i = first; i < first + count; i++) {
    snprintf(tmp, sizeof tmp, "%s/tmp/%d.x", test_maildir, i);
    snprintf(new, sizeof new, "%s/new/%d.x", test_maildir, i);
    int fd = open(tmp, O_WRONLY | O_CREAT, 0600);
    close(fd);
    if (rename(tmp, new) == -1) _exit(1);
  }
  _exit(0);
}

/* Every open sees what the last one saw under the same UIDs. */
static void processes_share_a_mailbox(void **state) {
  enum { EACH = 300, READERS = 3 };
  (void)state;
  pid_t pids[READERS];
  for (int i = 0; i < READERS; i++)
    if ((pids[i] = fork()) == 0) {
      static uint32_t of[EACH * READERS];
      for (;;) {
        struct mailbox m;
        if (mailbox_open(&m, test_maildir) == -1) _exit(2);
        for (size_t k = 0; k < m.count; k++) {
          long n = strtol(name_of(&m, k).s, NULL, 10);
          if (of[n] && of[n] != m.messages[k].uid) _exit(3);
          of[n] = m.messages[k].uid;
        }
        bool all = m.count == EACH * READERS;
        mailbox_close(&m);
        if (all) _exit(0);
      }
    }
  pid_t writers[READERS];
  for (int i = 0; i < READERS; i++)
    if ((writers[i] = fork()) == 0) deliver(i * EACH, EACH);
  for (int i = 0; i < READERS; i++) {
    int status;
    waitpid(writers[i], &status, 0);
    assert_int_equal(status, 0);
  }
  for (int i = 0; i < READERS; i++) {
    int status;
    waitpid(pids[i], &status, 0);
    assert_int_equal(status, 0);
  }
}

static void what_is_no_maildir(void **state) {
  struct mailbox m;
  (void)state;
  assert_int_equal(rmdir(test_maildir_path("cur")), 0);
  assert_int_equal(mailbox_open(&m, test_maildir), -1);
  assert_int_equal(errno, ENOENT);
  mailbox_close(&m);
  assert_int_equal(mkdir(test_maildir_path("cur"), 0700), 0);
  assert_int_equal(symlink("/etc/passwd", test_maildir_path("owlpost-uids")), 0);
  assert_int_equal(mailbox_open(&m, test_maildir), -1);
  mailbox_close(&m);
}

static void what_cannot_be_opened_is_named(void **state) {
  static const struct {
    const char *command, *said;
  } cases[] = {
    {"rmdir cur", "M/cur: No such file or directory"},
    {"rmdir new && ln -s cur new", "M/new: Not a directory"},
    {"rmdir cur && mkfifo cur", "M/cur: Not a directory"},
    {"rmdir tmp", "M/tmp: No such file or directory"},
    {"mkfifo owlpost-uids", "M/owlpost-uids: it is no file of this user"},
    {"mkdir owlpost-uids", "M/owlpost-uids: Is a directory"},
    {"ln -s cur owlpost-uids", "M/owlpost-uids: it is a symbolic link"},
    {"truncate -s 300000000 dovecot-uidlist", "M/dovecot-uidlist: File too large"},
    {"ln -s cur courierpop3dsizelist", "M/courierpop3dsizelist: Too many levels of symbolic links"},
    {"echo owlpost-uids 2 17 5 what else e1da648d >owlpost-uids && touch new/1.a",
     "M/owlpost-uids: a later version of owlpost has written it"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char command[512];
    struct mailbox m;
    stralloc said = {0};
    snprintf(command, sizeof command, "cd %s && rm -rf * && mkdir new cur tmp && %s", test_maildir, cases[i].command);
    assert_int_equal(system(command), 0);
    int r = mailbox_open(&m, test_maildir);
    if (r == -1) assert_int_equal(trouble_put(&said, &m, "M", errno), 0);
    mailbox_close(&m);
    assert_true(stralloc_0(&said));
    assert_string_equal(said.s, cases[i].said);
    stralloc_free(&said);
  }
  (void)state;
}

#define TESTED(F) cmocka_unit_test_setup_teardown(F, test_maildir_make, test_maildir_remove)

int main(void) {
  const struct CMUnitTest tests[] = {
    TESTED(uids_stay),
    TESTED(a_file_is_not_gone_while_others_are_renamed),
    TESTED(uidls_are_base_names),
    TESTED(sizes_are_kept),
    TESTED(few_descriptors_are_enough),
    TESTED(a_renamed_file_is_found_again),
    TESTED(what_is_not_met_is_not_said_to_be_removed),
    TESTED(what_was_left_in_tmp_is_removed),
    TESTED(a_whole_look_forgets_who_has_gone_since_the_one_before),
    TESTED(whole_seconds_may_be_all_that_is_kept),
    TESTED(a_message_with_two_names_is_removed),
    TESTED(who_has_no_room_can_delete),
    TESTED(processes_share_a_mailbox),
    TESTED(what_is_no_maildir),
    TESTED(what_cannot_be_opened_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
