#include "config.h"
#include "lib/hugetext.h"
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_OCTETS ((size_t)2 * 1024 * 1024)
#define WORTH_OCTETS ((size_t)256 * 1024) /* less is a few page faults */

struct segment {
  uintptr_t start;
  size_t len, room; /* its octets; those up to the end of its last huge page */
  int protection;
};

enum { SEGMENTS = 4 };

struct segments {
  struct segment all[SEGMENTS];
  unsigned count;
};

static size_t round_up(size_t n) { return (n + HUGE_OCTETS - 1) & ~(HUGE_OCTETS - 1); }

static bool is_constant(const ElfW(Phdr) *p) {
  return p->p_type == PT_LOAD && !(p->p_flags & PF_W) && p->p_memsz >= WORTH_OCTETS;
}

/* false: it shares a huge page with another. */
static bool is_alone(const struct dl_phdr_info *program, const ElfW(Phdr) *p) {
  if (p->p_vaddr % HUGE_OCTETS) return false;
  for (const ElfW(Phdr) *q = program->dlpi_phdr; q < program->dlpi_phdr + program->dlpi_phnum; q++)
    if (q->p_type == PT_LOAD && q->p_vaddr > p->p_vaddr && q->p_vaddr < p->p_vaddr + round_up(p->p_memsz)) return false;
  return true;
}

/* Of the program itself, which comes first; a static one is loaded where it was linked for. */
static int see(struct dl_phdr_info *program, size_t size, void *list) {
  struct segments *s = list;
  (void)size;
  for (const ElfW(Phdr) *p = program->dlpi_phdr; p < program->dlpi_phdr + program->dlpi_phnum; p++) {
    if (program->dlpi_addr || !is_constant(p) || !is_alone(program, p) || s->count == SEGMENTS) continue;
    s->all[s->count++] = (struct segment){p->p_vaddr, p->p_memsz, round_up(p->p_memsz),
                                          PROT_READ | (p->p_flags & PF_X ? PROT_EXEC : 0)};
  }
  return 1;
}

/* Where the copy is made: NULL, or the first huge page of room and one more. */
static char *make_room(const struct segment *s, char **all) {
  *all = mmap(NULL, s->room + HUGE_OCTETS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (*all == MAP_FAILED) return NULL;
  return (char *)round_up((uintptr_t)*all);
}

/* The code that runs here changes its pages for equal ones in a single call. */
static void move(const struct segment *s) {
  char *all, *copy = make_room(s, &all);
  if (!copy) return;
  (void)madvise(copy, s->room, MADV_HUGEPAGE);
  memcpy(copy, (const void *)s->start, s->len);
  __builtin___clear_cache(copy, copy + s->len); /* of instructions; x86 has none to clear */
  if (mprotect(copy, s->room, s->protection) == 0)
    (void)mremap(copy, s->room, s->room, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)s->start);
  (void)munmap(all, s->room + HUGE_OCTETS);
}

void hugetext_settle(void) {
  struct segments s = {0};
  (void)dl_iterate_phdr(see, &s);
  for (unsigned i = 0; i < s.count; i++) move(&s.all[i]);
}
