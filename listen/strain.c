#include "config.h"
#include "listen/strain.h"
#include <stddef.h>
#include <sys/mman.h>

struct strain *strain_share(void) {
  void *page = mmap(NULL, sizeof(struct strain), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? NULL : page;
}

int strain_protect(struct strain *s) { return mprotect(s, sizeof *s, PROT_READ); }

bool strain_holds(const struct strain *s) { return s && s->is_on; }

void strain_set(struct strain *s, uint64_t taken, uint64_t places) {
  uint32_t is_on = taken > places / 4 * 3 + places % 4 * 3 / 4;
  if (s->is_on != is_on) s->is_on = is_on;
}
