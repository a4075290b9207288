#include "config.h"
#include "smtpd/talker/data.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#define T(LITERAL) {LITERAL, sizeof(LITERAL) - 1}

static const struct {
  const char *name;
  struct text sent, stored;
  size_t left; /* octets behind the end of the data */
  bool ended, bare_cr, bare_lf;
} cases[] = {
  {"empty message", T(".\r\n"), T(""), 0, true, false, false},
  {"one line", T("a\r\n.\r\n"), T("a\n"), 0, true, false, false},
  {"empty lines", T("\r\n\r\n.\r\n"), T("\n\n"), 0, true, false, false},
  {"pipelined command", T("a\r\n.\r\nQUIT\r\n"), T("a\n"), 6, true, false, false},
  {"stuffed dot", T("..\r\n..a\r\n.\r\n"), T(".\n.a\n"), 0, true, false, false},
  {"dot not doubled", T(".a\r\n.\r\n"), T("a\n"), 0, true, false, false},
  {"dot inside a line", T("a.\r\n.\r\n"), T("a.\n"), 0, true, false, false},
  {"NUL and 8 bit", T("a\0\xff\r\n.\r\n"), T("a\0\xff\n"), 0, true, false, false},
  {"LF . LF", T("a\n.\nMAIL\r\n"), T(""), 0, false, false, true},
  {"LF . CRLF", T("a\n.\r\nMAIL\r\n"), T(""), 0, false, false, true},
  {"CRLF . LF", T("a\r\n.\nMAIL\r\n"), T(""), 0, false, false, true},
  {"CR . CR", T("a\r.\rMAIL\r\n"), T(""), 0, false, true, false},
  {"CR . CRLF", T("a\r.\r\nMAIL\r\n"), T(""), 0, false, true, false},
  {"CRLF . CR", T("a\r\n.\rMAIL\r\n"), T(""), 0, false, true, false},
  {"CRLF . CR CRLF", T("a\r\n.\r\r\nMAIL\r\n"), T(""), 0, false, true, false},
  {"CR CRLF . CRLF", T("a\r\r\n.\r\n"), T(""), 0, true, true, false},
  {"LF CR . CR LF", T("a\n\r.\r\nMAIL\r\n"), T(""), 0, false, true, true},
  {"LF at once", T("\n.\r\nMAIL\r\n"), T(""), 0, false, false, true},
  {". LF at once", T(".\nMAIL\r\n"), T(""), 0, false, false, true},
  {". CR NUL LF", T("a\r\n.\r\0\nMAIL\r\n"), T(""), 0, false, true, true},
  {"bare LF, then the true end", T("a\nb\r\n.\r\n"), T(""), 0, true, false, true},
  {"bare CR, then the true end", T("a\rb\r\n.\r\n"), T(""), 0, true, true, false},
  {"smuggled end, then the true end", T("a\n.\r\nMAIL\r\n.\r\nQ"), T(""), 1, true, false, true},
  {"no end", T("a\r\n."), T("a\n"), 0, false, false, false},
};

/* Decodes in pieces: [0,one), [one,two), the rest. */
static size_t decode(struct data *d, struct text sent, size_t one, size_t two, char *out) {
  size_t cuts[] = {one, two, sent.len}, at = 0, stored = 0;
  for (unsigned i = 0; i < 3 && d->state != DATA_END; i++) {
    struct text in = {sent.s + at, cuts[i] - at};
    size_t room = in.len;
    size_t n = data_decode(d, &in, out + stored);
    assert_true(n <= room);
    stored += n;
    at = (size_t)(in.s - sent.s);
    if (d->state != DATA_END) assert_int_equal(at, cuts[i]);
  }
  return stored | at << 16;
}

static void assert_case(size_t i, size_t one, size_t two) {
  struct data d = {0};
  char out[256];
  size_t r = decode(&d, cases[i].sent, one, two, out);
  size_t stored = r & 0xffff, left = cases[i].sent.len - (r >> 16);
  if ((d.state == DATA_END) != cases[i].ended || d.bare_cr != cases[i].bare_cr ||
      d.bare_lf != cases[i].bare_lf || left != cases[i].left)
    fail_msg("%s, cut at %zu and %zu: state %d, cr %d, lf %d, left %zu", cases[i].name, one, two,
             d.state, d.bare_cr, d.bare_lf, left);
  if (!d.bare_cr && !d.bare_lf && !text_equal((struct text){out, stored}, cases[i].stored))
    fail_msg("%s, cut at %zu and %zu: wrong octets", cases[i].name, one, two);
}

static void terminators_are_told_apart_at_every_split(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    for (size_t one = 0; one <= cases[i].sent.len; one++)
      for (size_t two = one; two <= cases[i].sent.len; two++) assert_case(i, one, two);
}

static const struct {
  struct text sent;
  uint64_t hops;
} headers[] = {
  {T("Received: a\r\nRECEIVED:b\r\nDelivered-To: c\r\n\r\n.\r\n"), 3},
  {T("Subject: a\r\n Received: folded\r\n\r\n.\r\n"), 0},
  {T("Received-SPF: a\r\nX-Received: b\r\nReceive: c\r\n\r\n.\r\n"), 0},
  {T("Received: a\r\n\r\nReceived: in the body\r\n.\r\n"), 1},
  {T("\r\nReceived: in the body\r\n.\r\n"), 0},
  {T("..\r\n.Received: unstuffed\r\n.\r\n"), 1},
};

static void hops_are_header_fields(void **state) {
  char out[256];
  (void)state;
  for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
    for (size_t cut = 0; cut <= headers[i].sent.len; cut++) {
      struct data d = {0};
      decode(&d, headers[i].sent, cut, cut, out);
      assert_int_equal(d.state, DATA_END);
      if (d.hops != headers[i].hops) fail_msg("case %zu, cut at %zu: %d", i, cut, (int)d.hops);
    }
}

static void size_counts_line_ends_as_two(void **state) {
  struct data d = {0};
  char out[64];
  (void)state;
  decode(&d, (struct text)T("..ab\r\n\r\n.\r\n"), 3, 7, out);
  assert_int_equal(d.size, 7);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(terminators_are_told_apart_at_every_split),
    cmocka_unit_test(hops_are_header_fields),
    cmocka_unit_test(size_counts_line_ends_as_two),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
