/* Whatever the octets: what was parsed can be rewritten, parses again to the
 * same addresses, and a second rewriting changes nothing. */
#include "config.h"
#include "lib/addrlist.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static const struct addrlist_completion completion = {{"host", 4}, {"d.e", 3}, {"p.q", 3}};

static void check(bool holds) {
  if (!holds) abort();
}

static void rewrite(struct text source, stralloc *addresses, stralloc *rewritten, bool may_fail) {
  struct addrlist l = {0};
  enum addrlist_status s = addrlist_parse(&l, source);
  check(s == ADDRLIST_OK || (may_fail && s == ADDRLIST_SYNTAX && l.count == 0));
  for (size_t i = 0; i < l.count; i++) {
    check(addrlist_cat_address(addresses, &l.mailboxes[i], &completion) == 0);
    check(stralloc_0(addresses));
  }
  check(addrlist_cat_rewritten(rewritten, source, &l, &completion) == 0);
  if (s != ADDRLIST_OK) stralloc_zero(rewritten);
  addrlist_free(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  stralloc addresses[2] = {0}, rewritten[2] = {0};
  rewrite((struct text){(const char *)octets, size}, &addresses[0], &rewritten[0], true);
  rewrite(text_of_stralloc(&rewritten[0]), &addresses[1], &rewritten[1], false);
  check(text_equal(text_of_stralloc(&addresses[0]), text_of_stralloc(&addresses[1])));
  check(text_equal(text_of_stralloc(&rewritten[0]), text_of_stralloc(&rewritten[1])));
  for (int i = 0; i < 2; i++) {
    stralloc_free(&addresses[i]);
    stralloc_free(&rewritten[i]);
  }
  return 0;
}
