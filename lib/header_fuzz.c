/* Whatever the octets: fields follow one another without a gap, and lie inside. */
#include "config.h"
#include "lib/header.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static void check(bool holds) {
  if (!holds) abort();
}

static void check_field(const struct header_field *f, struct text before) {
  check(f->whole.s == before.s && f->whole.len <= before.len);
  check(f->name.s == before.s && f->name.len > 0);
  check(f->value.s > f->name.s + f->name.len - 1);
  check(f->value.s + f->value.len <= f->whole.s + f->whole.len);
  (void)header_traits(header_classify(f->name));
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct text rest = {(const char *)octets, size}, before = rest;
  struct header_field f;
  while (header_next(&rest, &f)) {
    check_field(&f, before);
    check(rest.s == before.s + f.whole.len && rest.len == before.len - f.whole.len);
    before = rest;
  }
  check(rest.len == 0 || header_line(rest) != HEADER_LINE_FIELD);
  return 0;
}
