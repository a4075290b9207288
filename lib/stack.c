#include "config.h"
#include "lib/stack.h"
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* The second is what this function and those that it calls may use. */
enum { FORGOTTEN_PAGES = 32, OWN_OCTETS = 512 };

void stack_forget(void) {
  char here;
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t end = ((uintptr_t)&here - OWN_OCTETS) & ~(page - 1);
  /* an error says that the stack is shorter than that */
  (void)madvise((void *)(end - FORGOTTEN_PAGES * page), FORGOTTEN_PAGES * page, MADV_DONTNEED);
}
