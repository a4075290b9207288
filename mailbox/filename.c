#include "config.h"
#include "mailbox/filename.h"
#include <string.h>

enum { SECOND_US = 1000000 };

bool filename_is_message(const char *name) { return *name && *name != '.' && *name != ':'; }

static size_t digits(struct text t) {
  size_t n = 0;
  while (n < t.len && t.s[n] >= '0' && t.s[n] <= '9') n++;
  return n;
}

/* The number that follows this mark, up to the next comma or the end. */
static uint64_t number_behind(struct text base, const char *mark) {
  size_t len = strlen(mark);
  const char *at = base.len ? memmem(base.s, base.len, mark, len) : NULL;
  if (!at) return SIZE_UNKNOWN;
  struct text rest = {at + len, base.len - (size_t)(at - base.s) - len};
  size_t n = digits(rest);
  uint64_t value;
  if (n < rest.len && rest.s[n] != ',') return SIZE_UNKNOWN;
  if (text_uint((struct text){rest.s, n}, &value) == -1 || value > INT64_MAX) return SIZE_UNKNOWN;
  return value;
}

static uint64_t time_of(struct text base) {
  uint64_t seconds, us = 0;
  size_t n = digits(base);
  if (text_uint((struct text){base.s, n}, &seconds) == -1 || seconds > UINT32_MAX) return 0;
  struct text rest = {base.s + n, base.len - n};
  if (rest.len > 2 && rest.s[0] == '.' && rest.s[1] == 'M') {
    rest = (struct text){rest.s + 2, rest.len - 2};
    if (text_uint((struct text){rest.s, digits(rest)}, &us) == -1 || us >= SECOND_US) us = 0;
  }
  return seconds * SECOND_US + us;
}

void filename_read(struct filename *f, struct text name) {
  static const char info[] = ":2,";
  const char *colon = name.len ? memchr(name.s, ':', name.len) : NULL;
  size_t base_len = colon ? (size_t)(colon - name.s) : name.len;
  size_t behind = base_len + sizeof info - 1;
  f->base = (struct text){name.s, base_len};
  f->flags = text_of("");
  if (behind <= name.len && memcmp(colon, info, sizeof info - 1) == 0)
    f->flags = (struct text){name.s + behind, name.len - behind};
  f->size = number_behind(f->base, ",S=");
  f->wire_size = number_behind(f->base, ",W=");
  f->time_us = time_of(f->base);
}

int filename_compare(const struct filename *a, const struct filename *b) {
  if (a->time_us != b->time_us) return a->time_us < b->time_us ? -1 : 1;
  size_t len = a->base.len < b->base.len ? a->base.len : b->base.len;
  int order = memcmp(a->base.s, b->base.s, len);
  return order ? order : (a->base.len > b->base.len) - (a->base.len < b->base.len);
}
