#include "config.h"
#include "lib/tlswire.h"
#include <stdlib.h>
#include "lib/bigendian.h"
#include "lib/unittest.h"

static bool reads_request(struct tls_request *r, const char *line) {
  return tlswire_read_request(r, line, strlen(line));
}

static void a_request_survives(void **state) {
  (void)state;
  struct tls_request in = {.role = TLS_CLIENT,
                           .limit_s = 300,
                           .minversion = "1.2",
                           .ciphers = "HIGH:!aNULL @STRENGTH %",
                           .check = TLS_CHECK_DANE,
                           .names = {"mx.a.test", "a.test"},
                           .names_count = 2,
                           .tlsa = {"3 1 1 00ff"},
                           .tlsa_count = 1};
  struct tls_request out = {0};
  char wire[512];
  size_t len = tlswire_put_request(wire, sizeof wire, &in);
  assert_true(len > 4);
  assert_int_equal(get_u32(wire), len - 4);
  assert_true(tlswire_read_request(&out, wire + 4, len - 4));
  assert_memory_equal(&out, &in, sizeof in);
}

static void facts_are_a_line(void **state) {
  (void)state;
  struct tls_facts in = {.ok = 1, .version = "TLSv1.3", .bits = 256, .peer = "mx.a.test"}, out;
  static const char line[] = "ok=1 version=TLSv1.3 bits=256 peer=mx.a.test";
  char wire[512];
  assert_int_equal(tlswire_put_facts(wire, sizeof wire, &in), 4 + strlen(line));
  assert_memory_equal(wire + 4, line, strlen(line));
  assert_true(tlswire_read_facts(&out, line, strlen(line)));
  assert_memory_equal(&out, &in, sizeof in);
}

static void what_does_not_fit_is_not_written(void **state) {
  (void)state;
  struct tls_facts f = {.ok = 1, .version = "TLSv1.3"};
  char wire[64];
  for (size_t room = 0; room < 24; room++) assert_int_equal(tlswire_put_facts(wire, room, &f), 0);
  assert_int_equal(tlswire_put_facts(wire, 24, &f), 24);
}

static void hostile_lines(void **state) {
  (void)state;
  static const char *const malformed[] = {
    "",        "role=0",          "role=3",          "role=",         "role=1 ",          "role=1  limit_s=1",
    "role",    "role=1 other=1",  "role=1 check=9",  "role=-1",       "role=1234567890",  "role=1 sni=%",
    "=1",      "role=1 sni=%0a",  "role=1 sni=%7f",  "role=1 sni=%4", "role=1 sni=a\tb",  "role=1 sni=%AB",
    "role=1 minversion=12345678", "role=1 sni=\xc3", "role=1\n",
  };
  struct tls_request r;
  for (size_t i = 0; i < COUNT(malformed); i++)
    if (reads_request(&r, malformed[i])) fail_msg("taken: %s", malformed[i]);
  assert_true(reads_request(&r, "role=1 sni=%c3%a4"));
  assert_string_equal(r.sni, "\xc3\xa4");
}

static void a_list_has_an_end(void **state) {
  (void)state;
  char line[256] = "role=2";
  struct tls_request r;
  for (int i = 0; i < TLSWIRE_NAMES; i++) strcat(line, " names=a");
  assert_true(reads_request(&r, line));
  strcat(line, " names=a");
  assert_false(reads_request(&r, line));
}

static void nothing_is_left_of_the_request_before(void **state) {
  (void)state;
  struct tls_request r;
  char wire[64];
  memset(&r, 'x', sizeof r);
  assert_true(reads_request(&r, "role=2 sni=a names=b names=c fingerprints=d tlsa=e session=f limit_s=9 ciphers=g check=3"));
  assert_true(reads_request(&r, "role=1 names=h"));
  size_t len = tlswire_put_request(wire, sizeof wire, &r);
  assert_memory_equal(wire + 4, "role=1 names=h", len - 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_request_survives), cmocka_unit_test(facts_are_a_line),
    cmocka_unit_test(what_does_not_fit_is_not_written), cmocka_unit_test(hostile_lines),
    cmocka_unit_test(a_list_has_an_end), cmocka_unit_test(nothing_is_left_of_the_request_before),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
