/* bouncepage.h - appending that remembers its first failure
 *
 * So that a whole page of text needs one test at its end.  What others said is
 * cleaned of control octets and bounded: with what stands beside it no line is
 * longer than RFC 5322 2.1.1 allows.
 */
#ifndef OWL_BOUNCEPAGE_H
#define OWL_BOUNCEPAGE_H

#include <stdint.h>
#include "lib/text.h"

struct page {
  stralloc *out;
  bool failed; /* no memory */
};

void page_add(struct page *p, const char *ours);
void page_clean(struct page *p, struct text theirs);
void page_host(struct page *p, const stralloc *host);
void page_date(struct page *p, uint64_t us);
void page_number(struct page *p, uint64_t n);

/* page_address(): as a header field writes it; what no domain holds and would
 * begin another address becomes '?'. */
void page_address(struct page *p, struct text address);

/* page_field(): the name with its colon, the value, a line feed; nothing when
 * the value is absent or empty. */
void page_field(struct page *p, const char *name, struct text value);

#endif
