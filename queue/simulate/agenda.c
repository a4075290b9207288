#include "config.h"
#include "queue/simulate/agenda.h"
#include <stdlib.h>
#include "lib/room.h"

static bool before(const struct agenda_item *a, const struct agenda_item *b) {
  return a->at_us != b->at_us ? a->at_us < b->at_us : a->number < b->number;
}

int agenda_add(struct agenda *a, uint64_t at_us, void *what) {
  const struct agenda_item item = {at_us, a->numbers++, what};
  if (room_make(&a->heap, a->count, &a->space, sizeof *a->heap, 64) == -1) return -1;
  size_t at = a->count++;
  for (size_t parent; at && before(&item, &a->heap[parent = (at - 1) / 2]); at = parent) a->heap[at] = a->heap[parent];
  a->heap[at] = item;
  return 0;
}

uint64_t agenda_next_us(const struct agenda *a) { return a->count ? a->heap[0].at_us : UINT64_MAX; }

void *agenda_take(struct agenda *a, uint64_t now_us) {
  if (agenda_next_us(a) > now_us) return NULL;
  void *what = a->heap[0].what;
  const struct agenda_item last = a->heap[--a->count];
  size_t at = 0;
  for (size_t child; (child = 2 * at + 1) < a->count; at = child) {
    if (child + 1 < a->count && before(&a->heap[child + 1], &a->heap[child])) child++;
    if (!before(&a->heap[child], &last)) break;
    a->heap[at] = a->heap[child];
  }
  a->heap[at] = last;
  return what;
}

void agenda_free(struct agenda *a) {
  free(a->heap);
  *a = (struct agenda){0};
}
