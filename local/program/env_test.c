#include "config.h"
#include "local/testing.h"
#include "local/program/env.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/unittest.h"

static struct programenv e;

static const char *value_of(const char *name) {
  size_t len = strlen(name);
  const char *found = NULL;
  for (char **p = e.list; *p; p++)
    if (strncmp(*p, name, len) == 0 && (*p)[len] == '=') {
      assert_null(found); /* once */
      found = *p + len + 1;
    }
  return found;
}

static void expect(const char *name, const char *value) {
  const char *found = value_of(name);
  print_message("%s=%s\n", name, found ? found : "(none)");
  if (!value) assert_null(found);
  else {
    assert_non_null(found);
    assert_string_equal(found, value);
  }
}

static void make(const char *local, const char *ext, const char *recipient, struct text sender, long default_at) {
  struct mailbox box = {.user = "joe", .home = "/home/joe", .local = local, .dash = *ext ? "-" : "", .ext = ext,
                        .host = "mail.sub.example.org", .default_delivery = "./Maildir/"};
  struct plan plan = {.by_default_file = default_at >= 0, .default_at = default_at < 0 ? 0 : (size_t)default_at};
  struct envelope envelope = {.sender = sender};
  struct envelope_recipient to = {.address = text_of(recipient)};
  struct item item = {.envelope = &envelope, .recipient = &to};
  struct verdict v = {0};
  assert_int_equal(programenv_make(&e, &box, &plan, &item, &v), 0);
  verdict_free(&v);
}

static void the_variables_are_qmails(void **state) {
  (void)state;
  make("joe-List-Sub-A-b", "List-Sub-A-b", "joe-List-Sub-A-b@Mail.sub.example.org", TEXT("sue@example.net"), 5);
  expect("SENDER", "sue@example.net");
  expect("NEWSENDER", "sue@example.net");
  expect("RECIPIENT", "joe-List-Sub-A-b@Mail.sub.example.org");
  expect("USER", "joe");
  expect("HOME", "/home/joe");
  expect("LOCAL", "joe-List-Sub-A-b");
  expect("HOST", "Mail.sub.example.org");
  expect("HOST2", "Mail.sub.example");
  expect("HOST3", "Mail.sub");
  expect("HOST4", "Mail");
  expect("EXT", "List-Sub-A-b");
  expect("EXT2", "Sub-A-b");
  expect("EXT3", "A-b");
  expect("EXT4", "b");
  expect("DEFAULT", "Sub-A-b");
  expect("DTLINE", "Delivered-To: joe-List-Sub-A-b@mail.sub.example.org\n");
  expect("RPLINE", "Return-Path: <sue@example.net>\n");
  assert_memory_equal(value_of("UFLINE"), "From sue@example.net ", 21);
  assert_int_equal(strlen(value_of("UFLINE")), 21 + 24 + 1);
  programenv_free(&e);
}

static void what_is_missing_is_empty(void **state) {
  (void)state;
  setenv("DEFAULT", "not ours", 1);
  setenv("OWLPOST_ENVELOPE", "7", 1);
  setenv("EXTRA", "kept", 1);
  make("joe", "", "joe@host", TEXT(""), -1);
  expect("SENDER", "");
  expect("NEWSENDER", "");
  expect("HOST2", "host");
  expect("HOST4", "host");
  expect("EXT", "");
  expect("EXT2", "");
  expect("EXT4", "");
  expect("DEFAULT", NULL);
  expect("OWLPOST_ENVELOPE", NULL);
  expect("EXTRA", "kept");
  expect("RPLINE", "Return-Path: <>\n");
  assert_memory_equal(value_of("UFLINE"), "From MAILER-DAEMON ", 19);
  programenv_free(&e);
}

static void a_default_file_may_stand_for_all_or_nothing(void **state) {
  (void)state;
  make("joe-a", "a", "joe-a@host", TEXT(""), 0);
  expect("DEFAULT", "a");
  programenv_free(&e);
  make("joe-list-", "list-", "joe-list-@host", TEXT(""), 5);
  expect("DEFAULT", "");
  programenv_free(&e);
}

static void an_extension_need_not_be_in_the_address(void **state) {
  (void)state;
  make("info", "sales", "Info@host", TEXT(""), -1);
  expect("EXT", "sales");
  expect("LOCAL", "Info");
  programenv_free(&e);
  make("List-A", "list-A", "List-A@host", TEXT(""), 5);
  expect("EXT", "list-A");
  expect("DEFAULT", "A");
  programenv_free(&e);
}

static void no_control_octet_gets_through(void **state) {
  (void)state;
  make("joe", "", "joe@host", TEXT("a\nSENDER=b\tc\rd\0e f@g"), -1);
  expect("SENDER", "a?SENDER=b?c?d?e f@g");
  assert_memory_equal(value_of("UFLINE"), "From a-SENDER=b-c-d-e-f@g ", 26);
  const char *line = value_of("RPLINE");
  assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
  programenv_free(&e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_variables_are_qmails),
    cmocka_unit_test(what_is_missing_is_empty),
    cmocka_unit_test(a_default_file_may_stand_for_all_or_nothing),
    cmocka_unit_test(an_extension_need_not_be_in_the_address),
    cmocka_unit_test(no_control_octet_gets_through),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
