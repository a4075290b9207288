/* Any message: what can be changed has the same parts afterwards, and no text
 * above 127; how it is cut does not matter. */
#include "config.h"
#include <stdlib.h>
#include "remote/downgrade.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

static void check(bool holds) {
  if (!holds) abort();
}

static bool examine(struct downgrade *d, struct text t, size_t step) {
  bool possible;
  downgrade_begin(d);
  for (size_t i = 0; i < t.len; i += step)
    check(downgrade_examine(d, (struct text){t.s + i, step < t.len - i ? step : t.len - i}) == 0);
  check(downgrade_examined(d, &possible) == 0);
  return possible;
}

static void write_all(struct downgrade *d, struct text t, size_t step, stralloc *out) {
  stralloc_zero(out);
  for (size_t i = 0; i < t.len; i += step)
    check(downgrade_write(d, (struct text){t.s + i, step < t.len - i ? step : t.len - i}, out) == 0);
  check(downgrade_end(d, out) == 0);
}

/* Nothing is left to do for what has been done. */
static void check_result(struct text result) {
  struct downgrade d = {.is_impossible = false};
  check(examine(&d, result, result.len + 1));
  for (size_t i = 0; i < d.parts.len; i++) check(d.parts.s[i] != PART_QUOTED);
  downgrade_free(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len) {
  struct text message = {(const char *)octets, len};
  struct downgrade d = {.is_impossible = false};
  stralloc whole = {0}, cut = {0};
  bool possible = examine(&d, message, len + 1);
  if (possible) write_all(&d, message, len + 1, &whole);
  check(examine(&d, message, 3) == possible);
  if (possible) {
    write_all(&d, message, 3, &cut);
    check(text_equal(text_of_stralloc(&whole), text_of_stralloc(&cut)));
    check_result(text_of_stralloc(&whole));
  }
  stralloc_free(&whole);
  stralloc_free(&cut);
  downgrade_free(&d);
  return 0;
}
