#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <netinet/in.h>
#include <cmocka.h>
#include "lib/ip.h"

static const struct {
  const char *in;
  bool bare;
  const char *out; /* NULL: none */
} cases[] = {
  {"[1.2.3.4]", false, "1.2.3.4"},
  {"[IPv6:2001:db8::1]", false, "2001:db8::1"},
  {"[ipv6:::1]", false, "::1"},
  {"[IPv6:::ffff:1.2.3.4]", false, "1.2.3.4"},
  {"[2001:db8::1]", false, NULL},
  {"[2001:db8::1]", true, "2001:db8::1"},
  {"1.2.3.4", false, NULL},
  {"1.2.3.4", true, "1.2.3.4"},
  {"::1", true, "::1"},
  {"IPv6:::1", true, "::1"},
  {"[IPv6:1.2.3.4]", false, NULL},
  {"[]", false, NULL},
  {"[", true, NULL},
  {"[1.2.3]", false, NULL},
  {"[1.2.3.4", false, NULL},
  {"1.2.3.4]", true, NULL},
  {"mx.example.org", true, NULL},
  {"[1.2.3.4.............................................................]", false, NULL},
};

static void literals(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct ip ip;
    char out[IP_TEXT_MAX];
    print_message("%s\n", cases[i].in);
    assert_int_equal(ip_parse_literal(&ip, text_of(cases[i].in), cases[i].bare), cases[i].out != NULL);
    if (!cases[i].out) continue;
    ip_format(&ip, out);
    assert_string_equal(out, cases[i].out);
  }
}

static void sockaddr_round_trip(void **state) {
  const char *const texts[] = {"[1.2.3.4]", "[IPv6:2001:db8::1]"};
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    struct ip ip, back;
    struct sockaddr_storage a;
    assert_true(ip_parse_literal(&ip, text_of(texts[i]), false));
    assert_int_equal(ip_to_sockaddr(&a, &ip, 25), i ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
    assert_true(ip_from_sockaddr(&back, (struct sockaddr *)&a));
    assert_true(ip_equal(&ip, &back));
    back.octets[3] ^= 1;
    assert_false(ip_equal(&ip, &back));
  }
}

static void unspecified(void **state) {
  struct ip ip;
  (void)state;
  assert_true(ip_parse_literal(&ip, text_of("0.0.0.0"), true) && ip_is_unspecified(&ip));
  assert_true(ip_parse_literal(&ip, text_of("::"), true) && ip_is_unspecified(&ip));
  assert_true(ip_parse_literal(&ip, text_of("::1"), true) && !ip_is_unspecified(&ip));
}

static void loopback(void **state) {
  struct ip ip;
  (void)state;
  assert_true(ip_parse_literal(&ip, text_of("127.255.0.1"), true) && ip_is_loopback(&ip));
  assert_true(ip_parse_literal(&ip, text_of("::1"), true) && ip_is_loopback(&ip));
  assert_true(ip_parse_literal(&ip, text_of("128.0.0.1"), true) && !ip_is_loopback(&ip));
  assert_true(ip_parse_literal(&ip, text_of("::2"), true) && !ip_is_loopback(&ip));
  assert_true(ip_parse_literal(&ip, text_of("::"), true) && !ip_is_loopback(&ip));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(literals),
    cmocka_unit_test(sockaddr_round_trip),
    cmocka_unit_test(unspecified),
    cmocka_unit_test(loopback),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
