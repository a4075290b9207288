#include "config.h"
#include "remote/credentials.h"
#include "lib/testfolder.h"

#define LINES "a.example:relay.example:587|joe|secret word\n:[2001:db8::1];2525 ann pass\nb.example:RELAY.example|carl|other\n"

static int load(struct credentials *to, const char *lines, mode_t mode, const char *host, unsigned port) {
  struct control c;
  test_write("me", TEXT("me.example\n"), 0644);
  unlink(test_path("smtpauth"));
  if (lines) test_write("smtpauth", text_of(lines), mode);
  setenv("OWLPOST_CONTROL", test_folder, 1);
  assert_int_equal(control_open(&c), 0);
  int r = credentials_load(to, &c, text_of(host), port);
  control_free(&c);
  return r;
}

static void those_of_the_relay_and_port(void **state) {
  static const struct {
    const char *host;
    unsigned port;
    const char *user, *password;
  } cases[] = {
    {"relay.example", 587, "joe", "secret word"}, {"Relay.Example", 587, "joe", "secret word"},
    {"relay.example", 25, "carl", "other"},       {"relay.example", 465, "", ""},
    {"[2001:db8::1]", 2525, "ann", "pass"},       {"other.example", 587, "", ""},
  };
  struct credentials c;
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    assert_int_equal(load(&c, LINES, 0640, cases[i].host, cases[i].port), 0);
    assert_true(text_equals(text_of_stralloc(&c.user), cases[i].user));
    assert_true(text_equals(text_of_stralloc(&c.password), cases[i].password));
    credentials_free(&c);
  }
  assert_int_equal(load(&c, NULL, 0, "relay.example", 587), 0);
  assert_int_equal(c.user.len, 0);
}

static void what_is_wrong_is_an_error(void **state) {
  struct credentials c;
  (void)state;
  assert_int_equal(load(&c, LINES, 0644, "relay.example", 587), -1);
  assert_int_equal(load(&c, "a:relay:587\n", 0640, "other", 25), -1);
  credentials_free(&c);
  assert_int_equal(load(&c, "a:relay:587|joe\n", 0640, "other", 25), -1);
  credentials_free(&c);
  assert_int_equal(load(&c, LINES "relay.example|joe|secret\n", 0640, "other", 25), -1);
  credentials_free(&c);
}

#define IN_FOLDER(TEST) cmocka_unit_test_setup_teardown(TEST, test_folder_make, test_folder_remove)

int main(void) {
  const struct CMUnitTest tests[] = {IN_FOLDER(those_of_the_relay_and_port), IN_FOLDER(what_is_wrong_is_an_error)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
