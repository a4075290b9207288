#include "config.h"
#include "lib/line.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

/* A peer that sends its octets in pieces of the given sizes. */
struct peer {
  struct text octets;
  size_t at, first, then;
  int end; /* 0: closes; else fails with this errno */
};

static ssize_t give(void *context, char *to, size_t size) {
  struct peer *p = context;
  size_t n = p->at == 0 && p->first ? p->first : p->then;
  if (n > p->octets.len - p->at) n = p->octets.len - p->at;
  if (n > size) n = size;
  if (n == 0 && p->end) return errno = p->end, -1;
  memcpy(to, p->octets.s + p->at, n);
  p->at += n;
  return (ssize_t)n;
}

static const struct {
  const char *name;
  const char *sent;
  const char *line;
  size_t max;
  enum line_status status, next; /* next: of the line behind it */
} cases[] = {
  {"exactly at max", "NOOP\r\n", "NOOP", 6, LINE_OK, LINE_EOF},
  {"one octet over", "NOOPS\r\n", NULL, 6, LINE_TOO_LONG, LINE_EOF},
  {"far over", "NOOPNOOPNOOPNOOP\r\nx\r\n", NULL, 6, LINE_TOO_LONG, LINE_OK},
  {"empty", "\r\n", "", 6, LINE_OK, LINE_EOF},
  {"two lines", "a\r\nb\r\n", "a", 6, LINE_OK, LINE_OK},
  {"closed at once", "", NULL, 6, LINE_EOF, LINE_EOF},
  {"closed in mid-line", "NOO", NULL, 6, LINE_EOF, LINE_EOF},
  {"closed after CR", "NOO\r", NULL, 6, LINE_EOF, LINE_EOF},
  {"bare LF", "a\nb\r\n", NULL, 6, LINE_BARE_LF, LINE_OK},
  {"LF alone", "\n", NULL, 6, LINE_BARE_LF, LINE_EOF},
  {"LF CR", "\n\r\n", NULL, 6, LINE_BARE_LF, LINE_OK},
  {"bare CR", "a\rb\r\nc\r\n", NULL, 6, LINE_BARE_CR, LINE_OK},
  {"two CR before LF", "a\r\r\nc\r\n", NULL, 6, LINE_BARE_CR, LINE_OK},
  {"CR first", "\ra\r\n", NULL, 6, LINE_BARE_CR, LINE_EOF},
  {"bare CR, then bare LF", "a\rb\nc\r\n", NULL, 6, LINE_BARE_LF, LINE_OK},
  {"too long and bare CR", "aaaaaaaaa\raaaaaa\r\n", NULL, 6, LINE_BARE_CR, LINE_EOF},
  {"8-bit octets", "\xc3\xa9\r\n", "\xc3\xa9", 6, LINE_OK, LINE_EOF},
};

static struct line_reader reader;

static void assert_case(size_t i, size_t first, size_t then) {
  struct peer p = {text_of(cases[i].sent), 0, first, then, 0};
  stralloc line = {0};
  reader.source = give;
  reader.context = &p;
  reader.at = reader.end = 0;
  enum line_status s = line_read(&reader, &line, cases[i].max);
  if (s != cases[i].status) fail_msg("%s, cut at %zu: status %d", cases[i].name, first, s);
  if (cases[i].line && !text_equals(text_of_stralloc(&line), cases[i].line))
    fail_msg("%s, cut at %zu: wrong line", cases[i].name, first);
  s = line_read(&reader, &line, 100);
  if (s != cases[i].next) fail_msg("%s, cut at %zu: next status %d", cases[i].name, first, s);
  stralloc_free(&line);
}

static void cases_hold_however_the_octets_come(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    assert_case(i, 0, 1);
    for (size_t cut = 0; cut <= strlen(cases[i].sent); cut++) assert_case(i, cut, 1000);
  }
}

static void nul_passes(void **state) {
  struct peer p = {{"a\0b\r\n", 5}, 0, 0, 1000, 0};
  stralloc line = {0};
  (void)state;
  reader.source = give;
  reader.context = &p;
  reader.at = reader.end = 0;
  assert_int_equal(line_read(&reader, &line, 10), LINE_OK);
  assert_int_equal(line.len, 3);
  assert_memory_equal(line.s, "a\0b", 3);
  stralloc_free(&line);
}

static void a_failing_read_is_told(void **state) {
  struct peer p = {text_of("NOO"), 0, 0, 1000, ETIMEDOUT};
  stralloc line = {0};
  (void)state;
  reader.source = give;
  reader.context = &p;
  reader.at = reader.end = 0;
  assert_int_equal(line_read(&reader, &line, 10), LINE_ERROR);
  assert_int_equal(errno, ETIMEDOUT);
  stralloc_free(&line);
}

static void memory_is_bounded(void **state) {
  static char many[3 * LINE_BUFFER_OCTETS];
  struct peer p = {{many, sizeof many}, 0, 0, LINE_BUFFER_OCTETS, 0};
  stralloc line = {0};
  (void)state;
  memset(many, 'a', sizeof many);
  memcpy(many + sizeof many - 2, "\r\n", 2);
  reader.source = give;
  reader.context = &p;
  reader.at = reader.end = 0;
  assert_int_equal(line_read(&reader, &line, 512), LINE_TOO_LONG);
  assert_true(line.a < 1024);
  stralloc_free(&line);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(cases_hold_however_the_octets_come),
    cmocka_unit_test(nul_passes),
    cmocka_unit_test(a_failing_read_is_told),
    cmocka_unit_test(memory_is_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
