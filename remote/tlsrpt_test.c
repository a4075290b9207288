#include "config.h"
#include "remote/tlsrpt.h"
#include <errno.h>
#include "lib/testfolder.h"

static uint64_t second;
static uint64_t now(void *context) { return (void)context, second * 1000000; }
static const struct clock clock_here = {now, now, NULL};

static const struct tlsrpt_session *sample(void) {
  static struct tlsrpt_session s;
  s = (struct tlsrpt_session){TEXT("A.Test."), TLSRPT_STS, TEXT("version: STSv1\nmode: testing"), TEXT("certificate-expired"),
                              TEXT("192.0.2.1"), TEXT("mx.a.test"), TEXT("mail+1 =\xff\n"), TEXT("2001:db8::1"), TEXT("it ended")};
  return &s;
}

static struct text notes(const char *day, const char *domain, stralloc *to) {
  char name[400], buffer[4096];
  snprintf(name, sizeof name, "tlsrpt/%s/%s", day, domain);
  int fd = open(test_path(name), O_RDONLY | O_CLOEXEC);
  ssize_t n;
  stralloc_zero(to);
  if (fd == -1) return TEXT_ABSENT;
  while ((n = read(fd, buffer, sizeof buffer)) > 0) assert_true(stralloc_catb(to, buffer, (size_t)n));
  close(fd);
  return text_of_stralloc(to);
}

static void clean(const char *day) {
  char command[600];
  snprintf(command, sizeof command, "rm -r '%s/tlsrpt/%s'", test_folder, day);
  assert_int_equal(system(command), 0);
  rmdir(test_path("tlsrpt"));
}

static void a_session_survives(void **state) {
  (void)state;
  const struct tlsrpt_session *s = sample();
  struct tlsrpt_line line;
  struct text rest, one;
  stralloc file = {0}, octets = {0};
  second = 1790000000; /* 2026-09-21 */
  assert_int_equal(tlsrpt_note(test_folder, s, &clock_here), 0);
  rest = notes("20260921", "a.test", &file);
  assert_true(text_cut(&rest, '\n', &one));
  assert_int_equal(tlsrpt_read_line(&line, one, &octets), 0);
  assert_true(line.is_policy);
  assert_int_equal(line.session.policy, TLSRPT_STS);
  assert_text(line.session.policy_lines, s->policy_lines);
  struct text key = line.key;
  assert_true(text_cut(&rest, '\n', &one));
  assert_int_equal(tlsrpt_read_line(&line, one, &octets), 0);
  assert_false(line.is_policy);
  assert_text(line.key, key);
  assert_text(line.session.result, s->result);
  assert_text(line.session.sending_ip, s->sending_ip);
  assert_text(line.session.mx, s->mx);
  assert_text(line.session.helo, s->helo);
  assert_text(line.session.receiving_ip, s->receiving_ip);
  assert_text(line.session.code, s->code);
  assert_text(rest, TEXT(""));
  stralloc_free(&file);
  stralloc_free(&octets);
  clean("20260921");
}

static void a_policy_is_written_once(void **state) {
  (void)state;
  struct tlsrpt_session s = *sample();
  stralloc file = {0};
  struct text rest, one;
  static const char expected[] = "pssps";
  second = 1790086400;
  for (int i = 0; i < 2; i++) assert_int_equal(tlsrpt_note(test_folder, &s, &clock_here), 0);
  s.policy = TLSRPT_NO_POLICY;
  s.policy_lines = TEXT_ABSENT;
  assert_int_equal(tlsrpt_note(test_folder, &s, &clock_here), 0);
  rest = notes("20260922", "a.test", &file);
  for (size_t i = 0; i < sizeof expected - 1; i++) {
    assert_true(text_cut(&rest, '\n', &one));
    assert_int_equal(one.s[0], expected[i]);
  }
  assert_text(rest, TEXT(""));
  stralloc_free(&file);
  clean("20260922");
}

static void what_is_no_domain_is_not_noted(void **state) {
  (void)state;
  static const struct text none[] = {{"", 0}, {NULL, 0}, {"../x", 4}, {"[192.0.2.1]", 11}};
  struct tlsrpt_session s = *sample();
  for (size_t i = 0; i < COUNT(none); i++) {
    s.domain = none[i];
    assert_int_equal(tlsrpt_note(test_folder, &s, &clock_here), -1);
    assert_int_equal(errno, EINVAL);
  }
}

static void long_policies_are_cut_at_lines(void **state) {
  (void)state;
  static char lines[2 * TLSRPT_LINES_MAX];
  struct tlsrpt_session s = *sample();
  struct tlsrpt_line line;
  struct text rest, one;
  stralloc file = {0}, octets = {0};
  for (size_t i = 0; i < sizeof lines; i++) lines[i] = i % 1000 == 999 ? '\n' : 'x';
  lines[5500] = '\n';
  s.policy_lines = (struct text){lines, sizeof lines};
  second = 1790172800;
  assert_int_equal(tlsrpt_note(test_folder, &s, &clock_here), 0);
  rest = notes("20260923", "a.test", &file);
  assert_true(text_cut(&rest, '\n', &one));
  assert_int_equal(tlsrpt_read_line(&line, one, &octets), 0);
  assert_int_equal(line.session.policy_lines.len, 6000);
  stralloc_free(&file);
  stralloc_free(&octets);
  clean("20260923");
}

static void broken_lines(void **state) {
  (void)state;
  static const char *const broken[] = {"", "policy", "other 1 a=b", "session", "session 1 mx", "session 1 other=b", "policy 1 type=odd",
                                       "session 1 mx=+G0", "session 1  mx=a", "session 1 mx=a mx=a mx=a mx=a mx=a mx=a mx=a mx=a mx=a"};
  struct tlsrpt_line line;
  stralloc octets = {0};
  for (size_t i = 0; i < COUNT(broken); i++)
    if (tlsrpt_read_line(&line, text_of(broken[i]), &octets) == 0) fail_msg("taken: %s", broken[i]);
  assert_int_equal(tlsrpt_read_line(&line, text_of("session 1"), &octets), 0);
  stralloc_free(&octets);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_session_survives), cmocka_unit_test(a_policy_is_written_once),
    cmocka_unit_test(what_is_no_domain_is_not_noted), cmocka_unit_test(long_policies_are_cut_at_lines),
    cmocka_unit_test(broken_lines),
  };
  return cmocka_run_group_tests(tests, test_folder_make, test_folder_remove);
}
