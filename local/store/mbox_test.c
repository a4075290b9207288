#include "config.h"
#include "local/testing.h"
#include "local/store/mboxes.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "lib/unittest.h"

static const struct mailbox box = {.user = "joe", .home = "/", .local = "joe", .dash = "", .ext = "",
                                   .host = "example.org", .default_delivery = ""};
static const char *folder;
static char path[200];

static const char *beside(const char *suffix) {
  static char name[240];
  snprintf(name, sizeof name, "%s%s", path, suffix);
  return name;
}

/* In the place of the date, which is that of now: DATE. */
static const char *content(void) {
  static char with_date[1 << 16], *to;
  const char *from = test_slurp(path);
  for (to = with_date; *from;) {
    bool starts = strncmp(from, "From ", 5) == 0 && (to == with_date || to[-1] == '\n');
    const char *end = strchr(from, '\n');
    if (starts && end && end - from > 24) {
      to += sprintf(to, "%.*sDATE", (int)(end - from - 24), from);
      from = end;
    } else
      *to++ = *from++;
  }
  *to = 0;
  return with_date;
}

static int append(struct mbox *m, const char *message, struct verdict *v) {
  struct envelope e = {.sender = text_of("sue@example.net")};
  struct item item = {{text_of(message), -1, strlen(message)}, &e, NULL};
  return mbox_append(m, &box, &item, v);
}

static void deliver(const char *message) {
  struct mbox m;
  struct verdict v = {0};
  assert_int_equal(mbox_open(&m, path, 0, &v), 0);
  assert_int_equal(append(&m, message, &v), 0);
  assert_int_equal(mbox_sync(&m, &v), 0);
  mbox_close(&m);
  verdict_free(&v);
}

static void refuses(const char *status, const char *words) {
  struct mbox m;
  struct verdict v = {0};
  assert_int_equal(mbox_open(&m, path, 0, &v), -1);
  assert_true(stralloc_0(&v.text));
  print_message("%s %s\n", v.status, v.text.s);
  assert_int_equal(v.class, RESULT_DEFERRAL);
  assert_string_equal(v.status, status);
  assert_non_null(strstr(v.text.s, words));
  verdict_free(&v);
}

/* Of this process's user, also where that is root. */
static void put(const char *name, const char *octets) {
  FILE *f = fopen(name, "w");
  assert_non_null(f);
  assert_true(fputs(octets, f) >= 0);
  assert_int_equal(fclose(f), 0);
  assert_int_equal(chmod(name, 0600), 0);
}

#define HEAD "From sue@example.net DATE\nReturn-Path: <sue@example.net>\nDelivered-To: joe@example.org\n"

static void messages_follow_one_another(void **state) {
  struct stat st;
  (void)state;
  deliver("Subject: a\n\nFrom here\n");
  deliver("Subject: b\n\nno end");
  assert_string_equal(content(), HEAD "Subject: a\n\n>From here\n\n" HEAD "Subject: b\n\nno end\n\n");
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 07777, 0600);
  assert_int_equal(test_entries(folder), 1); /* no lock stays */
}

static void an_unfinished_tail_is_ended_first(void **state) {
  static const struct {
    const char *had, *then;
  } cases[] = {{"x", "x\n\n"}, {"x\n", "x\n\n"}, {"x\n\n", "x\n\n"}, {"\n", "\n"}, {"From a\nab", "From a\nab\n\n"}};
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    char wanted[300];
    put(path, cases[i].had);
    deliver("\nb\n");
    snprintf(wanted, sizeof wanted, "%s%s\nb\n\n", cases[i].then, HEAD);
    assert_string_equal(content(), wanted);
  }
}

static void a_failed_write_leaves_the_old_length(void **state) {
  (void)state;
  deliver("\nfirst\n");
  struct stat before, after;
  assert_int_equal(stat(path, &before), 0);
  pid_t pid = fork();
  if (pid == 0) {
    struct rlimit limit = {300, 300};
    struct mbox m;
    struct verdict v = {0};
    static char large[100000];
    memset(large, 'x', sizeof large - 1);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    int r = mbox_open(&m, path, 0, &v) == 0 && append(&m, large, &v) == -1 && v.class == RESULT_DEFERRAL;
    mbox_close(&m);
    _exit(r ? 0 : 1);
  }
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  assert_int_equal(stat(path, &after), 0);
  assert_int_equal(after.st_size, before.st_size);
}

static void it_can_be_taken_back(void **state) {
  struct mbox m;
  struct verdict v = {0};
  (void)state;
  deliver("\nfirst\n");
  char old[1000];
  snprintf(old, sizeof old, "%s", content());
  assert_int_equal(mbox_open(&m, path, 0, &v), 0);
  assert_int_equal(append(&m, "\nsecond\n", &v), 0);
  mbox_mark(&m);
  char with_second[1000];
  snprintf(with_second, sizeof with_second, "%s", content());
  assert_int_equal(append(&m, "\nthird\n", &v), 0);
  mbox_back(&m);
  assert_string_equal(content(), with_second);
  mbox_undo(&m);
  assert_string_equal(content(), old);
  mbox_close(&m);
}

static void who_has_locked_it_is_waited_for(void **state) {
  struct mbox m;
  struct verdict v = {0};
  (void)state;
  assert_int_equal(mbox_open(&m, path, 0, &v), 0);
  refuses("4.2.0", "locked");
  mbox_close(&m);
  put(beside(".lock"), "");
  refuses("4.2.0", "locked");
  assert_int_equal(unlink(beside(".lock")), 0);
  deliver("\na\n");
  /* a program that knows fcntl() alone */
  int link[2];
  assert_int_equal(pipe(link), 0);
  pid_t pid = fork();
  if (pid == 0) {
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(path, O_RDWR);
    if (fcntl(fd, F_SETLK, &all) == 0) (void)!write(link[1], "x", 1);
    pause();
  }
  char octet;
  assert_int_equal(read(link[0], &octet, 1), 1);
  refuses("4.2.0", "locked");
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  close(link[0]), close(link[1]);
  deliver("\nb\n");
}

