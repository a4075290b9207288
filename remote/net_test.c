#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "remote/net.h"
#include "remote/verdict.h"

static void connected_round_trip(void **state) {
  stralloc payload = {0};
  struct net_peer in = {.host = text_of("mx.example.org"), .address = text_of("2001:db8::1")}, out;
  (void)state;
  assert_int_equal(net_put_connected(&payload, &in), 0);
  assert_int_equal(net_read_connected(&out, text_of_stralloc(&payload)), 0);
  assert_true(text_equal(in.host, out.host) && text_equal(in.address, out.address));
  size_t host_only = payload.len - in.address.len - TLV_HEADER_OCTETS;
  for (size_t len = 0; len < payload.len; len++)
    assert_int_equal(net_read_connected(&out, (struct text){payload.s, len}), len == host_only ? 0 : -1);
  stralloc_free(&payload);
}

static void connect_round_trip(void **state) {
  struct net_wish in = {.source = 7}, out;
  stralloc payload = {0};
  (void)state;
  assert_int_equal(net_put_connect(&payload, &in), 0);
  assert_int_equal(net_read_connect(&out, text_of_stralloc(&payload)), 0);
  assert_int_equal(out.source, 7);
  for (size_t len = 1; len < payload.len; len++)
    assert_int_equal(net_read_connect(&out, (struct text){payload.s, len}), -1);
  assert_int_equal(net_read_connect(&out, text_of("")), 0);
  assert_int_equal(out.source, 0);
  stralloc_free(&payload);
}

static void connect_brings_wishes(void **state) {
  struct net_wish in = {.source = 1, .helohost = text_of("me.example"), .requiretls = true, .tls_optional = true}, out;
  stralloc payload = {0};
  (void)state;
  assert_int_equal(net_put_connect(&payload, &in), 0);
  assert_int_equal(net_read_connect(&out, text_of_stralloc(&payload)), 0);
  assert_true(text_equals(out.helohost, "me.example"));
  assert_true(out.requiretls && out.tls_optional);
  stralloc_free(&payload);
}

static void connected_brings_what_was_said(void **state) {
  struct net_peer in = {.host = text_of("h"), .stage = 2, .hello = text_of("h\nSIZE"), .tls = text_of("TLSv1.3")}, out;
  stralloc payload = {0};
  (void)state;
  assert_int_equal(net_put_connected(&payload, &in), 0);
  assert_int_equal(net_read_connected(&out, text_of_stralloc(&payload)), 0);
  assert_int_equal(out.stage, 2);
  assert_true(text_equals(out.hello, "h\nSIZE") && text_equals(out.tls, "TLSv1.3"));
  stralloc_zero(&payload);
  in.stage = 3;
  assert_int_equal(net_put_connected(&payload, &in), -1);
  stralloc_free(&payload);
}

static void peer_needs_a_clean_name(void **state) {
  stralloc payload = {0};
  const char *const bad[][2] = {{"", ""}, {"h", "1\n2"}, {"\r", "1"}};
  struct net_peer out;
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    stralloc_zero(&payload);
    assert_int_equal(tlv_put(&payload, TAG_HOST, text_of(bad[i][0])), 0);
    assert_int_equal(tlv_put(&payload, TAG_ADDRESS, text_of(bad[i][1])), 0);
    assert_int_equal(net_read_connected(&out, text_of_stralloc(&payload)), -1);
  }
  stralloc_free(&payload);
}

static void none_round_trip(void **state) {
  stralloc payload = {0};
  struct verdict v = {.class = RESULT_NONE}, back = {.class = RESULT_NONE};
  struct net_none n = {.host_waits = true}, out;
  (void)state;
  verdict_set(&v, RESULT_FAILURE, "5.1.2", "no such domain: ");
  verdict_add_text(&v, text_of("a\nb"));
  n.result = verdict_result(&v);
  assert_int_equal(net_put_none(&payload, &n), 0);
  assert_int_equal(net_read_none(&out, text_of_stralloc(&payload)), 0);
  assert_true(out.host_waits);
  verdict_copy(&back, &out.result);
  assert_int_equal(back.class, RESULT_FAILURE);
  assert_string_equal(back.status, "5.1.2");
  assert_true(text_equals(text_of_stralloc(&back.text), "no such domain: a?b"));
  stralloc_free(&payload);
  verdict_free(&v);
  verdict_free(&back);
}

static void none_is_no_success(void **state) {
  stralloc payload = {0};
  struct net_none n = {.result = {.class = RESULT_SUCCESS}}, out;
  (void)state;
  assert_int_equal(net_put_none(&payload, &n), 0);
  assert_int_equal(net_read_none(&out, text_of_stralloc(&payload)), -1);
  stralloc_free(&payload);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(connected_round_trip), cmocka_unit_test(connect_round_trip),
    cmocka_unit_test(connect_brings_wishes), cmocka_unit_test(connected_brings_what_was_said),
    cmocka_unit_test(peer_needs_a_clean_name),
    cmocka_unit_test(none_round_trip),
    cmocka_unit_test(none_is_no_success),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
