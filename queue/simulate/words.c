#include "config.h"
#include "queue/simulate/words.h"
#include <string.h>

static const uint64_t second_us = 1000000, time_max_s = UINT64_C(10) * 366 * 86400, number_max = UINT32_MAX;

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static void skip_blanks(struct words *w) {
  while (w->rest.len && is_blank(w->rest.s[0])) w->rest.s++, w->rest.len--;
}

bool words_next(struct words *w, struct text *word) {
  skip_blanks(w);
  *word = (struct text){w->rest.s, 0};
  if (w->error) return false;
  while (w->rest.len && !is_blank(w->rest.s[0])) w->rest.s++, w->rest.len--, word->len++;
  return word->len > 0;
}

struct text words_want(struct words *w) {
  struct text word;
  if (!words_next(w, &word) && !w->error) w->error = "the line ends too early";
  return word;
}

struct text words_rest(struct words *w) {
  skip_blanks(w);
  struct text rest = w->rest;
  while (rest.len && is_blank(rest.s[rest.len - 1])) rest.len--;
  w->rest = (struct text){w->rest.s + w->rest.len, 0};
  return rest;
}

/* The last letter is taken off when it is a unit. */
static uint64_t take_unit(struct text *t) {
  static const struct {
    char letter;
    uint64_t seconds;
  } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
  for (size_t i = 0; t->len && i < sizeof units / sizeof units[0]; i++)
    if (t->s[t->len - 1] == units[i].letter) {
      t->len--;
      return units[i].seconds;
    }
  return 1;
}

/* Up to six digits behind the point. */
static bool parse_fraction(struct text t, uint64_t *us) {
  uint64_t digit_us = second_us;
  *us = 0;
  if (t.len == 0 || t.len > 6) return false;
  for (size_t i = 0; i < t.len; i++) {
    if (t.s[i] < '0' || t.s[i] > '9') return false;
    digit_us /= 10;
    *us += (uint64_t)(t.s[i] - '0') * digit_us;
  }
  return true;
}

static bool parse_time(struct text t, uint64_t *us) {
  uint64_t unit_s = take_unit(&t), seconds = 0, fraction_us = 0;
  const char *point = t.len ? memchr(t.s, '.', t.len) : NULL;
  size_t whole = point ? (size_t)(point - t.s) : t.len;
  if (point && !parse_fraction((struct text){point + 1, t.len - whole - 1}, &fraction_us)) return false;
  if (text_uint((struct text){t.s, whole}, &seconds) == -1 || seconds > time_max_s / unit_s) return false;
  *us = (seconds * second_us + fraction_us) * unit_s;
  return true;
}

static uint64_t time_of(struct words *w, struct text t) {
  uint64_t us = 0;
  if (!w->error && !parse_time(t, &us)) w->error = "a time is no number of seconds";
  return us;
}

uint64_t words_time(struct words *w) { return time_of(w, words_want(w)); }

struct span words_span(struct words *w) {
  struct text word = words_want(w);
  const char *dash = word.len ? memchr(word.s, '-', word.len) : NULL;
  size_t len = dash ? (size_t)(dash - word.s) : word.len;
  struct span span = {.from_us = time_of(w, (struct text){word.s, len})};
  span.to_us = dash ? time_of(w, (struct text){dash + 1, word.len - len - 1}) : span.from_us;
  if (!w->error && span.to_us < span.from_us) w->error = "a span of time ends before it begins";
  return span;
}

static uint64_t number_of(struct words *w, struct text t) {
  uint64_t number = 0;
  if (!w->error && (text_uint(t, &number) == -1 || number > number_max)) w->error = "a number is none";
  return number;
}

uint64_t words_number(struct words *w) { return number_of(w, words_want(w)); }

uint64_t words_percent(struct words *w) {
  uint64_t percent = words_number(w);
  if (percent > 100) w->error = "a percentage is over 100";
  return percent;
}

uint64_t words_rate(struct words *w, uint64_t *per_us) {
  struct text word = words_want(w);
  const char *slash = word.len ? memchr(word.s, '/', word.len) : NULL;
  size_t len = slash ? (size_t)(slash - word.s) : word.len;
  uint64_t number = number_of(w, (struct text){word.s, len});
  *per_us = slash ? time_of(w, (struct text){slash + 1, word.len - len - 1}) : 0;
  if (!w->error && (number == 0 || *per_us == 0)) w->error = "a rate is not of the form NUMBER/SECONDS";
  return number;
}
