#include "config.h"
#include "smtpd/talker/proxy.h"
#include <string.h>
#include "lib/unittest.h"

#define V2 "\r\n\r\n\0\r\nQUIT\n"
#define PAIR4 "\xc0\x00\x02\x01\xc6\x33\x64\x02\x30\x39\x00\x19"
#define PAIR6                                                                                      \
  "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\x30\x39\x00\x19"
#define IN(s) {s, sizeof s - 1}

static const struct {
  struct text in;
  enum proxy_status status;
  const char *remote, *local; /* NULL: not named */
  size_t octets;
} cases[] = {
  {IN("PROXY TCP4 192.0.2.1 198.51.100.2 12345 25\r\n"), PROXY_OK, "192.0.2.1", "198.51.100.2", 44},
  {IN("PROXY TCP6 2001:db8::1 2001:db8::2 12345 25\r\nEHLO"), PROXY_OK, "2001:db8::1", "2001:db8::2", 45},
  {IN("PROXY TCP6 ::ffff:192.0.2.1 ::1 12345 25\r\n"), PROXY_OK, "192.0.2.1", "::1", 42},
  {IN("PROXY UNKNOWN\r\n"), PROXY_OK, NULL, NULL, 15},
  {IN("PROXY UNKNOWN ffff::1 what ever\r\n"), PROXY_OK, NULL, NULL, 33},
  {IN("P"), PROXY_MORE, NULL, NULL, 0},
  {IN(""), PROXY_MORE, NULL, NULL, 0},
  {IN("PROXY TCP4 192.0.2.1 198.51.100.2 12345 25\r"), PROXY_MORE, NULL, NULL, 0},
  {IN("PROXY TCP4 192.0.2.1 198.51.100.2 12345 25\n"), PROXY_MALFORMED, NULL, NULL, 0},
  {IN("PROXY TCP4 192.0.2.1 198.51.100.2 12345\r\n"), PROXY_MALFORMED, NULL, NULL, 0},
  {IN("PROXY TCP4 192.0.2.1 198.51.100.2 12345 25 \r\n"), PROXY_MALFORMED, NULL, NULL, 0},
  {IN("PROXY TCP4  192.0.2.1 198.51.100.2 12345 25\r\n"), PROXY_MALFORMED, NULL, NULL, 0},
  {IN("PROXY TCP4 192.0.2.1 198.51.100.2 65536 25\r\n"), PROXY_MALFORMED, NULL, NULL, 0},
  {IN("PROXY TCP4 192.0.2.1 198.51.100.2 012 25\r\n"), PROXY_MALFORMED, NULL, NULL, 0},
  {IN("PROXY TCP4 192.0.2.1 198.51.100.2 -1 25\r\n"), PROXY_MALFORMED, NULL, NULL, 0},
  {IN("PROXY TCP4 2001:db8::1 2001:db8::2 12345 25\r\n"), PROXY_MALFORMED, NULL, NULL, 0},
  {IN("PROXY TCP6 192.0.2.1 198.51.100.2 12345 25\r\n"), PROXY_MALFORMED, NULL, NULL, 0},
  {IN("PROXY TCP6 [2001:db8::1] 2001:db8::2 12345 25\r\n"), PROXY_MALFORMED, NULL, NULL, 0},
  {IN("PROXY TCP6 IPv6:::1 ::1 12345 25\r\n"), PROXY_MALFORMED, NULL, NULL, 0},
  {IN("PROXY UDP4 192.0.2.1 198.51.100.2 12345 25\r\n"), PROXY_MALFORMED, NULL, NULL, 0},
  {IN("PROXY\r\n"), PROXY_MALFORMED, NULL, NULL, 0},
  {IN("PROXY UNKNOWN \0\r\n"), PROXY_MALFORMED, NULL, NULL, 0},
  {IN("EHLO me\r\n"), PROXY_MALFORMED, NULL, NULL, 0},
  {IN("PROXY UNKNOWN 34567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"
      "23456789\r\n"), PROXY_MALFORMED, NULL, NULL, 0},
  {IN(V2 "\x21\x11\x00\x0c" PAIR4), PROXY_OK, "192.0.2.1", "198.51.100.2", 28},
  {IN(V2 "\x21\x11\x01\x0c" PAIR4 "\x04\x00\x01"), PROXY_OK, "192.0.2.1", "198.51.100.2", 284},
  {IN(V2 "\x21\x21\x00\x24" PAIR6), PROXY_OK, "2001:db8::1", "2001:db8::2", 52},
  {IN(V2 "\x20\x00\x00\x00"), PROXY_OK, NULL, NULL, 16},
  {IN(V2 "\x20\x11\x00\x0c" PAIR4), PROXY_OK, NULL, NULL, 28},
  {IN(V2 "\x21\x00\x00\x05"), PROXY_OK, NULL, NULL, 21},
  {IN(V2 "\x21\x11\x00\x0c\xc0\x00"), PROXY_MORE, NULL, NULL, 0},
  {IN(V2 "\x21\x11"), PROXY_MORE, NULL, NULL, 0},
  {IN("\r\n\r\n"), PROXY_MORE, NULL, NULL, 0},
  {IN(V2 "\x21\x11\x00\x0b" PAIR4), PROXY_MALFORMED, NULL, NULL, 0},
  {IN(V2 "\x21\x12\x00\x0c" PAIR4), PROXY_MALFORMED, NULL, NULL, 0},
  {IN(V2 "\x21\x31\x00\x0c" PAIR4), PROXY_MALFORMED, NULL, NULL, 0},
  {IN(V2 "\x22\x11\x00\x0c" PAIR4), PROXY_MALFORMED, NULL, NULL, 0},
  {IN(V2 "\x11\x11\x00\x0c" PAIR4), PROXY_MALFORMED, NULL, NULL, 0},
  {IN("\r\n\r\nEHLO"), PROXY_MALFORMED, NULL, NULL, 0},
};

static void assert_address(const struct ip *ip, const char *expected) {
  char text[IP_TEXT_MAX];
  ip_format(ip, text);
  assert_string_equal(text, expected);
}

static void headers(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct proxy p;
    print_message("%zu %.*s\n", i, (int)cases[i].in.len, cases[i].in.s);
    assert_int_equal(proxy_parse(&p, cases[i].in), cases[i].status);
    if (cases[i].status != PROXY_OK) continue;
    assert_int_equal(p.octets, cases[i].octets);
    assert_int_equal(p.named, cases[i].remote != NULL);
    if (!p.named) continue;
    assert_address(&p.remote, cases[i].remote);
    assert_address(&p.local, cases[i].local);
    assert_int_equal(p.remote_port, 12345);
    assert_int_equal(p.local_port, 25);
  }
}

/* An octet at a time: MORE until the last one that is needed, then the same. */
static void pieces(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct proxy p;
    enum proxy_status s = PROXY_MORE;
    for (size_t n = 1; s == PROXY_MORE && n <= cases[i].in.len; n++)
      s = proxy_parse(&p, (struct text){cases[i].in.s, n});
    assert_int_equal(s, cases[i].status);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(headers), cmocka_unit_test(pieces)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
