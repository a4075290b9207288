#include "config.h"
#include "queue/owlq/screen.h"
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "lib/clock.h"
#include "queue/owlq/utf8.h"

enum { COLUMNS_LEAST = 72, COLUMNS_DEFAULT = 80 };

/* The next character of *t, to be shown; *t is moved behind it. */
static struct text next_shown(struct text *t, size_t *columns) {
  uint32_t character = 0;
  size_t n = utf8_first(*t, &character);
  bool safe = n && utf8_is_safe(character);
  struct text shown = safe ? (struct text){t->s, n} : text_of("?");
  *columns = safe ? utf8_columns(character) : 1;
  t->s += n ? n : 1;
  t->len -= n ? n : 1;
  return shown;
}

int screen_cat_cleaned(stralloc *out, struct text t) {
  size_t columns;
  while (t.len)
    if (text_cat(out, next_shown(&t, &columns)) == -1) return -1;
  return 0;
}

size_t screen_width(struct text t) {
  size_t sum = 0, columns;
  while (t.len) {
    next_shown(&t, &columns);
    sum += columns;
  }
  return sum;
}

static int cat_cut(stralloc *out, struct text t, size_t *left) {
  size_t columns;
  bool cut = screen_width(t) > *left;
  while (t.len) {
    struct text shown = next_shown(&t, &columns);
    if (columns + cut > *left) break;
    if (text_cat(out, shown) == -1) return -1;
    *left -= columns;
  }
  if (cut && *left && !stralloc_cats(out, ">")) return -1;
  if (cut && *left) --*left;
  return 0;
}

int screen_cat_column(stralloc *out, struct text t, size_t width) {
  if (!width) return screen_cat_cleaned(out, t);
  if (cat_cut(out, t, &width) == -1) return -1;
  while (width--)
    if (!stralloc_append(out, " ")) return -1;
  return 0;
}

/* ---- ages and sizes */

static int cat_unit(stralloc *out, uint64_t number, const char *unit) {
  return text_cat_uint(out, number) == 0 && stralloc_cats(out, unit) ? 0 : -1;
}

int screen_cat_age(stralloc *out, uint64_t s) {
  static const struct {
    uint64_t seconds;
    const char *name, *smaller;
    uint64_t smaller_s;
  } units[] = {{86400, "d", "h", 3600}, {3600, "h", "m", 60}, {60, "m", "s", 1}};
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
    if (s < units[i].seconds) continue;
    if (cat_unit(out, s / units[i].seconds, units[i].name) == -1) return -1;
    uint64_t rest = s % units[i].seconds / units[i].smaller_s;
    bool too_long = s >= 100 * UINT64_C(86400);
    return rest && !too_long ? cat_unit(out, rest, units[i].smaller) : 0;
  }
  return cat_unit(out, s, "s");
}

int screen_cat_size(stralloc *out, uint64_t octets) {
  static const char *const units[] = {"", "K", "M", "G", "T", "P", "E"};
  size_t unit = 0;
  uint64_t tenths = 0;
  for (; octets > 9999 || (unit && octets >= 1000); unit++) {
    tenths = octets % 1024 * 10 / 1024;
    octets /= 1024;
  }
  if (text_cat_uint(out, octets) == -1) return -1;
  if (unit && octets < 10 && (!stralloc_cats(out, ".") || text_cat_uint(out, tenths) == -1)) return -1;
  return stralloc_cats(out, units[unit]) ? 0 : -1;
}

/* ---- on standard output */

static void print_and_free(stralloc *line, int r) {
  if (r == 0 && line->len) fwrite(line->s, 1, line->len, stdout);
  stralloc_free(line);
}

void screen_text(struct text t) {
  stralloc line = {0};
  print_and_free(&line, screen_cat_cleaned(&line, t));
}

void screen_date(uint64_t wall_us) {
  stralloc line = {0};
  print_and_free(&line, clock_cat_date(&line, wall_us));
}

void screen_age(uint64_t seconds) {
  stralloc line = {0};
  print_and_free(&line, screen_cat_age(&line, seconds));
}

size_t screen_columns(void) {
  struct winsize size;
  if (!isatty(1)) return 0;
  if (ioctl(1, TIOCGWINSZ, &size) == -1 || size.ws_col == 0) return COLUMNS_DEFAULT;
  return size.ws_col > COLUMNS_LEAST ? size.ws_col : COLUMNS_LEAST;
}
