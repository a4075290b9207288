#include "config.h"
#include "queue/bouncepage.h"
#include <string.h>
#include "lib/address.h"
#include "lib/clock.h"

enum { WORDS_MAX = 800 };

void page_add(struct page *p, const char *ours) {
  if (!stralloc_cats(p->out, ours)) p->failed = true;
}

/* A character of UTF-8 is left whole. */
static struct text bounded(struct text t) {
  if (t.len <= WORDS_MAX) return t;
  t.len = WORDS_MAX;
  while (t.len && ((unsigned char)t.s[t.len] & 0xC0) == 0x80) t.len--;
  return t;
}

void page_clean(struct page *p, struct text theirs) {
  if (text_cat_cleaned(p->out, bounded(theirs)) == -1) p->failed = true;
}

void page_host(struct page *p, const stralloc *host) { page_clean(p, text_of_stralloc(host)); }

void page_date(struct page *p, uint64_t us) {
  if (clock_cat_date(p->out, us) == -1) p->failed = true;
}

void page_number(struct page *p, uint64_t n) {
  if (text_cat_uint(p->out, n) == -1) p->failed = true;
}

/* address_cat() quotes the local-part only. */
static void clean_domain(stralloc *quoted) {
  struct text local, domain;
  if (!address_split(text_of_stralloc(quoted), &local, &domain)) return;
  for (size_t i = quoted->len - domain.len; i < quoted->len; i++)
    if (strchr(" <>(),;\"\\", quoted->s[i])) quoted->s[i] = '?';
}

void page_address(struct page *p, struct text address) {
  stralloc quoted = {0};
  if (address_cat(&quoted, address) == -1) p->failed = true;
  clean_domain(&quoted);
  page_clean(p, text_of_stralloc(&quoted));
  stralloc_free(&quoted);
}

void page_field(struct page *p, const char *name, struct text value) {
  if (!value.len) return;
  page_add(p, name);
  page_clean(p, value);
  page_add(p, "\n");
}
