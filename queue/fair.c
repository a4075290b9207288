#include "config.h"
#include "queue/fair.h"
#include "lib/crc32c.h"

uint64_t fair_tag(struct fair *f, struct text sender, uint64_t recipients) {
  uint64_t *next = &f->next[crc32c(0, sender.s, sender.len) % FAIR_SENDERS];
  uint64_t cost = recipients < FAIR_COST_MAX ? recipients : FAIR_COST_MAX;
  uint64_t tag = *next > f->now ? *next : f->now + 1;
  *next = tag + (cost ? cost : 1);
  return tag;
}

void fair_served(struct fair *f, uint64_t tag) {
  if (tag > f->now) f->now = tag;
}
