/* Netstrings, from input that comes octet by octet and all at once. */
#include "config.h"
#include "smtpd/qmtp/netstring.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

struct input {
  struct text rest;
  size_t at_once;
};

static ssize_t give(void *context, char *to, size_t size) {
  struct input *i = context;
  size_t n = i->rest.len < i->at_once ? i->rest.len : i->at_once;
  if (n > size) n = size;
  memcpy(to, i->rest.s, n);
  i->rest = (struct text){i->rest.s + n, i->rest.len - n};
  return (ssize_t)n;
}

static struct line_reader reader; /* large */

static void open_input(struct input *i, const char *octets, size_t at_once) {
  *i = (struct input){text_of(octets), at_once};
  reader.source = give;
  reader.context = i;
  reader.at = reader.end = 0;
}

enum { MAX = 5 };

static const struct {
  const char *octets;
  const char *value; /* NULL: an error */
  int error;
  bool too_long;
} cases[] = {
  {"0:,", "", 0, false},
  {"3:abc,", "abc", 0, false},
  {"3:a:,,", "a:,", 0, false},
  {"5:12345,", "12345", 0, false},
  {"6:123456,", "", 0, true},
  {"12:123456123456,", "", 0, true},
  {"", NULL, ECONNRESET, false},
  {"3", NULL, ECONNRESET, false},
  {"3:", NULL, ECONNRESET, false},
  {"3:ab", NULL, ECONNRESET, false},
  {"3:abc", NULL, ECONNRESET, false},
  {"7:abc", NULL, ECONNRESET, false},
  {"3:abcd", NULL, EPROTO, false},
  {"3abc,", NULL, EPROTO, false},
  {":,", NULL, EPROTO, false},
  {"03:abc,", NULL, EPROTO, false},
  {"00:,", NULL, EPROTO, false},
  {" 3:abc,", NULL, EPROTO, false},
  {"-1:a,", NULL, EPROTO, false},
  {"+1:a,", NULL, EPROTO, false},
  {"0x1:a,", NULL, EPROTO, false},
  {"1000000000000000000:a", NULL, EPROTO, false},
  {"999999999999999999:a", NULL, ECONNRESET, false},
};

static void values_and_errors_are_found(void **state) {
  stralloc out = {0};
  (void)state;
  for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
    const char *octets = cases[i / 2].octets, *value = cases[i / 2].value;
    struct input input;
    bool too_long = false;
    open_input(&input, octets, i % 2 ? 1 : 1000);
    int r = netstring_read(&reader, NULL, MAX, &out, &too_long);
    if (r != (value ? 0 : -1)) fail_msg("%s: %d", octets, r);
    if (r == -1 && errno != cases[i / 2].error) fail_msg("%s: %s", octets, strerror(errno));
    if (r == 0 && !text_equals(text_of_stralloc(&out), value)) fail_msg("%s: not %s", octets, value);
    if (r == 0 && too_long != cases[i / 2].too_long) fail_msg("%s: too long or not", octets);
  }
  stralloc_free(&out);
}

static const struct {
  const char *octets; /* of a netstring of netstrings */
  const char *values; /* joined by spaces; NULL: EPROTO */
} lists[] = {
  {"0:,", ""},
  {"4:1:a,,", "a "},
  {"8:1:a,1:b,,", "a b "},
  {"3:0:,,", " "},
  {"3:1:a,,", NULL},   /* no room for the comma */
  {"7:1:a,2:b,,", NULL},
  {"4:9:a,,", NULL},
  {"1:1:a,,", NULL},
  {"2:1:a,,", NULL},
  {"4:1:ab,", NULL},
  {"5:1:a,1,", NULL},
  {"4:1:a,;", NULL},
};

static int read_list(stralloc *values) {
  struct netstring all;
  stralloc one = {0};
  bool too_long;
  int r = netstring_open(&all, &reader, NULL);
  while (r == 0 && all.left)
    if ((r = netstring_read(&reader, &all, MAX, &one, &too_long)) == 0)
      assert_true(stralloc_cat(values, &one) && stralloc_cats(values, " "));
  int saved = errno;
  stralloc_free(&one);
  errno = saved;
  return r == 0 ? netstring_close(&all) : r;
}

static void an_inner_one_does_not_pass_the_outer_ones_end(void **state) {
  stralloc values = {0};
  (void)state;
  for (size_t i = 0; i < 2 * sizeof lists / sizeof lists[0]; i++) {
    const char *octets = lists[i / 2].octets, *expected = lists[i / 2].values;
    struct input input;
    open_input(&input, octets, i % 2 ? 1 : 1000);
    stralloc_zero(&values);
    int r = read_list(&values);
    if (r != (expected ? 0 : -1)) fail_msg("%s: %d", octets, r);
    if (r == -1) assert_int_equal(errno, EPROTO);
    if (r == 0 && !text_equals(text_of_stralloc(&values), expected)) fail_msg("%s: wrong", octets);
  }
  stralloc_free(&values);
}

static void what_is_encoded_is_decoded(void **state) {
  static const char octets[] = "a,\0:\n";
  stralloc encoded = {0}, decoded = {0};
  struct input input;
  bool too_long;
  (void)state;
  assert_int_equal(text_cat_netstring(&encoded, (struct text){octets, 5}), 0);
  assert_true(stralloc_0(&encoded));
  open_input(&input, "", 1);
  input.rest = (struct text){encoded.s, encoded.len - 1};
  assert_int_equal(netstring_begins(&reader), 1);
  assert_int_equal(netstring_read(&reader, NULL, MAX, &decoded, &too_long), 0);
  assert_true(text_equal(text_of_stralloc(&decoded), (struct text){octets, 5}));
  assert_int_equal(netstring_begins(&reader), 0);
  stralloc_free(&encoded);
  stralloc_free(&decoded);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(values_and_errors_are_found),
    cmocka_unit_test(an_inner_one_does_not_pass_the_outer_ones_end),
    cmocka_unit_test(what_is_encoded_is_decoded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
