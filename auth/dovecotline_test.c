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
    struct dovecot_user user = {0};
    if (dovecotline_read(cases[i].line, &user) != cases[i].word) fail_msg("case %zu", i);
    if (cases[i].user.len) assert_text(text_of_stralloc(&user.name), cases[i].user);
    dovecotline_free(&user);
  }
}

static void accounts(void **state) {
  (void)state;
  const struct {
    struct text line;
    bool has_uid, has_gid;
    uint64_t uid, gid;
    struct text home;
  } cases[] = {
    {TEXT("OK\t1\tuser=joe\tuid=1000\tgid=100\thome=/home/joe"), true, true, 1000, 100, TEXT("/home/joe")},
    {TEXT("OK\t1\tuser=joe\tuid=joe\tgid=100\thome=/h\1tj"), false, true, 0, 100, TEXT("/h\tj")},
    {TEXT("OK\t1\tuser=joe\tuid=0\tgid=4294967296"), true, false, 0, 0, TEXT("")},
    {TEXT("OK\t1\tuser=joe\tuid="), false, false, 0, 0, TEXT("")},
    {TEXT("OK\t1\tuser=joe\tuserdb_uid=7"), false, false, 0, 0, TEXT("")},
  };
  struct dovecot_user user = {0};
  for (size_t i = 0; i < COUNT(cases); i++) {
    assert_int_equal(dovecotline_read(cases[i].line, &user), DOVECOT_RIGHT);
    assert_int_equal(user.has_uid, cases[i].has_uid);
    assert_int_equal(user.has_gid, cases[i].has_gid);
    if (user.has_uid) assert_int_equal(user.uid, cases[i].uid);
    if (user.has_gid) assert_int_equal(user.gid, cases[i].gid);
    assert_text(text_of_stralloc(&user.home), cases[i].home);
  }
  dovecotline_free(&user);
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
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_lines_mean), cmocka_unit_test(accounts), cmocka_unit_test(the_question)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
