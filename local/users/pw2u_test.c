/* owl-pw2u as a whole program. */
#include "config.h"
#include <sys/wait.h>
#include "lib/exitcode.h"
#include "lib/testfolder.h"

enum { ARGUMENTS_MAX = 4, OCTETS_MAX = 65536 };

static int run(const char *const arguments[], const char *passwd) {
  const char *all[ARGUMENTS_MAX + 2] = {"owl-pw2u"};
  int status;
  for (size_t i = 0; i < ARGUMENTS_MAX && arguments[i]; i++) all[i + 1] = arguments[i];
  test_write("passwd", text_of(passwd), 0644);
  pid_t pid = fork();
  if (pid == 0) {
    setenv("OWLPOST_CONTROL", test_folder, 1);
    dup2(open(test_path("passwd"), O_RDONLY), 0);
    dup2(open(test_path("lines"), O_WRONLY | O_CREAT | O_TRUNC, 0644), 1);
    dup2(open(test_path("errors"), O_WRONLY | O_CREAT | O_TRUNC, 0644), 2);
    execv("local/users/owl-pw2u", (char *const *)(uintptr_t)all);
    _exit(126);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static void expect(const char *name, const char *octets) {
  stralloc got = {0};
  int fd = open(test_path(name), O_RDONLY);
  assert_int_equal(io_slurp(fd, &got, OCTETS_MAX, IO_FOREVER), 0);
  close(fd);
  if (!text_equals(text_of_stralloc(&got), octets)) fail_msg("%s: %.*s", name, (int)got.len, got.s);
  stralloc_free(&got);
}

#define ALIAS "alias:x:7:8::/a:/bin/false\n"
#define OTHERS "+:alias:7:8:/a:-::\n"

struct row {
  const char *arguments[ARGUMENTS_MAX];
  const char *passwd, *lines;
};

static void accounts_become_lines(void **state) {
  static const struct row rows[] = {
    {{"-H"}, "joe:x:501:601:Joe,,:/home/joe:/bin/sh\nroot:x:0:0::/root:/bin/sh\nAnn:x:502:602::/h:\n" ALIAS,
     "=joe:joe:501:601:/home/joe:::\n+joe-:joe:501:601:/home/joe:-::\n"
     "=alias:alias:7:8:/a:::\n+alias-:alias:7:8:/a:-::\n" OTHERS ".\n"},
    {{"-HC"}, ALIAS "joe:x:501:601::/home/joe\n",
     "=alias:alias:7:8:/a:::\n=joe:joe:501:601:/home/joe:::\n" OTHERS ".\n"},
    {{"-HuC"}, ALIAS "Ann:x:502:602::/h:\n", "=alias:alias:7:8:/a:::\n=Ann:Ann:502:602:/h:::\n" OTHERS ".\n"},
    {{"-H", "-c+="}, ALIAS,
     "=alias:alias:7:8:/a:::\n+alias+:alias:7:8:/a:-::\n+alias=:alias:7:8:/a:-::\n" OTHERS ".\n"},
    {{"-H/"}, ALIAS, "=alias:alias:7:8:/a:::\n+alias-:alias:7:8:/a:-/::\n+:alias:7:8:/a:-/::\n.\n"},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(rows); i++) {
    assert_int_equal(run(rows[i].arguments, rows[i].passwd), TOOL_OK);
    expect("lines", rows[i].lines);
    expect("errors", "");
  }
}

static void files_change_the_rules(void **state) {
  static const char *const without_breaks[ARGUMENTS_MAX] = {"-HC"}, *const all[ARGUMENTS_MAX] = {"-H"};
  static const char passwd[] = ALIAS "joe:x:501:601::/home/joe\nann:x:502:602::/h:\nbob:x:503:603::/b\n";
  (void)state;
  test_write("users/include", TEXT("# some\njoe\nalias\nbob\n"), 0644);
  test_write("users/exclude", TEXT("bob\n"), 0644);
  assert_int_equal(run(without_breaks, passwd), TOOL_OK);
  expect("lines", "=alias:alias:7:8:/a:::\n=joe:joe:501:601:/home/joe:::\n" OTHERS ".\n");
  test_write("users/include", TEXT("joe\n"), 0644);
  assert_int_equal(run(without_breaks, passwd), TOOL_USAGE);
  unlink(test_path("users/include"));
  test_write("users/exclude", TEXT("bob\njoe\n"), 0644);
  test_write("users/mailnames", TEXT("ann:a.n:an\nnobody:x\n"), 0644);
  test_write("users/subusers", TEXT("list:ann:lists:\n# no more\n"), 0644);
  test_write("users/append", TEXT("=x:y:1:1:/:::"), 0644);
  test_write("breakcharacter", TEXT("+\n"), 0644);
  assert_int_equal(run(all, passwd), TOOL_OK);
  expect("lines", "=alias:alias:7:8:/a:::\n+alias+:alias:7:8:/a:-::\n"
                  "=a.n:ann:502:602:/h:::\n+a.n+:ann:502:602:/h:-::\n"
                  "=an:ann:502:602:/h:::\n+an+:ann:502:602:/h:-::\n" OTHERS
                  "=list:ann:502:602:/h:-:lists:\n+list+:ann:502:602:/h:-:lists-:\n=x:y:1:1:/:::\n.\n");
  test_write("users/subusers", TEXT("list:joe:lists:\n"), 0644);
  assert_int_equal(run(all, passwd), TOOL_USAGE);
  expect("errors", "owl-pw2u: users/subusers: there is no such user, or it was skipped: joe\n");
}

static void homes_are_looked_at(void **state) {
  static const char *const skip[ARGUMENTS_MAX] = {"-Co"}, *const needed[ARGUMENTS_MAX] = {"-C", "-h"};
  char passwd[2000], lines[1000];
  unsigned uid = geteuid() ? geteuid() : 65534;
  (void)state;
  assert_int_equal(mkdir(test_path("home"), 0755), 0);
  if (geteuid() == 0) assert_int_equal(chown(test_path("home"), uid, 0), 0);
  snprintf(passwd, sizeof passwd,
           "alias:x:%u:1::%s/home:\nother:x:%u:1::%s/home:\nfile:x:%u:1::%s/passwd:\n%s:x:%u:1::%s/none:\n", uid,
           test_folder, uid + 1, test_folder, uid, test_folder, "lost", uid, test_folder);
  snprintf(lines, sizeof lines, "=alias:alias:%u:1:%s/home:::\n+:alias:%u:1:%s/home:-::\n.\n", uid, test_folder,
           uid, test_folder);
  assert_int_equal(run(skip, passwd), TOOL_OK);
  expect("lines", lines);
  assert_int_equal(run(needed, passwd), TOOL_SYSTEM);
  expect("errors", "owl-pw2u: unable to find the home of user lost\n"
                   "owl-pw2u: the reason: No such file or directory\n");
}

static void what_is_wrong_is_told(void **state) {
  static const char *const homes[ARGUMENTS_MAX] = {"-HC"}, *const letter[ARGUMENTS_MAX] = {"-cx"},
                           *const unknown[ARGUMENTS_MAX] = {"-O"}, *const more[ARGUMENTS_MAX] = {"file"};
  (void)state;
  assert_int_equal(run(homes, "joe\n" ALIAS "\nx:x:y:1::/x\n:x:1:1::/x\nz:x:1:1::z:\n"), TOOL_OK);
  expect("lines", "=alias:alias:7:8:/a:::\n" OTHERS ".\n");
  expect("errors", "owl-pw2u: warning: passed over line 1: it has fewer than six fields\n"
                   "owl-pw2u: warning: passed over line 3: it has fewer than six fields\n"
                   "owl-pw2u: warning: passed over line 4: the uid is no number below 4294967295\n"
                   "owl-pw2u: warning: passed over line 5: there is no user\n"
                   "owl-pw2u: warning: passed over line 6: the home is no absolute path\n");
  assert_int_equal(run(homes, "joe:x:1:1::/j\n"), TOOL_USAGE);
  assert_int_equal(run(letter, ALIAS), TOOL_USAGE);
  assert_int_equal(run(unknown, ALIAS), TOOL_USAGE);
  assert_int_equal(run(more, ALIAS), TOOL_USAGE);
  test_write("breakcharacter", TEXT("x\n"), 0644);
  assert_int_equal(run((const char *const[ARGUMENTS_MAX]){"-H"}, ALIAS), TOOL_SYSTEM);
}

static int make(void **state) {
  return test_folder_make(state) == -1 ? -1 : mkdir(test_path("users"), 0755);
}

static int clean(void **state) {
  static const char *const names[] = {"include", "exclude", "mailnames", "subusers", "append"};
  char name[80];
  for (size_t i = 0; i < COUNT(names); i++) {
    snprintf(name, sizeof name, "users/%s", names[i]);
    unlink(test_path(name));
  }
  return test_folder_remove(state);
}

#define IN_FOLDER(TEST) cmocka_unit_test_setup_teardown(TEST, make, clean)

int main(void) {
  const struct CMUnitTest tests[] = {
    IN_FOLDER(accounts_become_lines),
    IN_FOLDER(files_change_the_rules),
    IN_FOLDER(homes_are_looked_at),
    IN_FOLDER(what_is_wrong_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
