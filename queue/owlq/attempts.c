#include "config.h"
#include "queue/owlq/attempts.h"
#include <stdlib.h>
#include "lib/room.h"

static int add(struct attempts *a, const struct logrecord *r) {
  if (room_make(&a->each, a->count, &a->space, sizeof *a->each, 16) == -1) return -1;
  bool of_recipient = r->result.class >= RESULT_SUCCESS;
  a->each[a->count] = (struct attempt){*r, of_recipient ? r->recipient : ATTEMPTS_MESSAGE, a->count};
  a->count++;
  return 0;
}

static int compare(const void *left, const void *right) {
  const struct attempt *a = left, *b = right;
  if (a->recipient != b->recipient) return a->recipient < b->recipient ? -1 : 1;
  return (a->place > b->place) - (a->place < b->place);
}

int attempts_read(struct attempts *a, const struct message *m) {
  struct text rest;
  struct logrecord r;
  *a = (struct attempts){0};
  if (!msglog_first(text_of_stralloc(&m->log), &rest)) return 0;
  while (msglog_next(&rest, &r) == MSGLOG_RECORD)
    if (add(a, &r) == -1) return attempts_free(a), -1;
  if (a->count) qsort(a->each, a->count, sizeof *a->each, compare);
  return 0;
}

size_t attempts_of(const struct attempts *a, size_t recipient, size_t *first) {
  size_t low = 0, high = a->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (a->each[middle].recipient < recipient) low = middle + 1;
    else high = middle;
  }
  *first = low;
  while (low < a->count && a->each[low].recipient == recipient) low++;
  return low - *first;
}

void attempts_free(struct attempts *a) {
  free(a->each);
  *a = (struct attempts){0};
}
