/* The table of control files and owlpost-control(5) say the same. */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include "lib/control.h"
#include "lib/unittest.h"

enum { LINE_OCTETS = 512 };

static FILE *open_page(void) {
  char path[LINE_OCTETS];
  const char *folder = getenv("srcdir");
  snprintf(path, sizeof path, "%s/man/owlpost-control.5", folder ? folder : "..");
  FILE *page = fopen(path, "r");
  assert_non_null(page);
  return page;
}

static bool read_line(FILE *page, char *line) {
  if (!fgets(line, LINE_OCTETS, page)) return false;
  line[strcspn(line, "\n")] = 0;
  return true;
}

static const char *type_of(const struct control_row *row) {
  switch (row->type) {
    case CONTROL_TEXT: return "Text";
    case CONTROL_LIST: return "List";
    case CONTROL_MAP: return "Map";
    case CONTROL_NUMBER: return "Number";
    case CONTROL_SECONDS: return "Seconds";
    case CONTROL_OCTETS: return "Octets";
  }
  return "";
}

static const char *default_of(const struct control_row *row, char *space) {
  if (!*row->fallback) return "none";
  if (*row->fallback == '/') return "chosen when owlpost is built";
  if (strcmp(row->fallback, "=hostname") == 0) return "the system's host name";
  if (*row->fallback != '=') return row->fallback;
  int len = (int)strcspn(row->fallback + 1, "|");
  const char *last = row->fallback + 1 + len;
  snprintf(space, LINE_OCTETS, "the value of %.*s%s%s", len, row->fallback + 1, *last ? ", else " : "",
           *last ? last + 1 : "");
  return space;
}

/* Every entry is a row, in the same order, and none is missing. */
static void the_page_has_the_table_s_rows(void **state) {
  (void)state;
  char line[LINE_OCTETS], space[LINE_OCTETS], expected[2 * LINE_OCTETS];
  FILE *page = open_page();
  unsigned row = 0;
  while (read_line(page, line) && strcmp(line, ".Sh CONTROL FILES") != 0) {}
  while (read_line(page, line) && strcmp(line, ".El") != 0) {
    if (strncmp(line, ".It ", 4) != 0) continue;
    if (row == CONTROL_COUNT) fail_msg("\"%s\" is not in the table", line);
    const struct control_row *r = &control_table[row++];
    snprintf(expected, sizeof expected, ".It Pa %s", r->name);
    assert_string_equal(line, expected);
    assert_true(read_line(page, line));
    snprintf(expected, sizeof expected, "%s; default %s; read by %s.", type_of(r),
             default_of(r, space), r->readers);
    assert_string_equal(line, expected);
  }
  if (row < CONTROL_COUNT) fail_msg("%s has no entry", control_table[row].name);
  fclose(page);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_page_has_the_table_s_rows)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
