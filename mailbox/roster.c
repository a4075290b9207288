#include "config.h"
#include "mailbox/roster.h"
#include <stdlib.h>
#include "lib/crc32c.h"
#include "lib/room.h"

enum { FIRST_ENTRIES = 64, FIRST_SLOTS = 256 };

static struct text view(const struct roster *r, size_t at, size_t len) {
  return (struct text){r->octets.s + at, len};
}

struct text roster_base(const struct roster *r, size_t number) {
  return view(r, r->entries[number].base_at, r->entries[number].base_len);
}

struct text roster_uidl(const struct roster *r, size_t number) {
  return view(r, r->entries[number].uidl_at, r->entries[number].uidl_len);
}

uint32_t roster_last_uid(const struct roster *r) {
  return r->count ? r->entries[r->count - 1].uid : 0;
}

/* The slot of this base, or the free one where it would go.  There is a free
 * one: at most half of them are taken. */
static uint32_t *slot_of(const struct roster *r, struct text base) {
  size_t at = crc32c(0, base.s, base.len) & (r->slot_count - 1);
  while (r->slots[at] && !text_equal(roster_base(r, r->slots[at] - 1), base)) at = (at + 1) & (r->slot_count - 1);
  return &r->slots[at];
}

/* The last entry with this base. */
static const struct roster_entry *last_of(const struct roster *r, struct text base) {
  uint32_t slot = r->slot_count ? *slot_of(r, base) : 0;
  return slot ? &r->entries[slot - 1] : NULL;
}

size_t roster_find(const struct roster *r, struct text base) {
  const struct roster_entry *e = last_of(r, base);
  return e && !e->gone ? (size_t)(e - r->entries) : ROSTER_NONE;
}

bool roster_had(const struct roster *r, struct text base) {
  const struct roster_entry *e = last_of(r, base);
  return e && e->gone;
}

size_t roster_find_uid(const struct roster *r, uint64_t uid) {
  size_t low = 0, high = r->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (r->entries[middle].uid < uid) low = middle + 1;
    else high = middle;
  }
  return low < r->count && r->entries[low].uid == uid && !r->entries[low].gone ? low : ROSTER_NONE;
}

static int make_slots(struct roster *r) {
  if (r->count < r->slot_count / 2) return 0;
  size_t count = r->slot_count ? r->slot_count * 2 : FIRST_SLOTS;
  uint32_t *slots = calloc(count, sizeof *slots);
  if (!slots) return -1;
  free(r->slots);
  r->slots = slots;
  r->slot_count = count;
  for (size_t i = 0; i < r->count; i++) /* of one base the last */
    *slot_of(r, roster_base(r, i)) = (uint32_t)(i + 1);
  return 0;
}

size_t roster_add(struct roster *r, uint32_t uid, struct text base, struct text uidl) {
  struct roster_entry e = {.uid = uid,
                           .base_len = (uint8_t)base.len,
                           .uidl_len = (uint8_t)uidl.len,
                           .base_at = r->octets.len,
                           .uidl_at = r->octets.len + base.len,
                           .size = SIZE_UNKNOWN,
                           .wire_size = SIZE_UNKNOWN};
  if (r->count >= UINT32_MAX - 1 || make_slots(r) == -1 ||
      room_make(&r->entries, r->count, &r->space, sizeof *r->entries, FIRST_ENTRIES) == -1 ||
      text_cat(&r->octets, base) == -1 || text_cat(&r->octets, uidl) == -1)
    return ROSTER_NONE;
  r->entries[r->count++] = e;
  *slot_of(r, roster_base(r, r->count - 1)) = (uint32_t)r->count;
  return r->count - 1;
}

void roster_free(struct roster *r) {
  free(r->entries);
  free(r->slots);
  stralloc_free(&r->octets);
  *r = (struct roster){0};
}
