#include "config.h"
#include "lib/unittest.h"
#include "remote/tlswish.h"

static const struct {
  bool requiretls;
  const char *message;
  enum tls_wish wish;
} cases[] = {
  {false, "Subject: x\n\nTLS-Required: No\n", WISH_NOTHING},
  {false, "Subject: x\nTLS-Required: No\n\nbody\n", WISH_OPTIONAL},
  {false, "tls-required:no\n\n", WISH_OPTIONAL},
  {false, "TLS-Required: \n NO \n\n", WISH_OPTIONAL},
  {false, "TLS-Required: No", WISH_OPTIONAL},
  {false, "TLS-Required: Yes\n\n", WISH_NOTHING},
  {false, "TLS-Required: No way\n\n", WISH_NOTHING},
  {false, "TLS-Required:\n\n", WISH_NOTHING},
  {false, "X-TLS-Required: No\n\n", WISH_NOTHING},
  {false, "", WISH_NOTHING},
  {true, "TLS-Required: No\n\n", WISH_REQUIRED},
};

static void finds_wishes(void **state) {
  stralloc space = {0};
  (void)state;
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct envelope e = {.requiretls = cases[i].requiretls};
    struct body b = {.content = text_of(cases[i].message), .fd = -1, .size = strlen(cases[i].message)};
    print_message("%s\n", cases[i].message);
    assert_int_equal(tlswish_find(&e, &b, &space), cases[i].wish);
  }
  stralloc_free(&space);
}

static void knows_which_sessions_serve(void **state) {
  static const bool suits[3][3] = {/* message: */ {true, false, true}, {true, true, true}, {false, false, true}};
  (void)state;
  for (unsigned session = 0; session < 3; session++)
    for (unsigned message = 0; message < 3; message++)
      assert_int_equal(tlswish_suits((enum tls_wish)session, (enum tls_wish)message), suits[session][message]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(finds_wishes),
    cmocka_unit_test(knows_which_sessions_serve),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
