#include "config.h"
#include "listen/strain.h"
#include <stddef.h>
#include <sys/mman.h>

enum { LOOKS_PER_WAIT = 4 }; /* in the shortest wait */

struct strain *strain_share(void) {
  void *page = mmap(NULL, sizeof(struct strain), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? NULL : page;
}

int strain_protect(struct strain *s) { return mprotect(s, sizeof *s, PROT_READ); }

bool strain_holds(const struct strain *s) { return s && s->is_on; }

int strain_left_ms(const struct strain *s, int limit_ms, uint64_t waited_us) {
  if (limit_ms < 0) return limit_ms;
  uint64_t part_ms = (uint64_t)limit_ms / (strain_holds(s) ? STRAIN_WAIT_PART : 1);
  return waited_us / 1000 < part_ms ? (int)(part_ms - waited_us / 1000) : 0;
}

int strain_slice_ms(const struct strain *s, int limit_ms, int left_ms) {
  int slice = limit_ms / (STRAIN_WAIT_PART * LOOKS_PER_WAIT) + 1;
  return s && limit_ms >= 0 && left_ms > slice ? slice : left_ms;
}

void strain_set(struct strain *s, uint64_t taken, uint64_t places) {
  uint32_t is_on = taken > places / 4 * 3 + places % 4 * 3 / 4;
  if (s->is_on != is_on) s->is_on = is_on;
}
