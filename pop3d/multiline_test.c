#include "config.h"
#include "pop3d/multiline.h"
#include "lib/unittest.h"

static void encode(struct text in, uint64_t body_lines, size_t step, stralloc *out) {
  struct multiline m = {.body_lines = body_lines};
  stralloc_zero(out);
  for (size_t at = 0; at < in.len; at += step)
    assert_int_equal(multiline_put(&m, (struct text){in.s + at, in.len - at < step ? in.len - at : step}, out), 0);
  assert_int_equal(multiline_end(&m, out), 0);
}

static void messages_become_lines(void **state) {
  (void)state;
  const struct {
    struct text in;
    uint64_t body_lines;
    struct text out;
  } cases[] = {
    {TEXT(""), MULTILINE_ALL, TEXT(".\r\n")},
    {TEXT("a\nb\n"), MULTILINE_ALL, TEXT("a\r\nb\r\n.\r\n")},
    {TEXT("a\r\nb\r\n"), MULTILINE_ALL, TEXT("a\r\nb\r\n.\r\n")},
    {TEXT(".\n..x\na."), MULTILINE_ALL, TEXT("..\r\n...x\r\na.\r\n.\r\n")},
    {TEXT("a\rb\r\r\nc\r"), MULTILINE_ALL, TEXT("a\rb\r\r\nc\r\n.\r\n")},
    {TEXT("\r.\n"), MULTILINE_ALL, TEXT("\r.\r\n.\r\n")},
    {TEXT("x\0y\xff\n"), MULTILINE_ALL, TEXT("x\0y\xff\r\n.\r\n")},
    {TEXT("H: 1\nI: 2\n\none\ntwo\nthree\n"), 0, TEXT("H: 1\r\nI: 2\r\n\r\n.\r\n")},
    {TEXT("H: 1\nI: 2\n\none\ntwo\nthree\n"), 2, TEXT("H: 1\r\nI: 2\r\n\r\none\r\ntwo\r\n.\r\n")},
    {TEXT("H: 1\r\n\r\none\n\ntwo\n"), 2, TEXT("H: 1\r\n\r\none\r\n\r\n.\r\n")},
    {TEXT("H: 1\n\none"), 5, TEXT("H: 1\r\n\r\none\r\n.\r\n")},
    {TEXT("no body\n"), 0, TEXT("no body\r\n.\r\n")},
    {TEXT("\nfirst\n"), 0, TEXT("\r\n.\r\n")},
  };
  stralloc out = {0};
  for (size_t i = 0; i < COUNT(cases); i++)
    for (size_t step = 1; step < 9; step++) {
      print_message("%zu by %zu\n", i, step);
      encode(cases[i].in, cases[i].body_lines, step, &out);
      assert_text(text_of_stralloc(&out), cases[i].out);
    }
  stralloc_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(messages_become_lines)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
