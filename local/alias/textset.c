#include "config.h"
#include "local/alias/textset.h"
#include <cdb.h>
#include <stdlib.h>

static uint32_t hash_of(struct text t) { return cdb_hash((const unsigned char *)t.s, t.len); }

/* Where it is, or would be. */
static size_t *slot_of(const struct textset *s, struct text t, uint32_t hash) {
  size_t slots = 2 * s->space, at = hash % slots;
  while (s->slots[at]) {
    size_t i = s->slots[at] - 1;
    if (s->entries[i].hash == hash && text_equal(textset_at(s, i), t)) break;
    at = (at + 1) % slots;
  }
  return &s->slots[at];
}

static int grow(struct textset *s) {
  size_t space = s->space ? s->space * 2 : 32;
  struct textset_entry *entries = reallocarray(s->entries, space, sizeof *entries);
  if (!entries) return -1;
  s->entries = entries;
  size_t *slots = calloc(2 * space, sizeof *slots);
  if (!slots) return -1;
  free(s->slots);
  s->slots = slots;
  s->space = space;
  for (size_t i = 0; i < s->count; i++) *slot_of(s, textset_at(s, i), s->entries[i].hash) = i + 1;
  return 0;
}

int textset_add(struct textset *s, struct text t) {
  if (!t.s) t = text_of("");
  if (s->count == s->space && grow(s) == -1) return -1;
  uint32_t hash = hash_of(t);
  size_t *slot = slot_of(s, t, hash);
  if (*slot) return 0;
  struct textset_entry entry = {s->octets.len, t.len, hash};
  if (text_cat(&s->octets, t) == -1) return -1;
  s->entries[s->count++] = entry;
  *slot = s->count;
  return 1;
}

struct text textset_at(const struct textset *s, size_t i) {
  const char *octets = s->octets.s ? s->octets.s : "";
  return (struct text){octets + s->entries[i].start, s->entries[i].len};
}

void textset_free(struct textset *s) {
  stralloc_free(&s->octets);
  free(s->entries);
  free(s->slots);
  *s = (struct textset){0};
}
