/* 8-bit messages, what they become, and that it does not matter how they are cut. */
#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "remote/downgrade.h"

#define QP "Content-Transfer-Encoding: quoted-printable\n"
#define PLAIN "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
#define MIXED(more) "MIME-Version: 1.0\nContent-Type: multipart/" more "\n\n"
#define X10 "xxxxxxxxxx"
#define X70 X10 X10 X10 X10 X10 X10 X10

static const struct {
  const char *name, *in, *out; /* NULL: cannot be changed */
} cases[] = {
  {"no MIME at all", "Subject: x\n\n\303\274 = 1\n", "Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=unknown-8bit\n" QP "\n=C3=BC =3D 1\n"},
  {"ASCII stays", PLAIN "Content-Transfer-Encoding: 8bit\n\na = b\n", PLAIN "Content-Transfer-Encoding: 8bit\n\na = b\n"},
  {"the label goes", PLAIN "Content-Transfer-Encoding:\n 8bit\nSubject: x\n\n\303\274\n", PLAIN "Subject: x\n" QP "\n=C3=BC\n"},
  {"no text behind the header", PLAIN, PLAIN},
  {"blanks at the end of a line", PLAIN "\n\303\274 \nb\t\n c\nd e \t", PLAIN QP "\n=C3=BC=20\nb=09\n c\nd e =09"},
  {"CR", PLAIN "\n\303\274\r\nb\rc\r\n", PLAIN QP "\n=C3=BC\nb c\n"},
  {"CR at the very end", PLAIN "\n\303\274\r\r", PLAIN QP "\n=C3=BC=20\n"},
  {"long lines", PLAIN "\n" X70 "abcde\n" X70 "abcdef\n" X70 "abc\303\274\n", PLAIN QP "\n" X70 "abcde\n" X70 "abcde=\nf\n" X70 "abc=\n=C3=BC\n"},
  {"a delimiter by a soft line end", PLAIN "\n\303\274" X70 "--b\n", PLAIN QP "\n=C3=BC" X10 X10 X10 X10 X10 X10 "xxxxxxxxx=\nx--b\n"},
  {"none that begins a line", PLAIN "\n" X70 "abcde--b\n\303\274\n", PLAIN QP "\n" X70 "abcde=\n=2D-b\n=C3=BC\n"},
  {"one part of two", MIXED("mixed; boundary=\"b b\"") "pre\303\274\n--b b\n\n\303\274\n--b b \nA: b\n\nascii=\n--b b--\n\303\274",
   MIXED("mixed; boundary=\"b b\"") "pre??\n--b b\n" QP "\n=C3=BC\n--b b \nA: b\n\nascii=\n--b b--\n??"},
  {"nothing becomes a delimiter", MIXED("mixed; boundary=\"b?\"") "--b\303\n\n\303\274\n--b?\n\n\303\274\n--b?--\n",
   MIXED("mixed; boundary=\"b?\"") "?-b?\n\n??\n--b?\n" QP "\n=C3=BC\n--b?--\n"},
  {"the label of the whole goes", "Content-Transfer-Encoding: 8bit\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n\303\274\n--b--\n",
   "Content-Type: multipart/mixed; boundary=b\n\n--b\n" QP "\n=C3=BC\n--b--\n"},
  {"parts within parts", MIXED("mixed; boundary=b") "--b\nContent-Type: multipart/alternative; x=\";\";\n BOUNDARY=bb\n\n--bb\n\n\303\274\n--bb--\n--bbb\n--b\n\n\303\274\n--b--\n",
   MIXED("mixed; boundary=b") "--b\nContent-Type: multipart/alternative; x=\";\";\n BOUNDARY=bb\n\n--bb\n" QP "\n=C3=BC\n--bb--\n--bbb\n--b\n" QP "\n=C3=BC\n--b--\n"},
  {"a message within", MIXED("mixed; boundary=b") "--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\nSubject: y\n\n\303\274\n--b--\n",
   MIXED("mixed; boundary=b") "--b\nContent-Type: message/rfc822\n\nSubject: y\nMIME-Version: 1.0\nContent-Type: text/plain; charset=unknown-8bit\n" QP "\n=C3=BC\n--b--\n"},
  {"a digest", MIXED("digest; boundary=b") "--b\n\nSubject: y\n" PLAIN "\n\303\274\n--b--\n", MIXED("digest; boundary=b") "--b\n\nSubject: y\n" PLAIN QP "\n=C3=BC\n--b--\n"},
  {"a header above 127 stays", "Subject: \303\274\n" PLAIN "\n\303\274\n", "Subject: \303\274\n" PLAIN QP "\n=C3=BC\n"},
  {"signed", MIXED("signed; boundary=b") "--b\n\n\303\274\n--b--\n", NULL},
  {"base64 that is none", PLAIN "Content-Transfer-Encoding: base64\n\n\303\274\n", NULL},
  {"a part of a message", "Content-Type: message/partial\n\n\303\274\n", NULL},
  {"multipart without a boundary", MIXED("mixed") "\303\274\n", NULL},
  {"a boundary above 127", MIXED("mixed; boundary=b\303\274") "--b\303\274\n\n\303\274\n", NULL},
  {"an encoded multipart", "Content-Transfer-Encoding: x-gzip\n" MIXED("mixed; boundary=b") "\303\274\n", NULL},
};

