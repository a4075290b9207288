#include "config.h"
#include "lib/control.h"
#include <sys/utsname.h>
#include "lib/testfolder.h"

static struct control control;

static int open_folder(void **state) {
  if (test_folder_make(state) == -1) return -1;
  setenv("OWLPOST_CONTROL", test_folder, 1);
  return control_open(&control);
}

static int close_folder(void **state) {
  control_free(&control);
  return test_folder_remove(state);
}

static void assert_value(enum control_name name, const char *expected) {
  stralloc out = {0};
  if (control_text(&control, name, &out) == -1) fail_msg("%s", control.error.s);
  assert_string_equal(out.s, expected);
  assert_int_equal(out.len, strlen(expected));
  stralloc_free(&out);
}

/* The message names the folder, the file at fault and the reason. */
static void assert_error(const char *file, const char *reason) {
  char expected[512];
  snprintf(expected, sizeof expected, "unable to read %s/%s: %s", test_folder, file, reason);
  assert_string_equal(control.error.s, expected);
}

static void the_table_is_whole(void **state) {
  (void)state;
  for (unsigned i = 0; i < CONTROL_COUNT; i++) {
    const struct control_row *row = &control_table[i];
    assert_non_null(row->name);
    assert_non_null(row->fallback);
    assert_true(*row->readers && *row->help);
    if (i > 1) assert_true(strcmp(control_table[i - 1].name, row->name) < 0);
    if (row->type >= CONTROL_NUMBER) {
      uint64_t number;
      assert_int_equal(control_number(&control, (enum control_name)i, &number), 0);
    }
    if (row->fallback[0] == '=' && strcmp(row->fallback, "=hostname") != 0) {
      bool found = false;
      size_t len = strcspn(row->fallback + 1, "|");
      for (unsigned j = 0; j < CONTROL_COUNT; j++)
        found |= strlen(control_table[j].name) == len &&
                 strncmp(control_table[j].name, row->fallback + 1, len) == 0;
      assert_true(found);
    }
  }
}

static void a_missing_folder_is_an_error(void **state) {
  (void)state;
  struct control elsewhere;
  stralloc out = {0};
  uint64_t number;
  setenv("OWLPOST_CONTROL", test_path("missing"), 1);
  assert_int_equal(control_open(&elsewhere), 0);
  assert_int_equal(control_number(&elsewhere, CONTROL_DATABYTES, &number), -1);
  assert_int_equal(control_text(&elsewhere, CONTROL_ME, &out), -1);
  assert_non_null(strstr(elsewhere.error.s, "/missing/me: No such file"));
  stralloc_free(&out);
  control_free(&elsewhere);
}

static void absent_files_mean_defaults(void **state) {
  (void)state;
  struct utsname u;
  uint64_t number;
  struct list list;
  assert_int_equal(uname(&u), 0);
  assert_value(CONTROL_ME, u.nodename);
  assert_value(CONTROL_BOUNCEFROM, "MAILER-DAEMON");
  assert_value(CONTROL_HELOHOST, u.nodename);
  assert_int_equal(control_number(&control, CONTROL_QUEUELIFETIME, &number), 0);
  assert_int_equal(number, 604800);
  assert_int_equal(control_list(&control, CONTROL_RCPTHOSTS, &list), 0);
  assert_int_equal(list.count, 0);
  list_free(&list);
  assert_int_equal(control_exists(&control, CONTROL_RCPTHOSTS), 0);
}

static void me_is_the_default_of_others(void **state) {
  (void)state;
  struct list list;
  test_write("me", TEXT("mail.example.org \t\r\nsecond line\n"), 0644);
  assert_value(CONTROL_ME, "mail.example.org");
  assert_value(CONTROL_ENVNOATHOST, "mail.example.org");
  assert_int_equal(control_list(&control, CONTROL_LOCALS, &list), 0);
  assert_int_equal(list.count, 1);
  assert_non_null(list_find(&list, TEXT("MAIL.example.org")));
  list_free(&list);
  test_write("envnoathost", TEXT("other"), 0644);
  assert_value(CONTROL_ENVNOATHOST, "other");
  assert_int_equal(control_exists(&control, CONTROL_ENVNOATHOST), 1);
}

static void an_empty_me_is_an_error(void **state) {
  (void)state;
  stralloc out = {0};
  struct list list;
  test_write("me", TEXT(" \n"), 0644);
  assert_int_equal(control_text(&control, CONTROL_HELOHOST, &out), -1);
  assert_error("me", "it is empty");
  assert_int_equal(control_list(&control, CONTROL_LOCALS, &list), -1);
  stralloc_free(&out);
}

static void texts_may_be_empty(void **state) {
  (void)state;
  test_write("bouncefrom", TEXT(""), 0644);
  assert_value(CONTROL_BOUNCEFROM, "");
}

static void an_unreadable_file_is_never_the_default(void **state) {
  (void)state;
  stralloc out = {0};
  struct list list;
  assert_int_equal(mkdir(test_path("me"), 0755), 0);
  assert_int_equal(control_text(&control, CONTROL_HELOHOST, &out), -1);
  assert_error("me", "Is a directory");
  assert_int_equal(control_list(&control, CONTROL_LOCALS, &list), -1);
  assert_int_equal(control_exists(&control, CONTROL_ME), -1);
  assert_int_equal(symlink("bouncefrom", test_path("bouncefrom")), 0);
  assert_int_equal(control_text(&control, CONTROL_BOUNCEFROM, &out), -1);
  stralloc_free(&out);
}

