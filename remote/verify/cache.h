/* cache.h - what next hops have said about addresses, for a while
 *
 * A fixed number of places; a newer answer takes an older one's.  ASCII case is
 * ignored: a domain's means nothing, and a host that tells local parts apart by
 * it is not known.  Addresses are hostile; who finds two that share a place
 * gains nothing but another question.
 */
#ifndef OWL_VERIFY_CACHE_H
#define OWL_VERIFY_CACHE_H

#include "remote/verdict.h"

enum { VERIFY_CACHE_PLACES = 4096 };

struct verify_cache {
  struct {
    stralloc key;
    uint64_t until_us;
    struct verdict verdict;
  } *places; /* owned */
};

/* verify_cache_open(): empty.  0, or -1 without memory. */
int verify_cache_open(struct verify_cache *c);

/* An answer for which there is no memory is not kept. */
void verify_cache_keep(struct verify_cache *c, struct text key, const struct verdict *v,
                       uint64_t until_us);

/* verify_cache_find(): NULL: none, or it has grown too old. */
const struct verdict *verify_cache_find(const struct verify_cache *c, struct text key,
                                        uint64_t now_us);

void verify_cache_free(struct verify_cache *c);

#endif
