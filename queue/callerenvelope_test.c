#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "queue/callerenvelope.h"

#define OCTETS(literal) (literal), sizeof(literal) - 1

static const struct {
  const char *name, *octets;
  size_t len;
  enum callerenvelope_status status;
} cases[] = {
  {"one recipient", OCTETS("Fa@b\0Tc@d\0\0"), CALLERENVELOPE_OK},
  {"empty sender", OCTETS("F\0Tc@d\0\0"), CALLERENVELOPE_OK},
  {"two recipients", OCTETS("Fa\0Tc\0Td\0\0"), CALLERENVELOPE_OK},
  {"nothing", OCTETS(""), CALLERENVELOPE_TRUNCATED},
  {"only F", OCTETS("F"), CALLERENVELOPE_TRUNCATED},
  {"ends in the sender", OCTETS("Fa@"), CALLERENVELOPE_TRUNCATED},
  {"ends after the sender", OCTETS("Fa@b\0"), CALLERENVELOPE_TRUNCATED},
  {"ends in a recipient", OCTETS("Fa@b\0Tc@"), CALLERENVELOPE_TRUNCATED},
  {"ends before the last NUL", OCTETS("Fa@b\0Tc@d\0"), CALLERENVELOPE_TRUNCATED},
  {"no recipient", OCTETS("Fa@b\0\0"), CALLERENVELOPE_MALFORMED},
  {"empty recipient", OCTETS("Fa@b\0T\0\0"), CALLERENVELOPE_MALFORMED},
  {"recipient first", OCTETS("Tc@d\0Fa@b\0\0"), CALLERENVELOPE_MALFORMED},
  {"two senders", OCTETS("Fa\0Fb\0Tc\0\0"), CALLERENVELOPE_MALFORMED},
  {"more behind the end", OCTETS("Fa\0Tc\0\0x"), CALLERENVELOPE_MALFORMED},
  {"line feed in the sender", OCTETS("Fa\nb\0Tc\0\0"), CALLERENVELOPE_CONTROL},
  {"escape in a recipient", OCTETS("Fa\0Tc\033d\0\0"), CALLERENVELOPE_CONTROL},
  {"DEL in a recipient", OCTETS("Fa\0Tc\177d\0\0"), CALLERENVELOPE_CONTROL},
  {"three are too many", OCTETS("Fa\0Tc\0Td\0Te\0\0"), CALLERENVELOPE_TOO_MANY},
};

static void classic_envelopes(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct callerenvelope ce = {0};
    assert_true(stralloc_copyb(&ce.classic, cases[i].octets, cases[i].len));
    if (callerenvelope_parse(&ce, 2) != cases[i].status) fail_msg("%s", cases[i].name);
    callerenvelope_free(&ce);
  }
}

static void parse_long(size_t len, enum callerenvelope_status expected) {
  struct callerenvelope ce = {0};
  assert_true(stralloc_copyb(&ce.classic, "F\0T", 3));
  for (size_t i = 0; i < len; i++) assert_true(stralloc_cats(&ce.classic, "x"));
  assert_true(stralloc_catb(&ce.classic, "\0\0", 2));
  assert_int_equal(callerenvelope_parse(&ce, 2), expected);
  callerenvelope_free(&ce);
}

static void addresses_up_to_the_limit(void **state) {
  (void)state;
  parse_long(ENVELOPE_ADDRESS_MAX, CALLERENVELOPE_OK);
  parse_long(ENVELOPE_ADDRESS_MAX + 1, CALLERENVELOPE_TOO_LONG);
}

/* The doorkeeper named three recipients; a filter then dropped the second,
 * swapped the others and added one. */
static void make_filtered(struct callerenvelope *ce) {
  struct envelope given = {.sender = text_of("a@b"),
                           .envid = text_of("E1"),
                           .forwarder = text_of("f.test"),
                           .ret = RET_HEADERS,
                           .auth_user = text_of("joe"),
                           .client_address = text_of("192.0.2.1"),
                           .arrival_us = 1700000000000000,
                           .kind = KIND_DOUBLE_BOUNCE};
  static const char *const names[] = {"one@x", "two@x", "three@x"};
  for (unsigned i = 0; i < 3; i++) {
    struct envelope_recipient *r = envelope_add(&given);
    r->address = text_of(names[i]);
    r->notify = 1u << (i + 1);
  }
  assert_int_equal(envelope_encode(&ce->extra, &given), 0);
  envelope_free(&given);
  assert_true(stralloc_copyb(&ce->classic, OCTETS("Fnew@b\0Tthree@x\0Tone@x\0Tadded@x\0\0")));
  assert_int_equal(callerenvelope_parse(ce, 10), CALLERENVELOPE_OK);
}

