#include "config.h"
#include "lib/sts.h"
#include "lib/unittest.h"

/* Of static tables. */
#define OCTETS(LITERAL) {"" LITERAL, sizeof(LITERAL) - 1}

static void records(void **state) {
  (void)state;
  static const struct {
    struct text record;
    const char *id; /* NULL: malformed */
  } cases[] = {
    {OCTETS("v=STSv1; id=20160831085700Z;"), "20160831085700Z"},
    {OCTETS("v=STSv1;id=a"), "a"},
    {OCTETS("v=STSv1 \t;\t id=a \t;  "), "a"},
    {OCTETS("v=STSv1; x-y.z_1=w:/; id=a"), "a"},
    {OCTETS("v=STSv1; id=a; id=b"), "a"},
    {OCTETS("v=STSv1; id=0123456789abcdef0123456789ABCDEF"), "0123456789abcdef0123456789ABCDEF"},
    {OCTETS("v=STSv1; id=0123456789abcdef0123456789ABCDEFx"), NULL},
    {OCTETS("v=STSv1"), NULL},
    {OCTETS("v=STSv1;"), NULL},
    {OCTETS("v=STSv1; id="), NULL},
    {OCTETS("v=STSv1; id=a-b"), NULL},
    {OCTETS("v=STSv1; id=a b"), NULL},
    {OCTETS("v=STSv1; id =a"), NULL},
    {OCTETS("v=STSv1; ID=a"), NULL},
    {OCTETS("v=STSv1;; id=a"), NULL},
    {OCTETS("v=STSv1; id=a;;"), NULL},
    {OCTETS("v=STSv1; id=a; rubbish"), NULL},
    {OCTETS("v=STSv1; id=a; x="), NULL},
    {OCTETS("v=STSv1; id=a; -x=y"), NULL},
    {OCTETS("v=STSv1; id=a\0"), NULL},
    {OCTETS("v=stsv1; id=a"), NULL},
    {OCTETS("v=STSv12; id=a"), NULL},
    {OCTETS(" v=STSv1; id=a"), NULL},
    {OCTETS(""), NULL},
  };
  char id[STS_ID_MAX + 1];
  for (size_t i = 0; i < COUNT(cases); i++) {
    bool ok = sts_record_id(id, cases[i].record.s, cases[i].record.len);
    if (ok != (cases[i].id != NULL) || (ok && strcmp(id, cases[i].id) != 0)) fail_msg("%s: %d %s", cases[i].record.s, ok, id);
  }
}

static bool announced(const char *const *texts) {
  struct sts_records r = {0};
  for (; *texts; texts++) sts_records_add(&r, *texts, strlen(*texts));
  return sts_records_announce(&r);
}

static void exactly_one_record_counts(void **state) {
  (void)state;
  assert_true(announced((const char *[]){"spf", "v=STSv1; id=a", "v=STSv2; id=b", NULL}));
  assert_false(announced((const char *[]){"spf", NULL}));
  assert_false(announced((const char *[]){NULL}));
  assert_false(announced((const char *[]){"v=STSv1; id=a", "v=STSv1; id=a", NULL}));
  assert_false(announced((const char *[]){"v=STSv1; id=a", "v=STSv1; broken", NULL}));
  assert_false(announced((const char *[]){"v=STSv1; broken", NULL}));
}

#define HEAD "version: STSv1\nmode: enforce\nmax_age: 86400\n"

