#include "config.h"
#include "lib/log.h"
#include <errno.h>
#include <unistd.h>
#include "lib/unittest.h"

static void a_line_leaves_whole_and_clean(void **state) {
  (void)state;
  int p[2];
  char octets[256];
  assert_int_equal(pipe(p), 0);
  struct log l = {.fd = p[1]};
  log_s(&l, "delivery ");
  log_u(&l, UINT64_MAX);
  log_t(&l, TEXT(": <a\nforged line\r\0\x7f>"));
  log_end(&l);
  log_s(&l, "next");
  log_end(&l);
  log_end(&l);
  const char expected[] = "delivery 18446744073709551615: <a?forged line?\?\?>\nnext\n\n";
  assert_int_equal(read(p[0], octets, sizeof octets), sizeof expected - 1);
  assert_memory_equal(octets, expected, sizeof expected - 1);
  stralloc_free(&l.line);
  close(p[0]);
  close(p[1]);
}

static void a_program_says_who_it_is_and_why(void **state) {
  (void)state;
  int p[2];
  char octets[256];
  assert_int_equal(pipe(p), 0);
  struct log l = {.fd = p[1]};
  log_say(&l, "owl-x", "usage: owl-x", TEXT_ABSENT);
  errno = ENOENT;
  log_say_errno(&l, "owl-x", "unable to read ", TEXT("a\nb"));
  const char expected[] = "owl-x: usage: owl-x\nowl-x: unable to read a?b: No such file or directory\n";
  assert_int_equal(read(p[0], octets, sizeof octets), sizeof expected - 1);
  assert_memory_equal(octets, expected, sizeof expected - 1);
  stralloc_free(&l.line);
  close(p[0]);
  close(p[1]);
}

static void nobody_to_read_is_no_fault(void **state) {
  (void)state;
  struct log l = {.fd = -1};
  log_s(&l, "lost");
  log_end(&l);
  assert_int_equal(l.line.len, 0);
  stralloc_free(&l.line);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_line_leaves_whole_and_clean),
    cmocka_unit_test(a_program_says_who_it_is_and_why),
    cmocka_unit_test(nobody_to_read_is_no_fault),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