static void checks_numbers(void **state) {
  (void)state;
  static const struct {
    enum control_name name;
    const char *content, *reason; /* NULL: fine */
    uint64_t value;
  } cases[] = {
    {CONTROL_DATABYTES, "0\n", NULL, 0},
    {CONTROL_DATABYTES, "12 \t\nnonsense\n", NULL, 12},
    {CONTROL_DATABYTES, "9223372036854775807", NULL, INT64_MAX},
    {CONTROL_DATABYTES, "9223372036854775808", "the number is too great", 0},
    {CONTROL_TIMEOUTREMOTE, "4294967295", NULL, UINT32_MAX},
    {CONTROL_TIMEOUTREMOTE, "4294967296", "the number is too great", 0},
    {CONTROL_MAXHOPS, "99999999999999999999999", "it is not a number", 0},
    {CONTROL_MAXHOPS, "", "it is not a number", 0},
    {CONTROL_MAXHOPS, " 5", "it is not a number", 0},
    {CONTROL_MAXHOPS, "-5", "it is not a number", 0},
    {CONTROL_MAXHOPS, "5k", "it is not a number", 0},
    {CONTROL_MAXHOPS, "5\x01", "it holds a control octet", 0},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    uint64_t number = 0;
    test_write(control_table[cases[i].name].name, text_of(cases[i].content), 0644);
    int r = control_number(&control, cases[i].name, &number);
    assert_int_equal(r, cases[i].reason ? -1 : 0);
    if (r == 0) assert_int_equal(number, cases[i].value);
    else assert_error(control_table[cases[i].name].name, cases[i].reason);
  }
}

static void refuses_control_octets(void **state) {
  (void)state;
  const struct {
    enum control_name name;
    struct text content;
  } cases[] = {
    {CONTROL_HELOHOST, TEXT("a\0b")},
    {CONTROL_HELOHOST, TEXT("a\0")},
    {CONTROL_HELOHOST, TEXT("a\rb\n")},
    {CONTROL_LOCALS, TEXT("fine\na\tb\n")},
    {CONTROL_VIRTUALDOMAINS, TEXT("fine:x\na:b\0c\n")},
    {CONTROL_VIRTUALDOMAINS, TEXT("a\x7f:b\n")},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    const char *name = control_table[cases[i].name].name;
    stralloc out = {0};
    struct list list;
    test_write(name, cases[i].content, 0644);
    bool is_text = control_table[cases[i].name].type == CONTROL_TEXT;
    assert_int_equal(is_text ? control_text(&control, cases[i].name, &out)
                             : control_list(&control, cases[i].name, &list), -1);
    assert_error(name, "it holds a control octet");
    stralloc_free(&out);
  }
}

static void lists_and_maps_differ(void **state) {
  (void)state;
  struct list list;
  test_write("rcpthosts", TEXT(":\n:all\nexample.org\r\n"), 0644);
  assert_int_equal(control_list(&control, CONTROL_RCPTHOSTS, &list), 0);
  assert_null(list_find(&list, TEXT("")));
  assert_non_null(list_find(&list, TEXT("example.org")));
  assert_null(list_find_domain(&list, TEXT("example.net")));
  list_free(&list);
  test_write("virtualdomains", TEXT("example.org:alias-x\n"), 0644);
  assert_int_equal(control_list(&control, CONTROL_VIRTUALDOMAINS, &list), 0);
  assert_text(list_find(&list, TEXT("example.org"))->value, TEXT("alias-x"));
  list_free(&list);
}

static void an_overlong_file_is_an_error(void **state) {
  (void)state;
  struct list list;
  test_write("locals", TEXT("x\n"), 0644);
  assert_int_equal(truncate(test_path("locals"), CONTROL_FILE_MAX + 1), 0);
  assert_int_equal(control_list(&control, CONTROL_LOCALS, &list), -1);
  assert_error("locals", "File too large");
}

static void programs_lie_where_the_environment_says(void **state) {
  (void)state;
  stralloc path = {0};
  setenv("OWLPOST_LIBEXEC", "/some/where", 1);
  assert_int_equal(program_path(&path, "owl-x"), 0);
  assert_string_equal(path.s, "/some/where/owl-x");
  setenv("OWLPOST_LIBEXEC", "", 1);
  assert_int_equal(program_path(&path, "owl-x"), 0);
  assert_string_equal(path.s, LIBEXEC_DIR "/owl-x");
  stralloc_free(&path);
}

static void leaves_no_descriptor_open(void **state) {
  unsigned before = open_descriptors();
  me_is_the_default_of_others(state);
  refuses_control_octets(state);
  assert_int_equal(open_descriptors(), before);
}

#define IN_FOLDER(TEST) cmocka_unit_test_setup_teardown(TEST, open_folder, close_folder)

int main(void) {
  const struct CMUnitTest tests[] = {
    IN_FOLDER(the_table_is_whole),
    IN_FOLDER(a_missing_folder_is_an_error),
    IN_FOLDER(absent_files_mean_defaults),
    IN_FOLDER(me_is_the_default_of_others),
    IN_FOLDER(an_empty_me_is_an_error),
    IN_FOLDER(texts_may_be_empty),
    IN_FOLDER(an_unreadable_file_is_never_the_default),
    IN_FOLDER(checks_numbers),
    IN_FOLDER(refuses_control_octets),
    IN_FOLDER(lists_and_maps_differ),
    IN_FOLDER(an_overlong_file_is_an_error),
    IN_FOLDER(programs_lie_where_the_environment_says),
    IN_FOLDER(leaves_no_descriptor_open),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