static void an_old_lock_is_taken_away(void **state) {
  (void)state;
  struct timespec old[2] = {{time(NULL) - DOTLOCK_STALE_S - 60, 0}, {time(NULL) - DOTLOCK_STALE_S - 60, 0}};
  struct mbox m;
  struct verdict v = {0};
  put(beside(".lock"), "");
  assert_int_equal(utimensat(AT_FDCWD, beside(".lock"), old, 0), 0);
  assert_int_equal(mbox_open(&m, path, 1000, &v), 0);
  mbox_close(&m);
  assert_int_equal(test_entries(folder), 1);
}

static void a_lock_that_leads_elsewhere_is_a_lock_alone(void **state) {
  (void)state;
  struct timespec old[2] = {{time(NULL) - DOTLOCK_STALE_S - 60, 0}, {time(NULL) - DOTLOCK_STALE_S - 60, 0}};
  char other[240];
  put(beside(".other"), "do not touch\n");
  snprintf(other, sizeof other, "%s", beside(".other"));
  assert_int_equal(symlink(other, beside(".lock")), 0);
  refuses("4.2.0", "locked");
  assert_int_equal(utimensat(AT_FDCWD, beside(".lock"), old, AT_SYMLINK_NOFOLLOW), 0);
  struct mbox m;
  struct verdict v = {0};
  assert_int_equal(mbox_open(&m, path, 1000, &v), 0);
  mbox_close(&m);
  assert_string_equal(test_slurp(other), "do not touch\n");
  assert_int_equal(test_entries(folder), 2);
}

static void only_ordinary_files_of_ones_own_are_taken(void **state) {
  (void)state;
  put(beside(".other"), "do not touch\n");
  assert_int_equal(symlink(beside(".other"), path), 0);
  refuses("4.2.1", "symbolic link");
  unlink(path);
  char other[240];
  snprintf(other, sizeof other, "%s", beside(".other"));
  assert_int_equal(link(other, path), 0);
  refuses("4.2.1", "second name");
  unlink(path);
  assert_int_equal(mkfifo(path, 0600), 0);
  refuses("4.2.1", "no file");
  unlink(path);
  assert_int_equal(mkdir(path, 0700), 0);
  refuses("4.2.1", "no file");
  rmdir(path);
  assert_int_equal(symlink("/nowhere/at/all", path), 0);
  refuses("4.2.1", "symbolic link");
  unlink(path);
  assert_string_equal(test_slurp(other), "do not touch\n");
  if (geteuid() == 0) {
    int fd = open(path, O_CREAT | O_WRONLY, 0666);
    close(fd);
    assert_int_equal(chown(path, test_uid(), test_gid()), 0);
    refuses("4.2.1", "somebody else");
    unlink(path);
  }
  struct mbox m;
  struct verdict v = {0};
  assert_int_equal(mbox_open(&m, "/dev/zero", 0, &v), -1);
  assert_int_equal(mbox_open(&m, "/dev/null", 0, &v), 0);
  assert_int_equal(append(&m, "\nx\n", &v), 0);
  assert_int_equal(mbox_sync(&m, &v), 0);
  mbox_undo(&m);
  mbox_close(&m);
  verdict_free(&v);
}

static void one_mbox_under_two_names_is_locked_once(void **state) {
  struct mboxes all = {0};
  struct verdict v = {0};
  struct envelope e = {.sender = text_of("sue@example.net")};
  struct item item = {{text_of("\nx\n"), -1, 3}, &e, NULL};
  char again[300];
  (void)state;
  snprintf(again, sizeof again, "%s/./mbox", folder);
  assert_int_equal(mboxes_append(&all, path, &box, &item, &v), 0);
  assert_int_equal(mboxes_append(&all, again, &box, &item, &v), 0);
  assert_int_equal(all.count, 1);
  assert_int_equal(mboxes_sync(&all, &v), 0);
  mboxes_close(&all);
  assert_string_equal(content(), HEAD "\nx\n\n" HEAD "\nx\n\n");
}

static int make(void **state) {
  (void)state;
  folder = test_folder();
  snprintf(path, sizeof path, "%s/mbox", folder);
  if (geteuid() == 0) return chown(folder, 0, 0);
  return 0;
}

static int clean(void **state) {
  (void)state;
  test_remove(folder);
  return 0;
}

static void one_that_cannot_be_made_is_foreseen(void **state) {
  struct verdict v = {0};
  (void)state;
  assert_int_equal(mbox_look(path, &v), 0);
  assert_int_equal(mbox_look(beside("/below"), &v), -1);
  assert_int_equal(v.class, RESULT_DEFERRAL);
  assert_int_equal(mbox_look("/nowhere/mbox", &v), -1);
  verdict_free(&v);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, clean)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(messages_follow_one_another),
    TEST(an_unfinished_tail_is_ended_first),
    TEST(a_failed_write_leaves_the_old_length),
    TEST(it_can_be_taken_back),
    TEST(who_has_locked_it_is_waited_for),
    TEST(an_old_lock_is_taken_away),
    TEST(a_lock_that_leads_elsewhere_is_a_lock_alone),
    TEST(only_ordinary_files_of_ones_own_are_taken),
    TEST(one_mbox_under_two_names_is_locked_once),
    TEST(one_that_cannot_be_made_is_foreseen),
  };
  alarm(60);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
