#include "config.h"
#include "auth/dovecotline.h"
#include "lib/unittest.h"

static void what_lines_mean(void **state) {
  (void)state;
  const struct {
    struct text line;
    enum dovecot_word word;
    struct text user;
  } cases[] = {
    {TEXT("VERSION\t1\t2"), DOVECOT_OTHER, TEXT("")},
    {TEXT("VERSION\t2\t0"), DOVECOT_MALFORMED, TEXT("")},
    {TEXT("VERSION"), DOVECOT_MALFORMED, TEXT("")},
    {TEXT("MECH\tPLAIN\tplaintext"), DOVECOT_OTHER, TEXT("")},
    {TEXT("COOKIE\tab\tcd"), DOVECOT_OTHER, TEXT("")},
    {TEXT(""), DOVECOT_OTHER, TEXT("")},
    {TEXT("DONE"), DOVECOT_DONE, TEXT("")},
    {TEXT("OK\t1\tuser=joe"), DOVECOT_RIGHT, TEXT("joe")},
    {TEXT("OK\t1\tuser=joe\toriginal_user=Joe"), DOVECOT_RIGHT, TEXT("joe")},
    {TEXT("OK\t1"), DOVECOT_RIGHT, TEXT("")},
    {TEXT("OK\t1\tuser=joe\tnologin"), DOVECOT_WRONG, TEXT("")},
    {TEXT("OK\t1\tnologin=y\treason=later\tuser=joe"), DOVECOT_WRONG, TEXT("")},
    {TEXT("OK\t1\tuser=joe\tnologin\tproxy\thost=192.0.2.7"), DOVECOT_RIGHT, TEXT("joe")},
    {TEXT("OK\t1\tuser=joe\treason=nologin"), DOVECOT_RIGHT, TEXT("joe")},
    {TEXT("OK\t2\tuser=joe"), DOVECOT_MALFORMED, TEXT("")},
    {TEXT("OK"), DOVECOT_MALFORMED, TEXT("")},
    {TEXT("OK\t1\tuser=a\1tb"), DOVECOT_MALFORMED, TEXT("a\tb")},
    {TEXT("OK\t1\tuser=a\0010b"), DOVECOT_MALFORMED, TEXT("a\0b")},
    {TEXT("FAIL\t1\tuser=joe"), DOVECOT_WRONG, TEXT("")},
    {TEXT("FAIL\t1\tuser=joe\ttemp"), DOVECOT_LATER, TEXT("")},
    {TEXT("FAIL\t1\tuser=temp"), DOVECOT_WRONG, TEXT("")},
    {TEXT("FAIL\t7"), DOVECOT_MALFORMED, TEXT("")},
    {TEXT("CONT\t1\t"), DOVECOT_MALFORMED, TEXT("")},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc user = {0};
    if (dovecotline_read(cases[i].line, &user) != cases[i].word) fail_msg("case %zu", i);
    if (cases[i].user.len) assert_text(text_of_stralloc(&user), cases[i].user);
    stralloc_free(&user);
  }
}

static void the_question(void **state) {
  (void)state;
  const struct credential_request r = {.service = TEXT("smtp"), .client_address = TEXT("192.0.2.1"), .local_port = 587, .secret = TEXT("word")};
  stralloc out = {0};
  assert_int_equal(dovecotline_put(&out, &r, TEXT("joe"), 42), 0);
  assert_text(text_of_stralloc(&out), TEXT("VERSION\t1\t1\nCPID\t42\nAUTH\t1\tPLAIN\tservice=smtp\trip=192.0.2.1"
                                           "\tlport=587\tsecured\tno-penalty\tresp=AGpvZQB3b3Jk\n"));
  stralloc_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_lines_mean), cmocka_unit_test(the_question)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
