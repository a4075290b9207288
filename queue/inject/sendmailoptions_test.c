#include "config.h"
#include "queue/inject/sendmailoptions.h"
#include "lib/unittest.h"

enum { ARGUMENTS_MAX = 32 };

static int read_options(struct sendmailoptions *o, const char *line, stralloc *why) {
  static char copy[512];
  static char *argv[ARGUMENTS_MAX + 1];
  int argc = 0;
  *o = (struct sendmailoptions){0};
  assert_true(strlen(line) < sizeof copy);
  memcpy(copy, line, strlen(line) + 1);
  for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
    assert_true(argc < ARGUMENTS_MAX);
    argv[argc++] = word;
  }
  argv[argc] = NULL;
  return sendmailoptions_read(o, argc, argv, why);
}

static void takes_what_others_take(void **state) {
  (void)state;
  const struct {
    const char *line;
    enum sendmailoptions_mode mode;
    const char *first; /* operand; NULL: none */
    bool use_header, dot_ends;
  } cases[] = {
    {"sendmail a@b.c", SENDMAIL_MAIL, "a@b.c", false, true},
    {"sendmail -oem -oi -f x -- -a", SENDMAIL_MAIL, "-a", false, false},
    {"/usr/sbin/sendmail -t -i", SENDMAIL_MAIL, NULL, true, false},
    {"sendmail -ti a", SENDMAIL_MAIL, "a", true, false},
    {"sendmail -oi -oem -odb -oQ/x -o7 a", SENDMAIL_MAIL, "a", false, false},
    {"sendmail -bm -em -v -x -E -U -G -n -m -s -c a", SENDMAIL_MAIL, "a", false, true},
    {"sendmail -e q -p ESMTP:h -J x -L tag -A c -C cf -h 3 -M id -X log -d0.4 a", SENDMAIL_MAIL, "a", false, true},
    {"sendmail -B 8BITMIME -N never -R full -V e -O DeliveryMode=b a", SENDMAIL_MAIL, "a", false, true},
    {"sendmail -O IgnoreDots=True a", SENDMAIL_MAIL, "a", false, false},
    {"sendmail -O IgnoreDots=False a", SENDMAIL_MAIL, "a", false, true},
    {"sendmail a -t", SENDMAIL_MAIL, "a", false, true}, /* options end at the first operand */
    {"sendmail -bs", SENDMAIL_SMTP, NULL, false, true},
    {"sendmail -bp", SENDMAIL_LIST, NULL, false, true},
    {"/usr/bin/mailq", SENDMAIL_LIST, NULL, false, true},
    {"newaliases", SENDMAIL_ALIASES, NULL, false, true},
    {"/usr/bin/newaliases -v", SENDMAIL_ALIASES, NULL, false, true},
    {"sendmail -bi", SENDMAIL_ALIASES, NULL, false, true},
    {"sendmail -I", SENDMAIL_ALIASES, NULL, false, true},
    {"sendmail -q", SENDMAIL_NOTHING, NULL, false, true},
    {"sendmail -q15m", SENDMAIL_NOTHING, NULL, false, true},
    {"sendmail -q -t", SENDMAIL_MAIL, NULL, true, true},
    {"sendmail -q a", SENDMAIL_MAIL, "a", false, true},
    {"sendmail -bd -q15m", SENDMAIL_LISTEN, NULL, false, true},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct sendmailoptions o;
    stralloc why = {0};
    if (read_options(&o, cases[i].line, &why) == -1) fail_msg("%s: %.*s", cases[i].line, (int)why.len, why.s);
    if (o.mode != cases[i].mode || o.submit.use_header != cases[i].use_header ||
        o.submit.dot_ends != cases[i].dot_ends)
      fail_msg("%s: mode %d header %d dot %d", cases[i].line, o.mode, o.submit.use_header, o.submit.dot_ends);
    assert_int_equal(o.submit.arguments[0] == NULL, cases[i].first == NULL);
    if (cases[i].first) assert_string_equal(o.submit.arguments[0], cases[i].first);
    stralloc_free(&o.envid);
  }
}

