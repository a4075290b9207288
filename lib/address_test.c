#include "config.h"
#include "lib/address.h"
#include <stdlib.h>
#include "lib/envelope.h"
#include "lib/unittest.h"

static void splits_at_the_last_at(void **state) {
  (void)state;
  const struct {
    struct text address, local, domain;
  } cases[] = {
    {TEXT("user@host"), TEXT("user"), TEXT("host")},
    {TEXT("a@b@c"), TEXT("a@b"), TEXT("c")},
    {TEXT("user@"), TEXT("user"), TEXT("")},
    {TEXT("@host"), TEXT(""), TEXT("host")},
    {TEXT("user"), TEXT("user"), TEXT_ABSENT},
    {TEXT(""), TEXT(""), TEXT_ABSENT},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct text local, domain;
    assert_int_equal(address_split(cases[i].address, &local, &domain), cases[i].domain.s != NULL);
    assert_text(local, cases[i].local);
    assert_text(domain, cases[i].domain);
  }
}

static void parses_paths(void **state) {
  (void)state;
  const struct {
    struct text path;
    enum address_status status;
    struct text address, rest;
  } cases[] = {
    {TEXT("<user@host>"), ADDRESS_OK, TEXT("user@host"), TEXT("")},
    {TEXT("<user@host> SIZE=1"), ADDRESS_OK, TEXT("user@host"), TEXT(" SIZE=1")},
    {TEXT("<>"), ADDRESS_OK, TEXT(""), TEXT("")},
    {TEXT("<postmaster>"), ADDRESS_OK, TEXT("postmaster"), TEXT("")},
    {TEXT("<a.b+c/d=e@sub.host-1.ex>"), ADDRESS_OK, TEXT("a.b+c/d=e@sub.host-1.ex"), TEXT("")},
    {TEXT("<!#$%&'*+-/=?^_`{|}~@host>"), ADDRESS_OK, TEXT("!#$%&'*+-/=?^_`{|}~@host"), TEXT("")},
    {TEXT("<#@[]>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<\"\">"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<us\xc3\xa9r@h\xc3\xb6st>"), ADDRESS_OK, TEXT("us\xc3\xa9r@h\xc3\xb6st"), TEXT("")},
    /* quoted */
    {TEXT("<\"user\"@host>"), ADDRESS_OK, TEXT("user@host"), TEXT("")},
    {TEXT("<\"a b\"@host>"), ADDRESS_OK, TEXT("a b@host"), TEXT("")},
    {TEXT("<\"a@b\"@host>"), ADDRESS_OK, TEXT("a@b@host"), TEXT("")},
    {TEXT("<\"a\\\"b\\\\c\\d\"@host>"), ADDRESS_OK, TEXT("a\"b\\cd@host"), TEXT("")},
    {TEXT("<\"a>b\"@host>"), ADDRESS_OK, TEXT("a>b@host"), TEXT("")},
    {TEXT("<\"\"@host>"), ADDRESS_OK, TEXT("@host"), TEXT("")},
    {TEXT("<\"user\">"), ADDRESS_OK, TEXT("user"), TEXT("")},
    {TEXT("<\"user@host\">"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<\"\">"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<\"a\nb\"@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<\"a\\\nb\"@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<\"a\0b\"@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<\"a@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<\"a\\"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<\"a\"b@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<a\"b\"@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    /* source routes */
    {TEXT("<@one:user@host>"), ADDRESS_OK, TEXT("user@host"), TEXT("")},
    {TEXT("<@one,@two:user@host>"), ADDRESS_OK, TEXT("user@host"), TEXT("")},
    {TEXT("<@one>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<@one:>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<@one:@two:user@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<@one,@[192.0.2.1],@[IPv6:::1]:user@host>"), ADDRESS_OK, TEXT("user@host"), TEXT("")},
    {TEXT("<@one,two:user@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<@one,:user@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<@one @two:user@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<@:user@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<@one:>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<\"\\\xc3\xb6\"@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")}, /* no quoted-pairSMTP */
    /* literals */
    {TEXT("<user@[192.0.2.1]>"), ADDRESS_OK, TEXT("user@[192.0.2.1]"), TEXT("")},
    {TEXT("<user@[IPv6:2001:db8::1]>"), ADDRESS_OK, TEXT("user@[IPv6:2001:db8::1]"), TEXT("")},
    {TEXT("<user@[]>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<user@[192.0.2.1>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<user@[a@b]>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<user@[IPv6:::ffff:192.0.2.1]>"), ADDRESS_OK, TEXT("user@[IPv6:::ffff:192.0.2.1]"), TEXT("")},
    {TEXT("<user@[ipv6:::]>"), ADDRESS_OK, TEXT("user@[ipv6:::]"), TEXT("")},
    {TEXT("<user@[192.0.2.256]>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<user@[192.0.2]>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<user@[192.0.2.1.5]>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<user@[2001:db8::1]>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<user@[IPv6:192.0.2.1]>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<user@[IPv6:1::2::3]>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<user@[IPv6:]>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<user@[x400:abc]>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<user@[IPv6:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111]>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    /* domains and dots */
    {TEXT("<user@a_b.example>"), ADDRESS_OK, TEXT("user@a_b.example"), TEXT("")},
    {TEXT("<user@>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<user@host.>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<user@.host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<user@a..b>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<a..b@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<.a@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<a.@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<user@host@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<user@ho:st>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    /* blanks and brackets */
    {TEXT("user@host"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT(" <user@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("< user@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<user@host >"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<us er@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<user@host"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<<user@host>>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT(""), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<us\0er@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
    {TEXT("<us\x7f" "er@host>"), ADDRESS_SYNTAX, TEXT(""), TEXT("")},
  };
  stralloc out = {0};
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct text path = cases[i].path;
    enum address_status s = address_parse_path(&path, &out);
    if (s != cases[i].status) fail_msg("%.*s: %d", (int)path.len, path.s, (int)s);
    if (s == ADDRESS_OK) {
      assert_text(text_of_stralloc(&out), cases[i].address);
      assert_text(path, cases[i].rest);
    } else
      assert_ptr_equal(path.s, cases[i].path.s);
  }
  stralloc_free(&out);
}

static void refuses_what_is_too_long(void **state) {
  (void)state;
  static char path[ENVELOPE_ADDRESS_MAX + 4];
  stralloc out = {0};
  for (size_t len = ENVELOPE_ADDRESS_MAX - 1; len <= ENVELOPE_ADDRESS_MAX + 1; len++) {
    struct text t = {path, len + 2};
    memset(path, 'x', sizeof path);
    path[0] = '<', path[10] = '@', path[len + 1] = '>';
    bool fits = len <= ENVELOPE_ADDRESS_MAX;
    assert_int_equal(address_parse_path(&t, &out), fits ? ADDRESS_OK : ADDRESS_TOO_LONG);
    assert_int_equal(out.len, len);
  }
  stralloc_free(&out);
}

static void writes_addresses(void **state) {
  (void)state;
  const struct {
    struct text address, written;
  } cases[] = {
    {TEXT(""), TEXT("")},
    {TEXT("user@host"), TEXT("user@host")},
    {TEXT("user"), TEXT("user")},
    {TEXT("a b@host"), TEXT("\"a b\"@host")},
    {TEXT("a@b@host"), TEXT("\"a@b\"@host")},
    {TEXT("a\"b\\c@host"), TEXT("\"a\\\"b\\\\c\"@host")},
    {TEXT("a.@host"), TEXT("\"a.\"@host")},
    {TEXT("@host"), TEXT("\"\"@host")},
    {TEXT("\xc3\xb6@host"), TEXT("\xc3\xb6@host")},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    assert_int_equal(address_cat(&out, cases[i].address), 0);
    assert_text(text_of_stralloc(&out), cases[i].written);
    stralloc_free(&out);
  }
}

/* Whatever local-part there is, what is written is read as the same address. */
static void what_is_written_is_read_again(void **state) {
  (void)state;
  unsigned seed = 1;
  for (int round = 0; round < 20000; round++) {
    char address[32];
    size_t len = 0, local = (size_t)round % 12;
    stralloc written = {0}, read = {0};
    for (size_t i = 0; i < local; i++) {
      static const char often[] = ".@\"\\<>: ab\xc3";
      seed = seed * 1103515245u + 12345u;
      unsigned pick = seed >> 16;
      unsigned which = pick >> 1;
      address[len++] = pick & 1 ? often[which % (sizeof often - 1)] : (char)(32 + which % 95);
    }
    memcpy(address + len, "@host", 5);
    struct text original = {address, len + 5};
    assert_true(stralloc_cats(&written, "<"));
    assert_int_equal(address_cat(&written, original), 0);
    assert_true(stralloc_cats(&written, ">"));
    struct text path = text_of_stralloc(&written);
    assert_int_equal(address_parse_path(&path, &read), ADDRESS_OK);
    assert_text(text_of_stralloc(&read), original);
    assert_int_equal(path.len, 0);
    stralloc_free(&written);
    stralloc_free(&read);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(splits_at_the_last_at),
    cmocka_unit_test(parses_paths),
    cmocka_unit_test(refuses_what_is_too_long),
    cmocka_unit_test(writes_addresses),
    cmocka_unit_test(what_is_written_is_read_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
