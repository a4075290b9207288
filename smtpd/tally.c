#include "config.h"
#include "smtpd/tally.h"
#include <stddef.h>
#include <sys/mman.h>

struct tally *tally_share(void) {
  void *page = mmap(NULL, sizeof(struct tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? NULL : page;
}