static void policies(void **state) {
  (void)state;
  static const struct {
    const char *name;
    struct text text;
    const char *problem;
    enum sts_mode mode;
    uint32_t max_age_s;
    size_t mx_count;
  } cases[] = {
    {"RFC 8461 3.2's", OCTETS("version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmx: backupmx.example.com\r\nmax_age: 604800\r\n"), NULL, STS_ENFORCE, 604800, 3},
    {"LF, no last one", OCTETS("version:STSv1\nmode:\ttesting\nmx:a\nmax_age:  1"), NULL, STS_TESTING, 1, 1},
    {"another order", OCTETS("max_age: 0\nmx: a\nmode: testing\nversion: STSv1\n"), NULL, STS_TESTING, 0, 1},
    {"none needs no mx", OCTETS("version: STSv1\nmode: none\nmax_age: 86400\n"), NULL, STS_NONE, 86400, 0},
    {"unknown fields", OCTETS(HEAD "mx: a\nX-y.z_1: some \xc3\xa4 words: and more\n"), NULL, STS_ENFORCE, 86400, 1},
    {"the first of two counts", OCTETS(HEAD "mx: a\nmode: none\nmax_age: x\nversion: 2\n"), NULL, STS_ENFORCE, 86400, 1},
    {"empty lines, blanks at ends", OCTETS(HEAD "\n\r\nmx: a \t\r\n \n"), NULL, STS_ENFORCE, 86400, 1},
    {"an age that is too long", OCTETS("version: STSv1\nmode: none\nmax_age: 9999999999\n"), NULL, STS_NONE, STS_MAX_AGE_MAX, 0},
    {"an age that is no number", OCTETS("version: STSv1\nmode: none\nmax_age: -1\n"), "max_age is no number of seconds", 0, 0, 0},
    {"11 digits", OCTETS("version: STSv1\nmode: none\nmax_age: 00000000001\n"), "max_age is no number of seconds", 0, 0, 0},
    {"no mx", OCTETS(HEAD), "it has no mx", 0, 0, 0},
    {"no version", OCTETS("mode: none\nmax_age: 1\n"), "it has no version", 0, 0, 0},
    {"no mode", OCTETS("version: STSv1\nmax_age: 1\n"), "it has no mode", 0, 0, 0},
    {"no max_age", OCTETS("version: STSv1\nmode: none\n"), "it has no max_age", 0, 0, 0},
    {"another version", OCTETS("version: STSv2\nmode: none\nmax_age: 1\n"), "its version is unknown", 0, 0, 0},
    {"upper case", OCTETS("version: STSv1\nmode: Enforce\nmax_age: 1\n"), "its mode is unknown", 0, 0, 0},
    {"a field's name in upper case", OCTETS("Version: STSv1\nmode: none\nmax_age: 1\n"), "it has no version", 0, 0, 0},
    {"a page", OCTETS("<html>\n<body>none: found</body>\n"), "a line is no field", 0, 0, 0},
    {"no value", OCTETS(HEAD "mx:\n"), "a line is no field", 0, 0, 0},
    {"a NUL", OCTETS(HEAD "mx: a\nx: \0\n"), "a line is no field", 0, 0, 0},
    {"a lone CR", OCTETS(HEAD "mx: a\rx: b\n"), "a line is no field", 0, 0, 0},
    {"a pattern with a * within", OCTETS(HEAD "mx: mx*.a\n"), "an mx pattern is no host name", 0, 0, 0},
    {"two *", OCTETS(HEAD "mx: *.*.a\n"), "an mx pattern is no host name", 0, 0, 0},
    {"a * alone", OCTETS(HEAD "mx: *\n"), "an mx pattern is no host name", 0, 0, 0},
    {"old drafts' wildcard", OCTETS(HEAD "mx: .a.test\n"), "an mx pattern is no host name", 0, 0, 0},
    {"empty", OCTETS(""), "it has no version", 0, 0, 0},
  };
  struct sts_policy p;
  for (size_t i = 0; i < COUNT(cases); i++) {
    const char *problem = sts_policy_read(&p, cases[i].text.s, cases[i].text.len);
    if (!problem != !cases[i].problem || (problem && strcmp(problem, cases[i].problem) != 0))
      fail_msg("%s: %s", cases[i].name, problem ? problem : "taken");
    if (problem) continue;
    if (p.mode != cases[i].mode || p.max_age_s != cases[i].max_age_s || p.mx_count != cases[i].mx_count)
      fail_msg("%s: %d %u %zu", cases[i].name, (int)p.mode, p.max_age_s, p.mx_count);
  }
}

static void a_policy_has_an_end(void **state) {
  (void)state;
  static char text[STS_POLICY_MAX + 1];
  struct sts_policy p;
  memset(text, '\n', sizeof text);
  memcpy(text, HEAD "mx: a\n", sizeof HEAD "mx: a\n" - 1);
  assert_null(sts_policy_read(&p, text, STS_POLICY_MAX));
  assert_string_equal(sts_policy_read(&p, text, STS_POLICY_MAX + 1), "it is too long");
}

static void patterns(void **state) {
  (void)state;
  static const char text[] = HEAD "mx: mail.example.com\nmx: *.Example.NET\nmx: dot.test.\n";
  static const struct {
    const char *host;
    bool allowed;
  } cases[] = {
    {"mail.example.com", true},    {"MAIL.example.COM.", true}, {"example.com", false},
    {"a.mail.example.com", false}, {"a.example.net", true},     {"a.EXAMPLE.net.", true},
    {"example.net", false},        {".example.net", false},     {"a.b.example.net", false},
    {"badexample.net", false},     {"*.example.net", true},     {"dot.test", true},
    {"dot.test.", true},           {"", false},                 {".", false},
  };
  struct sts_policy p;
  assert_null(sts_policy_read(&p, text, sizeof text - 1));
  for (size_t i = 0; i < COUNT(cases); i++)
    if (sts_policy_allows(&p, cases[i].host, strlen(cases[i].host)) != cases[i].allowed) fail_msg("%s", cases[i].host);
}

static void domains(void **state) {
  (void)state;
  static const char *const none[] = {"", ".", "a..b", ".a", "a/b", "../a", "a b", "a\n", "[127.0.0.1]", "\xc3\xa4.test", "a.test..",
                                     "1234567890123456789012345678901234567890123456789012345678901234.a"};
  char out[254];
  assert_true(sts_domain(out, sizeof out, "MX_1.Example-2.COM.", 19));
  assert_string_equal(out, "mx_1.example-2.com");
  for (size_t i = 0; i < COUNT(none); i++)
    if (sts_domain(out, sizeof out, none[i], strlen(none[i]))) fail_msg("%s", none[i]);
}

static void lines(void **state) {
  (void)state;
  static const char text[] = "version: STSv1\r\n\r\nmode: none\nmax_age: 1";
  static const char *const expected[] = {"version: STSv1", "mode: none", "max_age: 1"};
  struct sts_policy p;
  const char *s;
  size_t len, at = 0;
  assert_null(sts_policy_read(&p, text, sizeof text - 1));
  for (size_t i = 0; i < COUNT(expected); i++) {
    assert_true(sts_policy_next_line(&p, &at, &s, &len));
    assert_text(((struct text){s, len}), text_of(expected[i]));
  }
  assert_false(sts_policy_next_line(&p, &at, &s, &len));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(records), cmocka_unit_test(exactly_one_record_counts), cmocka_unit_test(policies),
    cmocka_unit_test(a_policy_has_an_end), cmocka_unit_test(patterns), cmocka_unit_test(domains),
    cmocka_unit_test(lines),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