static void fills_the_envelope(void **state) {
  (void)state;
  struct sendmailoptions o;
  stralloc why = {0};
  assert_int_equal(read_options(&o, "sendmail -fa@b -F Joe -N success,FAILURE,delay -R hdrs -V a+2Bb -B7bit x", &why), 0);
  assert_string_equal(o.submit.sender, "a@b");
  assert_string_equal(o.full_name, "Joe");
  assert_int_equal(o.submit.notify, NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY);
  assert_int_equal(o.submit.ret, RET_HEADERS);
  assert_int_equal(o.submit.body, BODY_7BIT);
  assert_text(o.submit.envid, TEXT("a+b"));
  stralloc_free(&o.envid);
  assert_int_equal(read_options(&o, "sendmail -f a -r b -Nnever -Rfull -B8bitmime x", &why), 0);
  assert_string_equal(o.submit.sender, "b");
  assert_int_equal(o.submit.notify, NOTIFY_NEVER);
  assert_int_equal(o.submit.ret, RET_FULL);
  assert_int_equal(o.submit.body, BODY_8BITMIME);
}

static void an_envid_may_have_100_octets(void **state) {
  char line[160] = "sendmail -V ";
  struct sendmailoptions o;
  stralloc why = {0};
  (void)state;
  memset(line + 12, 'e', 101);
  memcpy(line + 112, " a", 3);
  assert_int_equal(read_options(&o, line, &why), 0);
  assert_int_equal(o.submit.envid.len, 100);
  stralloc_free(&o.envid);
  memcpy(line + 112, "e a", 4);
  assert_int_equal(read_options(&o, line, &why), -1);
  stralloc_free(&o.envid);
  stralloc_free(&why);
}

static void refuses(void **state) {
  (void)state;
  const struct {
    const char *line, *why;
  } cases[] = {
    {"sendmail -Z a", "unknown option"},
    {"sendmail -f", "without its argument"},
    {"sendmail -N", "without its argument"},
    {"sendmail -bv a", "no such mode: -bv"},
    {"sendmail -bt", "no such mode"},
    {"sendmail -N sometimes a", "-N sometimes"},
    {"sendmail -N success, a", "never, or a list of success, failure and delay: -N success,"},
    {"sendmail -N ,success a", "-N ,success"},
    {"sendmail -N success,,delay a", "-N success,,delay"},
    {"sendmail -N never,delay a", "-N never,delay"},
    {"sendmail -N delay,never a", "-N delay,never"},
    {"sendmail -N successful a", "-N successful"},
    {"sendmail -R some a", "neither full nor hdrs: -R some"},
    {"sendmail -R fullhdrs a", "-R fullhdrs"},
    {"sendmail -V a+zz a", "in xtext (a space is +20, a plus sign +2B): -V a+zz"},
    {"sendmail -V a+2b a", "-V a+2b"}, /* lower case */
    {"sendmail -V a+2 a", "-V a+2"},
    {"sendmail -V a=b a", "-V a=b"},
    {"sendmail -V +0A a", "-V +0A"},
    {"sendmail -V +7F a", "-V +7F"},
    {"sendmail -V +C3+B6 a", "-V +C3+B6"},
    {"sendmail -V \xC3\xB6 a", "-V \xC3\xB6"},
    {"sendmail --version", "unknown option"},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct sendmailoptions o;
    stralloc why = {0};
    if (read_options(&o, cases[i].line, &why) == 0) fail_msg("taken: %s", cases[i].line);
    if (!memmem(why.s, why.len, cases[i].why, strlen(cases[i].why)))
      fail_msg("%s: %.*s", cases[i].line, (int)why.len, why.s);
    stralloc_free(&why);
    stralloc_free(&o.envid);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(takes_what_others_take),
    cmocka_unit_test(fills_the_envelope),
    cmocka_unit_test(an_envid_may_have_100_octets),
    cmocka_unit_test(refuses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