static void terms_follow_their_recipients_through_a_filter(void **state) {
  struct callerenvelope ce = {0};
  (void)state;
  make_filtered(&ce);
  assert_true(callerenvelope_facts(&ce).names_client);
  assert_int_equal(callerenvelope_facts(&ce).arrival_us, 1700000000000000);
  callerenvelope_merge(&ce, true);
  const struct envelope *e = &ce.envelope;
  assert_true(text_equals(e->sender, "new@b"));
  assert_true(text_equals(e->envid, "E1"));
  assert_int_equal(e->ret, RET_HEADERS);
  assert_true(text_equals(e->auth_user, "joe"));
  assert_int_equal(e->recipient_count, 3);
  assert_int_equal(e->recipients[0].notify, NOTIFY_DELAY);
  assert_int_equal(e->recipients[1].notify, NOTIFY_SUCCESS);
  assert_int_equal(e->recipients[2].notify, 0);
  assert_int_equal(e->kind, KIND_MAIL); /* nobody but the runner makes DSNs */
  callerenvelope_free(&ce);
}

static void facts_are_not_believed_from_everybody(void **state) {
  struct callerenvelope ce = {0};
  (void)state;
  make_filtered(&ce);
  callerenvelope_merge(&ce, false);
  assert_true(text_equals(ce.envelope.envid, "E1"));
  assert_true(text_equals(ce.envelope.forwarder, "f.test"));
  assert_null(ce.envelope.auth_user.s);
  assert_null(ce.envelope.client_address.s);
  callerenvelope_free(&ce);
}

static enum callerenvelope_status merge_unknown(uint16_t tag, size_t octets) {
  struct callerenvelope ce = {0};
  stralloc value = {0};
  make_filtered(&ce);
  assert_true(stralloc_ready(&value, octets));
  memset(value.s, 'x', octets);
  assert_int_equal(tlv_put(&ce.extra, tag, (struct text){value.s, octets}), 0);
  enum callerenvelope_status s = callerenvelope_merge(&ce, false);
  stralloc_free(&value);
  callerenvelope_free(&ce);
  return s;
}

static void a_caller_cannot_have_a_message_set_aside_or_an_envelope_filled(void **state) {
  (void)state;
  assert_int_equal(merge_unknown(0x3fff, 1000), CALLERENVELOPE_OK);
  assert_int_equal(merge_unknown(0x3fff, 70000), CALLERENVELOPE_UNKNOWN);
  assert_int_equal(merge_unknown(TAG_CRITICAL | 0x3fff, 1), CALLERENVELOPE_UNKNOWN);
  assert_int_equal(merge_unknown(TAG_RECIPIENT | 0x3fff, 70000), CALLERENVELOPE_UNKNOWN);
}

static void nonsense_in_the_extra_envelope_is_harmless(void **state) {
  struct callerenvelope ce = {0};
  (void)state;
  make_filtered(&ce);
  ce.extra.s[1] = 99; /* another version */
  callerenvelope_merge(&ce, true);
  assert_null(ce.envelope.envid.s);
  assert_int_equal(ce.envelope.recipient_count, 3);
  assert_false(callerenvelope_facts(&ce).names_client);
  assert_int_equal(callerenvelope_facts(&ce).arrival_us, 0);
  stralloc_zero(&ce.extra);
  static const char *const descriptors[] = {NULL, "9999", "x", "0"};
  for (size_t i = 0; i < sizeof descriptors / sizeof descriptors[0]; i++)
    assert_int_equal(callerenvelope_load_extra(&ce, descriptors[i]), -1);
  assert_int_equal(ce.extra.len, 0);
  callerenvelope_free(&ce);
}

static void an_arrival_is_near_now(void **state) {
  const uint64_t now_us = 1700000000000000, day_us = UINT64_C(86400) * 1000000;
  (void)state;
  assert_true(callerenvelope_is_recent(now_us, now_us));
  assert_true(callerenvelope_is_recent(now_us - day_us, now_us));
  assert_false(callerenvelope_is_recent(now_us - day_us - 1, now_us));
  assert_false(callerenvelope_is_recent(now_us + 1, now_us));
  assert_false(callerenvelope_is_recent(0, 1));
  assert_false(callerenvelope_is_recent(UINT64_MAX, now_us));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(classic_envelopes),
    cmocka_unit_test(addresses_up_to_the_limit),
    cmocka_unit_test(terms_follow_their_recipients_through_a_filter),
    cmocka_unit_test(facts_are_not_believed_from_everybody),
    cmocka_unit_test(a_caller_cannot_have_a_message_set_aside_or_an_envelope_filled),
    cmocka_unit_test(an_arrival_is_near_now),
    cmocka_unit_test(nonsense_in_the_extra_envelope_is_harmless),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
