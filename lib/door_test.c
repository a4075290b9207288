#include "config.h"
#include "lib/door.h"
#include <errno.h>
#include <stdlib.h>
#include "lib/sample.h"

static struct door_request sample_request(void) {
  struct door_request r = {
    .octets = 123456, .node = TEXT("@a.example"), .mechanism = TEXT("PLAIN"), .secret = TEXT("\0user\0word")};
  sample_envelope(&r.envelope);
  r.envelope.recipient_count = 1;
  r.envelope.unknown = TEXT_ABSENT;
  r.envelope.recipients[0].unknown = TEXT_ABSENT;
  return r;
}

static int put_and_read(const struct door_request *r, struct door_request *back, stralloc *out) {
  assert_int_equal(door_put_request(out, r), 0);
  return door_read_request(back, text_of_stralloc(out));
}

static void requests_come_back(void **state) {
  (void)state;
  struct door_request r = sample_request(), back;
  stralloc out = {0};
  assert_int_equal(put_and_read(&r, &back, &out), 0);
  assert_int_equal(back.octets, 123456);
  assert_text(back.node, r.node);
  assert_text(back.mechanism, r.mechanism);
  assert_text(back.secret, r.secret);
  assert_same_envelope(&back.envelope, &r.envelope);
  envelope_free(&r.envelope);
  envelope_free(&back.envelope);
  stralloc_free(&out);
}

static void an_empty_request_is_one(void **state) {
  (void)state;
  struct door_request r = {0}, back;
  stralloc out = {0};
  assert_int_equal(put_and_read(&r, &back, &out), 0);
  assert_int_equal(out.len, 0);
  assert_int_equal(back.octets, 0);
  assert_null(back.secret.s);
  assert_same_envelope(&back.envelope, &r.envelope);
  stralloc_free(&out);
}

static void nothing_unknown_and_no_second_recipient_passes(void **state) {
  (void)state;
  const struct text cases[] = {
    TEXT("\x0f\1\0\0\0\0"),
    TEXT("\x8f\1\0\0\0\0"),
    TEXT("\x40\1\0\0\0\1a\x4f\1\0\0\0\0"),
    TEXT("\x40\1\0\0\0\1a\x40\1\0\0\0\1b"),
    TEXT("\x40\2\0\0\0\1a"),
    TEXT("\0\1\0\0\0\3a\nb"),
    TEXT("\4\0\0\0\0\x08\x80\0\0\0\0\0\0\0"),
    TEXT("\4\3\0\0\0\x15" "123456789012345678901"),
    TEXT("\0"),
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct door_request r;
    errno = 0;
    assert_int_equal(door_read_request(&r, cases[i]), -1);
    assert_int_equal(errno, EPROTO);
    assert_null(r.envelope.recipients);
  }
}

static void truncated_requests_never_crash(void **state) {
  (void)state;
  struct door_request r = sample_request(), back;
  stralloc out = {0};
  assert_int_equal(door_put_request(&out, &r), 0);
  for (size_t len = 0; len < out.len; len++) {
    char *exact = malloc(len ? len : 1);
    memcpy(exact, out.s, len);
    if (door_read_request(&back, (struct text){exact, len}) == 0) envelope_free(&back.envelope);
    free(exact);
  }
  envelope_free(&r.envelope);
  stralloc_free(&out);
}

/* Every member at its greatest length: no request can be too long for a frame. */
static void the_greatest_request_fits_into_a_frame(void **state) {
  (void)state;
  static char x[DOOR_SECRET_MAX];
  memset(x, 'x', sizeof x);
  struct door_request r = sample_request();
  stralloc out = {0};
  struct text line = {x, 1024}, address = {x, ENVELOPE_ADDRESS_MAX};
  struct envelope *e = &r.envelope;
  e->sender = e->recipients[0].address = e->recipients[0].orcpt = address;
  e->auth_user = e->client_address = e->client_name = e->helo = e->tls = e->instance = line;
  e->envid.s = e->parent.s = e->protocol.s = r.mechanism.s = x;
  e->envid.len = 100, e->parent.len = 64, e->protocol.len = 32, r.mechanism.len = 20;
  r.secret = (struct text){x, DOOR_SECRET_MAX};
  r.node = (struct text){x, 256};
  r.attributes = (struct text){x, SASL_ATTRIBUTES_MAX};
  r.binding = (struct text){x, SASL_BINDING_MAX};
  assert_int_equal(door_put_request(&out, &r), 0);
  assert_true(out.len <= DOOR_FRAME_MAX);
  r.secret.len++;
  assert_int_equal(door_put_request(&out, &r), -1);
  envelope_free(&r.envelope);
  stralloc_free(&out);
}

static void answers_come_back(void **state) {
  (void)state;
  const struct door_answer cases[] = {{.result = sample_result(), .ends_session = true},
                                      {.result = {.class = RESULT_SUCCESS}, .may_etrn = true, .challenge = TEXT("PLAIN"), .message_id = TEXT("1@x")}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct door_answer back;
    stralloc out = {0};
    assert_int_equal(door_put_answer(&out, &cases[i]), 0);
    assert_int_equal(door_read_answer(&back, text_of_stralloc(&out)), 0);
    assert_same_result(&back.result, &cases[i].result);
    assert_int_equal(back.ends_session, cases[i].ends_session);
    assert_int_equal(back.may_etrn, cases[i].may_etrn);
    assert_text(back.challenge, cases[i].challenge);
    assert_text(back.message_id, cases[i].message_id);
    stralloc_free(&out);
  }
  struct door_answer back;
  assert_int_equal(door_read_answer(&back, TEXT("")), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(requests_come_back),
    cmocka_unit_test(an_empty_request_is_one),
    cmocka_unit_test(nothing_unknown_and_no_second_recipient_passes),
    cmocka_unit_test(truncated_requests_never_crash),
    cmocka_unit_test(the_greatest_request_fits_into_a_frame),
    cmocka_unit_test(answers_come_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
