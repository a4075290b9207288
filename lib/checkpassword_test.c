#include "config.h"
#include "lib/checkpassword.h"
#include <stdlib.h>
#include <sys/wait.h>
#include "lib/unittest.h"

static enum checkpassword_status ask(const char *script, struct text user, struct text second, struct text third) {
  struct checkpassword c;
  char *argv[] = {"sh", "-c", (char *)(uintptr_t)script, NULL}, *environment[] = {"PATH=/usr/bin:/bin", "A=b", NULL};
  return checkpassword_run(&c, argv, environment, (const struct text[]){user, second, third}, -1);
}

static void what_exit_codes_mean(void **state) {
  (void)state;
  const struct {
    const char *script;
    enum checkpassword_status expected;
  } cases[] = {
    {"exit 0", CHECKPASSWORD_RIGHT},   {"exit 1", CHECKPASSWORD_WRONG},  {"exit 2", CHECKPASSWORD_LATER},
    {"exit 3", CHECKPASSWORD_LATER},   {"exit 100", CHECKPASSWORD_LATER}, {"exit 111", CHECKPASSWORD_LATER},
    {"kill -9 $$", CHECKPASSWORD_LATER},
  };
  for (size_t i = 0; i < COUNT(cases); i++)
    assert_int_equal(ask(cases[i].script, TEXT("joe"), TEXT("word"), TEXT("now")), cases[i].expected);
}

static void the_program_sees_three_texts_and_nothing_else(void **state) {
  (void)state;
  assert_int_equal(ask("[ \"$(tr '\\0' / <&3)\" = 'joe/s p/1/' ]", TEXT("joe"), TEXT("s p"), TEXT("1")),
                   CHECKPASSWORD_RIGHT);
  assert_int_equal(ask("[ \"$(tr '\\0' / <&3)\" = 'joe/s p/2/' ]", TEXT("joe"), TEXT("s p"), TEXT("1")),
                   CHECKPASSWORD_WRONG);
  /* 0 to 3, and the one that ls reads the folder by */
  assert_int_equal(ask("[ \"$(echo $(ls /proc/self/fd))\" = '0 1 2 3 4' ] && [ -c /proc/self/fd/0 ] && [ \"$A\" = b ]"
                       " && [ -z \"$HOME\" ]",
                       TEXT("joe"), TEXT("word"), TEXT("")),
                   CHECKPASSWORD_RIGHT);
}

static void what_no_program_reads_is_wrong(void **state) {
  (void)state;
  char x[CHECKPASSWORD_OCTETS_MAX];
  memset(x, 'x', sizeof x);
  assert_int_equal(ask("exit 0", TEXT("joe"), (struct text){x, 506}, TEXT("")), CHECKPASSWORD_RIGHT);
  assert_int_equal(ask("exit 0", TEXT("joe"), (struct text){x, 507}, TEXT("")), CHECKPASSWORD_WRONG);
  assert_int_equal(ask("exit 0", TEXT("joe"), (struct text){x, 512}, TEXT("")), CHECKPASSWORD_WRONG);
  assert_int_equal(ask("exit 0", TEXT("j\0e"), TEXT("word"), TEXT("")), CHECKPASSWORD_WRONG);
  assert_int_equal(ask("exit 0", TEXT("joe"), TEXT("wo\0rd"), TEXT("")), CHECKPASSWORD_WRONG);
}

static void what_cannot_be_run_is_to_be_tried_later(void **state) {
  (void)state;
  struct checkpassword c;
  char *argv[] = {"/nonexistent/checkpassword", NULL}, *environment[] = {NULL};
  const struct text texts[3] = {TEXT("joe"), TEXT("word"), TEXT("")};
  unsigned before = open_descriptors();
  assert_int_equal(checkpassword_run(&c, argv, environment, texts, -1), CHECKPASSWORD_LATER);
  assert_int_equal(open_descriptors(), before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_exit_codes_mean),
    cmocka_unit_test(the_program_sees_three_texts_and_nothing_else),
    cmocka_unit_test(what_no_program_reads_is_wrong),
    cmocka_unit_test(what_cannot_be_run_is_to_be_tried_later),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
