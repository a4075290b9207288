#include "config.h"
#include "smtpd/doorkeeper/sendermap.h"
#include "lib/unittest.h"

static const char map_text[] =
  "bob@example.org:bob alice\n"
  "sales@example.org:*\n"
  "nobody@example.org:\n"
  "@example.org:=\n"
  "@lists.example.org:list-owner  carol@corp.example\n"
  "# a comment\n";

static void lines_say_who_may(void **state) {
  (void)state;
  struct list map;
  const struct {
    const char *user, *sender;
    bool may;
  } cases[] = {
    {"bob", "bob@example.org", true},
    {"alice", "Bob@Example.ORG", true},
    {"ALICE", "bob@example.org", true},
    {"carol", "bob@example.org", false},
    {"bob@example.org", "bob@example.org", false}, /* its own line decides */
    {"anybody", "sales@example.org", true},
    {"nobody", "nobody@example.org", false},
    {"carol", "carol@example.org", true},
    {"carol@example.org", "carol@example.org", true},
    {"carol@corp.example", "carol@example.org", false},
    {"carol", "dave@example.org", false},
    {"carol", "carol-x@example.org", false},
    {"carol@corp.example", "any@lists.example.org", true},
    {"list-owner", "any@lists.example.org", true},
    {"", "any@lists.example.org", false},
    {"list-owner", "any@elsewhere.example", false},
    {"bob", "bob", false},
    {"bob", "", true},
  };
  assert_int_equal(list_parse_map(&map, text_of(map_text)), 0);
  for (size_t i = 0; i < COUNT(cases); i++)
    assert_int_equal(sendermap_allows(&map, text_of(cases[i].user), text_of(cases[i].sender), NULL), cases[i].may);
  list_free(&map);
}

static void the_empty_key_is_for_the_rest(void **state) {
  (void)state;
  struct list map;
  assert_int_equal(list_parse_map(&map, text_of(":=\n@closed.example:\n")), 0);
  assert_int_equal(1, sendermap_allows(&map, TEXT("bob"), TEXT("bob@any.example"), NULL));
  assert_int_equal(0, sendermap_allows(&map, TEXT("bob"), TEXT("al@any.example"), NULL));
  assert_int_equal(0, sendermap_allows(&map, TEXT("bob@any.example"), TEXT("bob@any.example@other.example"), NULL));
  assert_int_equal(0, sendermap_allows(&map, TEXT("bob"), TEXT("bob@closed.example"), NULL));
  list_free(&map);
}

static void a_line_is_for_both_forms_of_a_domain(void **state) {
  (void)state;
  struct list map;
  static const char *const senders[] = {"ceo@xn--bcher-kva.example",         "ceo@b\303\274cher.example",
                                        "ceo@B\303\234CHER.example",         "ceo@bu\314\210cher.example",
                                        "ceo@b\303\274cher\343\200\202example", "ceo@xn--bcher-kva.EXAMPLE"};
  static const char *const maps[] = {"ceo@xn--bcher-kva.example:ceo\n:*\n", "ceo@b\303\274cher.example:ceo\n:*\n",
                                     "@xn--bcher-kva.example:=\n:*\n", "@b\303\274cher.example:=\n:*\n"};
  for (size_t m = 0; m < COUNT(maps); m++) {
    assert_int_equal(list_parse_map(&map, text_of(maps[m])), 0);
    for (size_t i = 0; i < COUNT(senders); i++) {
      assert_int_equal(0, sendermap_allows(&map, TEXT("joe"), text_of(senders[i]), NULL));
      assert_int_equal(1, sendermap_allows(&map, TEXT("ceo"), text_of(senders[i]), NULL));
    }
    assert_int_equal(1, sendermap_allows(&map, TEXT("joe"), TEXT("ceo@\377.example"), NULL)); /* no other form */
    list_free(&map);
  }
}

static void without_a_line_there_is_no_rule(void **state) {
  (void)state;
  struct list map = {.count = 0};
  assert_int_equal(1, sendermap_allows(&map, TEXT("bob"), TEXT("al@any.example"), NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(lines_say_who_may),
    cmocka_unit_test(the_empty_key_is_for_the_rest),
    cmocka_unit_test(a_line_is_for_both_forms_of_a_domain),
    cmocka_unit_test(without_a_line_there_is_no_rule),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
