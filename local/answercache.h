/* answercache.h - local parts that were found to be deliverable a moment ago
 *
 * A fixed number of places; a newer name takes an older one's.  ASCII case is
 * ignored, as delivery ignores it.  Only good answers are kept: an address
 * that is made takes mail at once.  Names are hostile; who finds two that
 * share a place gains nothing but another look-up.
 */
#ifndef OWL_LOCAL_ANSWERCACHE_H
#define OWL_LOCAL_ANSWERCACHE_H

#include <stdint.h>
#include "lib/text.h"

enum { ANSWERCACHE_PLACES = 1024, ANSWERCACHE_NAME_MAX = 255 };

struct answercache {
  struct {
    stralloc name;
    uint64_t until_us;
  } places[ANSWERCACHE_PLACES];
};

/* A name that is too long, or for which there is no memory, is not kept. */
void answercache_keep(struct answercache *c, struct text name, uint64_t until_us);
bool answercache_has(const struct answercache *c, struct text name, uint64_t now_us);
void answercache_free(struct answercache *c);

#endif
