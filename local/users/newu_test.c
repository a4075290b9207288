/* owl-newu as a whole program: what it makes is found by the look-up. */
#include "config.h"
#include <sys/wait.h>
#include "lib/exitcode.h"
#include "lib/testfolder.h"
#include "local/assign.h"

#define GOOD                                                                                     \
  "=joe:joe:501:601:/home/joe:::\n"                                                              \
  "+joe-:joe:501:601:/home/joe:-::\n"                                                            \
  "+:alias:502:602:/alias:-::\n"                                                                 \
  ".\n"

static int run(void) {
  int status;
  pid_t pid = fork();
  if (pid == 0) {
    setenv("OWLPOST_CONTROL", test_folder, 1);
    int fd = open(test_path("errors"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    dup2(fd, 2);
    execl("local/users/owl-newu", "owl-newu", (char *)NULL);
    _exit(126);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static void expect_said(const char *words) {
  stralloc said = {0};
  int fd = open(test_path("errors"), O_RDONLY);
  assert_int_equal(io_slurp(fd, &said, 65536, IO_FOREVER), 0);
  close(fd);
  assert_true(stralloc_0(&said));
  if (!strstr(said.s, words) || (!*words && said.len > 1)) fail_msg("%s", said.s);
  stralloc_free(&said);
}

static enum user_status find(const char *local, char *name, size_t size) {
  struct account a = {0};
  struct verdict v = {0};
  enum user_status s = assign_find(&a, test_folder, text_of(local), &v);
  if (s == USER_FOUND) snprintf(name, size, "%s:%s:%s", a.name.s, a.dash.s, a.ext.s);
  account_free(&a);
  verdict_free(&v);
  return s;
}

static void expect_found(const char *local, const char *account) {
  char name[80];
  assert_int_equal(find(local, name, sizeof name), USER_FOUND);
  assert_string_equal(name, account);
}

static unsigned count_files(void) {
  unsigned n = 0;
  DIR *d = opendir(test_path("users"));
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) n += e->d_name[0] != '.';
  closedir(d);
  return n;
}

static void compiles(void **state) {
  struct stat st;
  (void)state;
  umask(077);
  test_write("users/assign", TEXT(GOOD), 0644);
  assert_int_equal(run(), TOOL_OK);
  expect_said("");
  expect_found("joe", "joe::");
  expect_found("JOE-List", "joe:-:List");
  expect_found("other", "alias:-:other");
  assert_int_equal(stat(test_path("users/cdb"), &st), 0);
  assert_int_equal(st.st_mode & 07777, 0644);
  assert_int_equal(count_files(), 2);
}

static void the_first_of_two_counts_and_is_told(void **state) {
  (void)state;
  test_write("users/assign", TEXT("=joe:first:1:1:/:::\n=JOE:second:1:1:/:::\n.\n"), 0644);
  assert_int_equal(run(), TOOL_OK);
  expect_said("users/assign: line 2: an earlier line is for the same address, and counts: =joe\n");
  expect_found("joe", "first::");
}

static void a_wrong_file_changes_nothing(void **state) {
  (void)state;
  test_write("users/assign", TEXT(GOOD), 0644);
  assert_int_equal(run(), TOOL_OK);
  test_write("users/assign", TEXT("=joe:root:0:0:/:::\n=ann\n.\n"), 0644);
  assert_int_equal(run(), TOOL_USAGE);
  expect_said("users/assign: line 1: the uid is 0");
  expect_said("users/assign: line 2: it has fewer than seven fields, each with its colon: =ann\n");
  expect_found("joe", "joe::");
  assert_int_equal(count_files(), 2);
}

static void without_a_file_nothing_happens(void **state) {
  char name[8];
  (void)state;
  assert_int_equal(run(), TOOL_SYSTEM);
  expect_said("unable to read ");
  assert_int_equal(find("joe", name, sizeof name), USER_NONE);
}

static void what_cannot_be_written_is_told(void **state) {
  (void)state;
  test_write("users/assign", TEXT(GOOD), 0644);
  assert_int_equal(mkdir(test_path("users/cdb"), 0755), 0); /* nothing is renamed to a folder */
  assert_int_equal(run(), TOOL_SYSTEM);
  expect_said("unable to make ");
  assert_int_equal(count_files(), 2);
  assert_int_equal(rmdir(test_path("users/cdb")), 0);
}

static int make(void **state) {
  if (test_folder_make(state) == -1) return -1;
  return mkdir(test_path("users"), 0755);
}

static int clean(void **state) {
  unlink(test_path("users/assign"));
  unlink(test_path("users/cdb"));
  return test_folder_remove(state);
}

#define IN_FOLDER(TEST) cmocka_unit_test_setup_teardown(TEST, make, clean)

int main(void) {
  const struct CMUnitTest tests[] = {
    IN_FOLDER(compiles),
    IN_FOLDER(the_first_of_two_counts_and_is_told),
    IN_FOLDER(a_wrong_file_changes_nothing),
    IN_FOLDER(without_a_file_nothing_happens),
    IN_FOLDER(what_cannot_be_written_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
