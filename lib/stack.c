#include "config.h"
#include "lib/stack.h"
#include <alloca.h>
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

/* The gap is kept by what is read of it behind the call. */
int stack_on_new_page(int (*run)(const void *context), const void *context) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  volatile char *gap = alloca(((uintptr_t)__builtin_frame_address(0) & (page - 1)) + 1);
  int result = run(context);
  (void)*gap;
  return result;
}
