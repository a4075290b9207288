#include "config.h"
#include "lib/envelope.h"
#include <errno.h>
#include <stdlib.h>
#include "lib/sample.h"

#define V1 "\0\1"
#define SENDER "\0\1\0\0\0\1s"
#define RECIPIENT "\x40\1\0\0\0\1r"

static void every_member_comes_back(void **state) {
  (void)state;
  struct envelope e, back = {0};
  stralloc out = {0}, again = {0};
  sample_envelope(&e);
  assert_int_equal(envelope_encode(&out, &e), 0);
  assert_int_equal(envelope_decode(&back, text_of_stralloc(&out)), ENVELOPE_OK);
  assert_same_envelope(&back, &e);
  assert_text(back.unknown, TEXT(SAMPLE_UNKNOWN));
  assert_text(back.recipients[0].unknown, TEXT(SAMPLE_RECIPIENT_UNKNOWN));
  assert_false(back.unknown_critical);
  assert_int_equal(envelope_encode(&again, &back), 0);
  assert_text(text_of_stralloc(&again), text_of_stralloc(&out));
  envelope_free(&e);
  envelope_free(&back);
  stralloc_free(&out);
  stralloc_free(&again);
}

/* A member that is added to the struct and forgotten in the tables shows here:
 * the sample's octets, one kind of item for each member. */
static void every_member_has_a_tag_of_its_own(void **state) {
  (void)state;
  struct envelope e;
  stralloc out = {0};
  bool seen[65536] = {0};
  unsigned count = 0;
  struct tlv item;
  sample_envelope(&e);
  assert_int_equal(envelope_put_message(&out, &e), 0);
  assert_int_equal(envelope_put_recipient(&out, &e.recipients[0]), 0);
  for (struct tlv_reader r = {text_of_stralloc(&out)}; tlv_next(&r, &item) == TLV_ITEM; count++) {
    assert_false(seen[item.tag]);
    seen[item.tag] = true;
  }
  assert_int_equal(count, 24 + 4 + 3);
  envelope_free(&e);
  stralloc_free(&out);
}

static void nothing_given_is_the_version_alone(void **state) {
  (void)state;
  struct envelope e = {0}, back = {0};
  stralloc out = {0};
  assert_int_equal(envelope_encode(&out, &e), 0);
  assert_text(text_of_stralloc(&out), TEXT(V1));
  assert_int_equal(envelope_decode(&back, text_of_stralloc(&out)), ENVELOPE_OK);
  assert_same_envelope(&back, &e);
  assert_null(back.sender.s);
  envelope_free(&back);
  stralloc_free(&out);
}

static void the_null_sender_is_not_an_absent_one(void **state) {
  (void)state;
  struct envelope e = {.sender = TEXT("")}, back = {0};
  stralloc out = {0};
  assert_int_equal(envelope_encode(&out, &e), 0);
  assert_int_equal(envelope_decode(&back, text_of_stralloc(&out)), ENVELOPE_OK);
  assert_text(back.sender, TEXT(""));
  envelope_free(&back);
  stralloc_free(&out);
}

static void decodes(void **state) {
  (void)state;
  const struct {
    const char *what;
    struct text octets;
    enum envelope_status status;
    bool critical;
  } cases[] = {
    {"nothing", TEXT(""), ENVELOPE_MALFORMED, false},
    {"half a version", TEXT("\0"), ENVELOPE_MALFORMED, false},
    {"version 2", TEXT("\0\2"), ENVELOPE_BAD_VERSION, false},
    {"version 257", TEXT("\1\1"), ENVELOPE_BAD_VERSION, false},
    {"sender and recipient", TEXT(V1 SENDER RECIPIENT), ENVELOPE_OK, false},
    {"recipient first", TEXT(V1 RECIPIENT SENDER), ENVELOPE_OK, false},
    {"terms before any recipient", TEXT(V1 SENDER "\x40\2\0\0\0\1o"), ENVELOPE_MALFORMED, false},
    {"unknown before any recipient", TEXT(V1 SENDER "\x4f\2\0\0\0\1o"), ENVELOPE_MALFORMED, false},
    {"unknown", TEXT(V1 SENDER "\x0f\2\0\0\0\1o"), ENVELOPE_OK, false},
    {"unknown, critical", TEXT(V1 SENDER "\x8f\2\0\0\0\1o"), ENVELOPE_OK, true},
    {"recipient's, unknown, critical", TEXT(V1 RECIPIENT "\xcf\2\0\0\0\1o"), ENVELOPE_OK, true},
    {"requiretls is known", TEXT(V1 "\x80\6\0\0\0\0"), ENVELOPE_OK, false},
    {"unknown ones apart", TEXT(V1 "\x0f\2\0\0\0\0" SENDER "\x0f\3\0\0\0\0"),
     ENVELOPE_MALFORMED, false},
    {"an unknown one in the middle", TEXT(V1 "\x0f\2\0\0\0\0" SENDER), ENVELOPE_OK, false},
    {"RET 3", TEXT(V1 "\0\3\0\0\0\x08\0\0\0\0\0\0\0\3"), ENVELOPE_MALFORMED, false},
    {"CR LF in the sender", TEXT(V1 "\0\1\0\0\0\4a\r\nb"), ENVELOPE_MALFORMED, false},
    {"NUL in a recipient", TEXT(V1 "\x40\1\0\0\0\3a\0b"), ENVELOPE_MALFORMED, false},
    {"rubbish behind", TEXT(V1 SENDER "x"), ENVELOPE_MALFORMED, false},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct envelope e = {0};
    enum envelope_status s = envelope_decode(&e, cases[i].octets);
    if (s != cases[i].status || e.unknown_critical != cases[i].critical)
      fail_msg("%s", cases[i].what);
    if (s != ENVELOPE_OK) assert_null(e.recipients);
    envelope_free(&e);
  }
}

