/* agenda.h - what happens later: a heap of times; what has the same time comes
 * in the order in which it was written down */
#ifndef OWL_SIMULATE_AGENDA_H
#define OWL_SIMULATE_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agenda_item {
  uint64_t at_us, number;
  void *what;
};

struct agenda {
  struct agenda_item *heap; /* owned */
  size_t count, space;
  uint64_t numbers;
};

int agenda_add(struct agenda *a, uint64_t at_us, void *what); /* 0, or -1 without memory */
uint64_t agenda_next_us(const struct agenda *a);              /* UINT64_MAX: nothing */

/* agenda_take(): what is due; NULL when nothing is. */
void *agenda_take(struct agenda *a, uint64_t now_us);
void agenda_free(struct agenda *a);

#endif
