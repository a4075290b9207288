#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <dns.h>
#include "remote/alias.h"

#define HEADER(ANSWERS) "\0\7\205\200\0\1\0" ANSWERS "\0\0\0\0"
#define QUESTION "\1a\4test\0\0\17\0\1"                            /* a.test MX, at 12 */
#define A_IS_B "\300\14\0\5\0\1\0\0\0\1\0\4\1b\300\16"              /* a.test CNAME b.test */
#define B_IS_C "\1b\300\16\0\5\0\1\0\0\0\1\0\4\1c\300\16"
#define B_IS_A "\1b\300\16\0\5\0\1\0\0\0\1\0\2\300\14"
#define A_ADDRESS "\300\14\0\1\0\1\0\0\0\1\0\4\1\2\3\4"
#define LOOP_NAME "\300\30\0\5\0\1\0\0\0\1\0\2\300\30"             /* a pointer to itself */

static const struct {
  const char *name, *packet;
  size_t len;
  int result;
  const char *target;
} cases[] = {
#define CASE(NAME, PACKET, RESULT, TARGET) {NAME, PACKET, sizeof(PACKET) - 1, RESULT, TARGET}
  CASE("alias alone", HEADER("\1") QUESTION A_IS_B, 1, "b.test"),
  CASE("alias of an alias", HEADER("\2") QUESTION A_IS_B B_IS_C, 1, "c.test"),
  CASE("alias of another name", HEADER("\1") QUESTION B_IS_C, 0, "a.test"),
  CASE("no alias", HEADER("\1") QUESTION A_ADDRESS, 0, "a.test"),
  CASE("alias behind an address", HEADER("\2") QUESTION A_ADDRESS A_IS_B, 1, "b.test"),
  CASE("in a circle", HEADER("\2") QUESTION A_IS_B B_IS_A, 0, "a.test"),
  CASE("no answer", HEADER("\0") QUESTION, 0, "a.test"),
  CASE("more answers promised", HEADER("\3") QUESTION A_IS_B, -1, NULL),
  CASE("a pointer to itself", HEADER("\1") QUESTION LOOP_NAME, -1, NULL),
  CASE("no question", HEADER("\1"), -1, NULL),
  CASE("no header", "\0\7\205", -1, NULL),
};

static void table(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *name = NULL, *target = NULL;
    print_message("%s\n", cases[i].name);
    assert_true(dns_domain_fromdot(&name, "a.test", 6));
    assert_int_equal(alias_follow(cases[i].packet, (unsigned)cases[i].len, &name), cases[i].result);
    if (cases[i].target) {
      assert_true(dns_domain_fromdot(&target, cases[i].target, strlen(cases[i].target)));
      assert_true(dns_domain_equal(name, target));
    }
    dns_domain_free(&name);
    dns_domain_free(&target);
  }
}

static void every_truncation(void **state) {
  static const char whole[] = HEADER("\2") QUESTION A_IS_B B_IS_C;
  (void)state;
  for (size_t len = 0; len < sizeof whole - 1; len++) {
    char *name = NULL, *cut = malloc(len + 1);
    assert_non_null(cut);
    memcpy(cut, whole, len);
    assert_true(dns_domain_fromdot(&name, "a.test", 6));
    assert_int_equal(alias_follow(cut, (unsigned)len, &name), -1);
    dns_domain_free(&name);
    free(cut);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(table), cmocka_unit_test(every_truncation)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
