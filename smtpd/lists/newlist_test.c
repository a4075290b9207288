/* owl-newmrh and owl-newrecipients as whole programs: what they make is found
 * by the receiver's look-up. */
#include "config.h"
#include <dirent.h>
#include <string.h>
#include <sys/wait.h>
#include "lib/exitcode.h"
#include "lib/testfolder.h"
#include "smtpd/doorkeeper/database.h"

static int run(const char *program) {
  int status;
  pid_t pid = fork();
  if (pid == 0) {
    setenv("OWLPOST_CONTROL", test_folder, 1);
    execl(program, program, (char *)NULL);
    _exit(126);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static int make_mrh(const char *content) {
  test_write("morercpthosts", text_of(content), 0644);
  return run("smtpd/lists/owl-newmrh");
}

static int make_recipients(const char *content) {
  test_write("recipients", text_of(content), 0644);
  return run("smtpd/lists/owl-newrecipients");
}

static int has(const char *domain) { return database_has_domain(test_folder, text_of(domain), NULL); }
static int refuses(const char *address) { return database_refuses(test_folder, text_of(address), NULL); }

static void without_files_nothing_is_known(void **state) {
  (void)state;
  assert_int_equal(has("a.example"), 0);
  assert_int_equal(refuses("x@a.example"), 0);
}

static void domains_are_found(void **state) {
  (void)state;
  assert_int_equal(make_mrh("A.Example\n\n# of a customer\n.sub.example  \na.example\n[192.0.2.1]\n"), TOOL_OK);
  assert_int_equal(has("a.example"), 1);
  assert_int_equal(has("A.EXAMPLE"), 1);
  assert_int_equal(has("x.sub.example"), 1);
  assert_int_equal(has("y.x.sub.example"), 1);
  assert_int_equal(has("[192.0.2.1]"), 1);
  assert_int_equal(has("sub.example"), 0);
  assert_int_equal(has("x.a.example"), 0);
  assert_int_equal(has("# of a customer"), 0);
  assert_int_equal(has(""), 0);
}

static void recipients_are_checked_by_domain(void **state) {
  (void)state;
  assert_int_equal(make_recipients("Joe@a.example\nann@A.example\n@all.example\njoe@b.example\n"), TOOL_OK);
  assert_int_equal(refuses("joe@a.example"), 0);
  assert_int_equal(refuses("JOE@A.Example"), 0);
  assert_int_equal(refuses("ann@a.example"), 0);
  assert_int_equal(refuses("eve@a.example"), 1);
  assert_int_equal(refuses("ann@b.example"), 1);
  assert_int_equal(refuses("eve@all.example"), 0);
  assert_int_equal(refuses("eve@sub.a.example"), 0);
  assert_int_equal(refuses("joe"), 0);
  assert_int_equal(refuses("@a.example"), 1); /* the keys of domains are no addresses */
  assert_int_equal(refuses("*@a.example"), 1);
}

static void a_wrong_file_changes_nothing(void **state) {
  (void)state;
  assert_int_equal(make_mrh("a.example\n"), TOOL_OK);
  assert_int_equal(make_mrh("b.example\njoe@c.example\n"), TOOL_USAGE);
  assert_int_equal(make_mrh("b.example c.example\n"), TOOL_USAGE);
  assert_int_equal(has("a.example"), 1);
  assert_int_equal(has("b.example"), 0);
  assert_int_equal(make_recipients("joe@a.example\n"), TOOL_OK);
  assert_int_equal(make_recipients("a.example\n"), TOOL_USAGE);
  assert_int_equal(make_recipients("joe@\n"), TOOL_USAGE);
  assert_int_equal(refuses("eve@a.example"), 1);
}

static void a_broken_file_is_told(void **state) {
  (void)state;
  test_write("morercpthosts.cdb", text_of("no cdb"), 0644);
  test_write("recipients.cdb", text_of("no cdb"), 0644);
  assert_int_equal(has("a.example"), -1);
  assert_int_equal(refuses("x@a.example"), -1);
}

static void without_a_list_nothing_is_made(void **state) {
  (void)state;
  assert_int_equal(run("smtpd/lists/owl-newmrh"), TOOL_SYSTEM);
  assert_int_equal(has("a.example"), 0);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, test_folder_make, test_folder_remove)

int main(void) {
  const struct CMUnitTest tests[] = {
    TEST(without_files_nothing_is_known), TEST(domains_are_found),
    TEST(recipients_are_checked_by_domain), TEST(a_wrong_file_changes_nothing),
    TEST(a_broken_file_is_told),            TEST(without_a_list_nothing_is_made),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
