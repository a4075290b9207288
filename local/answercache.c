#include "config.h"
#include "local/answercache.h"
#include "lib/crc32c.h"

static size_t place_of(struct text name) { return crc32c_nocase(name.s, name.len) % ANSWERCACHE_PLACES; }

void answercache_keep(struct answercache *c, struct text name, uint64_t until_us) {
  size_t place = place_of(name);
  if (name.len > ANSWERCACHE_NAME_MAX) return;
  stralloc_zero(&c->places[place].name);
  c->places[place].until_us = 0;
  if (text_cat(&c->places[place].name, name) == 0) c->places[place].until_us = until_us;
}

bool answercache_has(const struct answercache *c, struct text name, uint64_t now_us) {
  size_t place = place_of(name);
  return now_us < c->places[place].until_us &&
         text_equal_nocase(text_of_stralloc(&c->places[place].name), name);
}

void answercache_free(struct answercache *c) {
  for (size_t i = 0; i < ANSWERCACHE_PLACES; i++) stralloc_free(&c->places[i].name);
  *c = (struct answercache){0};
}
