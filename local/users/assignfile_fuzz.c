/* Whatever the octets: every key and data is one that a look-up can find and
 * believe, and no key is there twice. */
#include "config.h"
#include "local/users/assignfile.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "local/assignentry.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static void check(bool holds) {
  if (!holds) abort();
}

static void ignore(void *context, size_t number, const char *what, struct text about) {
  (void)number, (void)what, (void)about;
  ++*(unsigned *)context;
}

static void check_entry(const struct assignfile *f, size_t i) {
  struct text key = assignfile_key(f, i), data = assignfile_data(f, i), fields[ASSIGN_FIELDS];
  uint64_t uid, gid;
  check(key.len > 0 && key.s[0] == '!');
  if (key.len > 1 && key.s[key.len - 1]) check(memchr(f->wildcards.s, key.s[key.len - 1], f->wildcards.len));
  for (size_t n = 0; n < ASSIGN_FIELDS; n++) check(text_cut(&data, 0, &fields[n]));
  check(!data.s && !assignentry_check(fields, &uid, &gid) && uid > 0);
  if (i > 0) check(!text_equal(assignfile_key(f, i - 1), key));
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct assignfile f = {0};
  unsigned told = 0;
  struct text text = {(const char *)octets, size};
  int r = assignfile_parse(&f, text, ignore, ignore, &told);
  check(r == 0 || told > 0);
  for (size_t i = 0; i < f.count; i++) check_entry(&f, i);
  assignfile_free(&f);
  return 0;
}
