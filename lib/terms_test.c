#include "config.h"
#include "lib/terms.h"
#include "lib/envelope.h"
#include "lib/unittest.h"

static void an_envelope_id_is_printable(void **state) {
  static char longest[TERMS_ENVID_MAX + 1];
  (void)state;
  memset(longest, 'x', sizeof longest);
  assert_true(terms_envid_is_valid(text_of("a b+c=d~")));
  assert_true(terms_envid_is_valid((struct text){longest, TERMS_ENVID_MAX}));
  assert_false(terms_envid_is_valid((struct text){longest, TERMS_ENVID_MAX + 1}));
  assert_false(terms_envid_is_valid(text_of("")));
  assert_false(terms_envid_is_valid(TEXT_ABSENT));
  assert_false(terms_envid_is_valid(text_of("a\nb")));
  assert_false(terms_envid_is_valid(text_of("\x7F")));
  assert_false(terms_envid_is_valid(text_of("\xC3\xA9")));
}

static void an_original_recipient_has_a_type(void **state) {
  static const struct {
    const char *orcpt;
    bool valid;
  } cases[] = {
    {"rfc822;joe@a.test", true},
    {"x-other;a b;c", true},
    {"utf-8;j\xC3\xB6" "e@a.test", true},
    {"UTF-8;j\xC3\xB6" "e@a.test", true},
    {"rfc822;j\xC3\xB6" "e@a.test", false},
    {"utf-8;\xED\xA0\x80", false}, /* a surrogate */
    {"utf-8;\xFF", false},
    {"rfc822;", false},
    {";joe@a.test", false},
    {"rfc822", false},
    {"rfc 822;joe@a.test", false},
    {"rfc822;a\rb", false},
    {"", false},
  };
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++)
    if (terms_orcpt_is_valid(text_of(cases[i].orcpt)) != cases[i].valid) fail_msg("%s", cases[i].orcpt);
  assert_false(terms_orcpt_is_valid(TEXT_ABSENT));
}

static void never_stands_alone(void **state) {
  (void)state;
  for (uint64_t notify = 0; notify < 64; notify++)
    assert_int_equal(terms_notify_is_valid(notify), notify == NOTIFY_NEVER || (notify < 16 && notify % 2 == 0));
}

static void addresses_are_ascii_or_utf8(void **state) {
  (void)state;
  assert_true(terms_address_is_valid(text_of("joe@a.test"), false));
  assert_true(terms_address_is_valid(text_of(""), false));
  assert_false(terms_address_is_valid(text_of("j\xC3\xB6@a.test"), false));
  assert_true(terms_address_is_valid(text_of("j\xC3\xB6@a.test"), true));
  assert_false(terms_address_is_valid(text_of("j\xC3@a.test"), true));
}

static void nodes_are_domains(void **state) {
  (void)state;
  char longest[TERMS_DOMAIN_MAX + 2];
  memset(longest, 'x', sizeof longest);
  const char *const good[] = {"a", "A-b_1.example", "@a.example", "[192.0.2.1]", "[IPv6:2001:db8::1]"};
  const char *const bad[] = {"", "@", "@@a", ".a", "a.", "a..b", "@.a", "#queue", "a@b", "a b", "a/b", "a:25",
                             "\xC3\xA9", "a\n", "[192.0.2]", "@[192.0.2.1]", "<a>"};
  for (size_t i = 0; i < COUNT(good); i++) assert_true(terms_node_is_valid(text_of(good[i])));
  for (size_t i = 0; i < COUNT(bad); i++)
    if (terms_node_is_valid(text_of(bad[i]))) fail_msg("%s", bad[i]);
  assert_true(terms_node_is_valid((struct text){longest, TERMS_DOMAIN_MAX}));
  assert_false(terms_node_is_valid((struct text){longest, TERMS_DOMAIN_MAX + 1}));
  assert_false(terms_node_is_valid(TEXT_ABSENT));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_envelope_id_is_printable),
    cmocka_unit_test(an_original_recipient_has_a_type),
    cmocka_unit_test(never_stands_alone),
    cmocka_unit_test(addresses_are_ascii_or_utf8),
    cmocka_unit_test(nodes_are_domains),
  };
  return cmocka_run_group_tests_name("terms", tests, NULL, NULL);
}
