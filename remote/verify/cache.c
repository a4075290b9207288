#include "config.h"
#include "remote/verify/cache.h"
#include <stdlib.h>
#include "lib/crc32c.h"

static size_t place_of(struct text key) { return crc32c_nocase(key.s, key.len) % VERIFY_CACHE_PLACES; }

int verify_cache_open(struct verify_cache *c) {
  c->places = calloc(VERIFY_CACHE_PLACES, sizeof *c->places);
  return c->places ? 0 : -1;
}

void verify_cache_keep(struct verify_cache *c, struct text key, const struct verdict *v,
                       uint64_t until_us) {
  size_t place = place_of(key);
  struct result r = verdict_result(v);
  stralloc_zero(&c->places[place].key);
  c->places[place].until_us = 0;
  if (text_cat(&c->places[place].key, key) == -1) return;
  c->places[place].until_us = until_us;
  verdict_copy(&c->places[place].verdict, &r);
}

const struct verdict *verify_cache_find(const struct verify_cache *c, struct text key,
                                        uint64_t now_us) {
  size_t place = place_of(key);
  if (now_us >= c->places[place].until_us) return NULL;
  bool same = text_equal_nocase(text_of_stralloc(&c->places[place].key), key);
  return same ? &c->places[place].verdict : NULL;
}

void verify_cache_free(struct verify_cache *c) {
  for (size_t i = 0; c->places && i < VERIFY_CACHE_PLACES; i++) {
    stralloc_free(&c->places[i].key);
    verdict_free(&c->places[i].verdict);
  }
  free(c->places);
  c->places = NULL;
}