static void truncation_is_never_more_than_malformed(void **state) {
  (void)state;
  struct envelope e;
  stralloc out = {0};
  sample_envelope(&e);
  assert_int_equal(envelope_encode(&out, &e), 0);
  for (size_t len = 0; len < out.len; len++) {
    struct envelope back = {0};
    char *exact = malloc(len ? len : 1); /* so that a sanitizer sees each octet too many */
    memcpy(exact, out.s, len);
    enum envelope_status s = envelope_decode(&back, (struct text){exact, len});
    if (s == ENVELOPE_OK) assert_true(back.recipient_count <= 2);
    else assert_int_equal(s, ENVELOPE_MALFORMED);
    envelope_free(&back);
    free(exact);
  }
  envelope_free(&e);
  stralloc_free(&out);
}

static void values_over_their_limits_are_not_written(void **state) {
  (void)state;
  static char many[ENVELOPE_ADDRESS_MAX + 100];
  memset(many, 'x', sizeof many);
  const struct envelope cases[] = {
    {.sender = {many, ENVELOPE_ADDRESS_MAX + 1}},
    {.envid = {many, 101}},
    {.ret = RET_HEADERS + 1},
    {.body = BODY_BINARYMIME + 1},
    {.priority = 20},
    {.deadline_mode = DEADLINE_NOTIFY + 1},
    {.helo = {many, 1025}},
    {.client_port = 65536},
    {.submitter_uid = (uint64_t)UINT32_MAX + 1},
    {.kind = KIND_DOUBLE_BOUNCE + 1},
    {.parent = {many, 65}},
    {.protocol = {many, 33}},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    errno = 0;
    assert_int_equal(envelope_encode(&out, &cases[i]), -1);
    assert_int_equal(errno, EMSGSIZE);
    stralloc_free(&out);
  }
  struct envelope e = {.sender = {many, ENVELOPE_ADDRESS_MAX}};
  stralloc out = {0};
  assert_int_equal(envelope_encode(&out, &e), 0);
  envelope_add(&e)->address = (struct text){many, ENVELOPE_ADDRESS_MAX + 1};
  assert_int_equal(envelope_encode(&out, &e), -1);
  envelope_free(&e);
  stralloc_free(&out);
}

static void there_is_room_for_no_more_than_the_limit(void **state) {
  (void)state;
  struct envelope e = {0};
  for (unsigned i = 0; i < ENVELOPE_RECIPIENTS_MAX; i++) assert_non_null(envelope_add(&e));
  assert_null(envelope_add(&e));
  assert_int_equal(e.recipient_count, ENVELOPE_RECIPIENTS_MAX);
  envelope_free(&e);
  assert_null(e.recipients);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_member_comes_back),
    cmocka_unit_test(every_member_has_a_tag_of_its_own),
    cmocka_unit_test(nothing_given_is_the_version_alone),
    cmocka_unit_test(the_null_sender_is_not_an_absent_one),
    cmocka_unit_test(decodes),
    cmocka_unit_test(truncation_is_never_more_than_malformed),
    cmocka_unit_test(values_over_their_limits_are_not_written),
    cmocka_unit_test(there_is_room_for_no_more_than_the_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
