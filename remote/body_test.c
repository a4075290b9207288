#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "remote/body.h"

static const struct {
  const char *name, *in, *out;
} cases[] = {
  {"one line", "hello\n", "hello\r\n.\r\n"},
  {"empty body", "", ".\r\n"},
  {"no line end", "hello", "hello\r\n.\r\n"},
  {"empty lines", "\n\n", "\r\n\r\n.\r\n"},
  {"a dot", ".\n", "..\r\n.\r\n"},
  {"a dot without line end", ".", "..\r\n.\r\n"},
  {"dots", "a\n..b\n.\n", "a\r\n...b\r\n..\r\n.\r\n"},
  {"a dot within a line", "a.b.\n", "a.b.\r\n.\r\n"},
  {"CRLF is one line end", "a\r\n.b\r\n", "a\r\n..b\r\n.\r\n"},
  {"CR within a line", "a\rb\n", "a b\r\n.\r\n"},
  {"CR before CRLF", "a\r\r\n", "a \r\n.\r\n"},
  {"no smuggled end by CR", "a\r.\r\nMAIL\n", "a .\r\nMAIL\r\n.\r\n"},
  {"no smuggled end by CR alone", "a\r.\rMAIL\n", "a . MAIL\r\n.\r\n"},
  {"CR then a dot at line start", "\r.\n", " .\r\n.\r\n"},
  {"CR at the end", "a\r", "a\r\n.\r\n"},
  {"CR alone", "\r", "\r\n.\r\n"},
  {"CRs at the end", "a\r\r", "a \r\n.\r\n"},
  {"LF dot LF", "a\n.\nb\n", "a\r\n..\r\nb\r\n.\r\n"},
};

static void expect(const char *name, struct text in, size_t step, const char *out) {
  struct body_encoder e = {0};
  stralloc wire = {0};
  assert_int_equal(stralloc_copys(&wire, ""), 1);
  for (size_t i = 0; i < in.len; i += step) {
    size_t len = in.len - i < step ? in.len - i : step;
    assert_int_equal(body_encode(&e, (struct text){in.s + i, len}, &wire), 0);
  }
  assert_int_equal(body_encode_end(&e, &wire), 0);
  print_message("%s, by %zu\n", name, step);
  assert_true(text_equals(text_of_stralloc(&wire), out));
  stralloc_free(&wire);
}

static void table(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (size_t step = 1; step <= 4; step++)
      expect(cases[i].name, text_of(cases[i].in), step, cases[i].out);
}

/* What must hold whatever the queue file has in it. */
static void assert_wire_form(struct text wire) {
  assert_true(wire.len >= 3 && memcmp(wire.s + wire.len - 3, ".\r\n", 3) == 0);
  for (size_t i = 0; i < wire.len; i++) {
    if (wire.s[i] == '\r') assert_true(i + 1 < wire.len && wire.s[i + 1] == '\n');
    if (wire.s[i] == '\n') assert_true(i > 0 && wire.s[i - 1] == '\r');
    bool line_start = i == 0 || wire.s[i - 1] == '\n';
    if (line_start && wire.s[i] == '.' && i != wire.len - 3) assert_int_equal(wire.s[i + 1], '.');
  }
}

/* As a chunk it has exactly the size that was told. */
static void assert_chunk_form(struct body *b, stralloc *space, stralloc *wire) {
  for (int exact = 0; exact < 2; exact++) {
    struct body_encoder e = {.is_chunk = true, .is_exact = exact};
    struct survey survey;
    b->is_exact = exact;
    stralloc_zero(wire);
    assert_int_equal(body_encode(&e, b->content, wire), 0);
    assert_int_equal(body_encode_end(&e, wire), 0);
    assert_int_equal(body_survey(b, space, &survey), 0);
    assert_int_equal(survey.wire_octets, wire->len);
    uint64_t size = survey.wire_octets;
    for (size_t i = 0; i < wire->len; i++)
      if (wire->s[i] == '\r') assert_true(i + 1 < wire->len && wire->s[i + 1] == '\n');
    if (!exact && size) assert_int_equal(wire->s[size - 1], '\n');
    if (exact && b->size && b->content.s[b->size - 1] != '\n') assert_int_not_equal(wire->s[size - 1], '\n');
  }
}

/* Every body of up to seven octets of these four. */
static void every_short_body(void **state) {
  static const char alphabet[] = "a.\r\n";
  stralloc wire = {0}, space = {0};
  (void)state;
  for (unsigned len = 0; len <= 7; len++)
    for (unsigned n = 0; n < 1u << (2 * len); n++) {
      char in[8] = "";
      for (unsigned i = 0; i < len; i++) in[i] = alphabet[(n >> (2 * i)) & 3];
      struct body_encoder e = {0};
      struct body b = {{in, len}, -1, len, false, NULL};
      struct survey survey;
      uint64_t dots = 0;
      stralloc_zero(&wire);
      assert_int_equal(body_encode(&e, (struct text){in, len}, &wire), 0);
      assert_int_equal(body_encode_end(&e, &wire), 0);
      assert_wire_form(text_of_stralloc(&wire));
      for (size_t i = 0; i + 3 < wire.len; i++) dots += wire.s[i] == '.' && (i == 0 || wire.s[i - 1] == '\n');
      assert_int_equal(body_survey(&b, &space, &survey), 0);
      assert_int_equal(survey.wire_octets, wire.len - 3 - dots);
      assert_chunk_form(&b, &space, &wire);
    }
  stralloc_free(&wire);
  stralloc_free(&space);
}

static void finds_octets_above_127(void **state) {
  static const struct {
    const char *body;
    bool header, text;
  } rows[] = {
    {"Subject: x\n\nbody\n", false, false},       {"Subject: \303\274\n\nbody\n", true, false},
    {"Subject: x\n\n\303\274", false, true},      {"Subject: x\r\n\r\n\303\274\n", false, true},
    {"Subject: x\r\n \303\274\r\n\r\n", true, false}, {"\n\377", false, true},
    {"\377", true, false},                          {"a\r\r\n\377\n\n\377", true, true},
  };
  stralloc space = {0};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct body b = {text_of(rows[i].body), -1, strlen(rows[i].body), false, NULL};
    struct survey s;
    assert_int_equal(body_survey(&b, &space, &s), 0);
    if (s.eightbit_header != rows[i].header || s.eightbit_text != rows[i].text) fail_msg("%s", rows[i].body);
  }
  stralloc_free(&space);
}

static void from_descriptor(void **state) {
  FILE *f = tmpfile();
  stralloc space = {0};
  struct text chunk;
  struct survey survey;
  (void)state;
  assert_non_null(f);
  for (int i = 0; i < 10000; i++) fputs("0123456789\n", f);
  fflush(f);
  struct body b = {TEXT_ABSENT, fileno(f), 110000, false, NULL};
  assert_int_equal(body_survey(&b, &space, &survey), 0);
  assert_int_equal(survey.wire_octets, 120000);
  assert_int_equal(body_chunk(&b, BODY_CHUNK_OCTETS, &space, &chunk), 0);
  assert_int_equal(chunk.len, 110000 - BODY_CHUNK_OCTETS);
  b.size++; /* the file is shorter than the job says */
  assert_int_equal(body_chunk(&b, BODY_CHUNK_OCTETS, &space, &chunk), -1);
  assert_int_equal(body_survey(&b, &space, &survey), -1);
  stralloc_free(&space);
  fclose(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(table),
    cmocka_unit_test(every_short_body),
    cmocka_unit_test(finds_octets_above_127),
    cmocka_unit_test(from_descriptor),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
