#include "config.h"
#include "queue/fair.h"
#include "lib/crc32c.h"

uint64_t fair_tag(struct fair *f, uint32_t lane, uint64_t now, struct text sender,
                  uint64_t recipients) {
  uint32_t hash = crc32c(0, sender.s, sender.len);
  uint64_t cost = recipients < FAIR_COST_MAX ? recipients : FAIR_COST_MAX;
  size_t at = (hash ^ lane * 2654435761u) % FAIR_FLOWS;
  if (f->flows[at].lane != lane || f->flows[at].sender != hash) f->flows[at].next = 0;
  f->flows[at].lane = lane;
  f->flows[at].sender = hash;
  uint64_t tag = f->flows[at].next > now ? f->flows[at].next : now + 1;
  f->flows[at].next = tag + (cost ? cost : 1);
  return tag;
}
