#include "config.h"
#include "lib/stack.h"
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* The second is what this function and those that it calls may use. */
enum { FORGOTTEN_PAGES = 32, OWN_OCTETS = 512 };

/* A variable's address would not do: sanitizers keep some elsewhere. */
void stack_forget(void) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t end = ((uintptr_t)__builtin_frame_address(0) - OWN_OCTETS) & ~(page - 1);
  /* an error says that the stack is shorter than that */
  (void)madvise((void *)(end - FORGOTTEN_PAGES * page), FORGOTTEN_PAGES * page, MADV_DONTNEED);
}