static void check_in_chunks(const char *in, size_t size, const char *expected) {
  struct downgrade d = {.is_impossible = false};
  stralloc out = {0};
  struct text whole = text_of(in);
  bool possible;
  downgrade_begin(&d);
  for (size_t i = 0; i < whole.len; i += size)
    assert_int_equal(downgrade_examine(&d, (struct text){in + i, size < whole.len - i ? size : whole.len - i}), 0);
  assert_int_equal(downgrade_examined(&d, &possible), 0);
  assert_int_equal(possible, expected != NULL);
  for (size_t i = 0; expected && i < whole.len; i += size)
    assert_int_equal(downgrade_write(&d, (struct text){in + i, size < whole.len - i ? size : whole.len - i}, &out), 0);
  assert_int_equal(downgrade_end(&d, &out), 0);
  assert_true(stralloc_0(&out));
  if (expected) assert_string_equal(out.s, expected);
  stralloc_free(&out);
  downgrade_free(&d);
}

static void messages(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    print_message("%s\n", cases[i].name);
    check_in_chunks(cases[i].in, 100000, cases[i].out);
    check_in_chunks(cases[i].in, 1, cases[i].out);
    check_in_chunks(cases[i].in, 7, cases[i].out);
  }
}

/* A line of 10,000 octets, which is taken in stretches. */
static void long_line(void **state) {
  enum { LINE = 10000 };
  static char in[LINE + 100], out[LINE + 1000];
  (void)state;
  strcpy(in, PLAIN "\n\303\274");
  strcpy(out, PLAIN QP "\n=C3=BC");
  size_t from = strlen(in), to = strlen(out), column = 6;
  for (size_t i = 0; i < LINE; i++) {
    if (column++ == 75) memcpy(out + to, "=\n", 2), to += 2, column = 1;
    in[from++] = out[to++] = 'x';
  }
  in[from] = out[to] = '\n';
  check_in_chunks(in, 4096, out);
  check_in_chunks(in, 999, out);
}

/* CR and LF of one line end, with the end of a stretch between them. */
static void line_end_across_stretches(void **state) {
  static char in[DOWNGRADE_LINE_MAX + 300], out[DOWNGRADE_LINE_MAX + 300];
  (void)state;
  strcpy(in, "X: ");
  memset(in + 3, 'x', DOWNGRADE_LINE_MAX - 4);
  memcpy(out, in, DOWNGRADE_LINE_MAX - 1);
  strcpy(in + DOWNGRADE_LINE_MAX - 1, "\r\n" PLAIN "\n\303\274\r");
  strcpy(out + DOWNGRADE_LINE_MAX - 1, "\n" PLAIN QP "\n=C3=BC\n");
  check_in_chunks(in, 100000, out);
  check_in_chunks(in, 1, out);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(messages), cmocka_unit_test(long_line),
                                     cmocka_unit_test(line_end_across_stretches)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
