#include "config.h"
#include "queue/owlq/progress.h"
#include <stdio.h>
#include <unistd.h>
#include "lib/text.h"

enum { FIRST_US = 1000000, EACH_US = 200000, BAR = 30, CLOCK_EVERY = 64 };

void progress_begin(struct progress *p, const char *what) {
  *p = (struct progress){.what = what, .clock = &clock_system, .terminal = isatty(2)};
  if (p->terminal) p->next_us = clock_boot_us(p->clock) + FIRST_US;
}

int progress_cat(stralloc *out, const struct progress *p, size_t done, size_t of) {
  size_t filled = of ? done * BAR / of : 0;
  if (!stralloc_cats(out, p->what) || !stralloc_cats(out, " [")) return -1;
  for (size_t i = 0; i < BAR; i++)
    if (!stralloc_cats(out, i < filled ? "#" : ".")) return -1;
  if (!stralloc_cats(out, "] ") || text_cat_uint(out, done) == -1 || !stralloc_cats(out, " of ")) return -1;
  return text_cat_uint(out, of);
}

void progress_step(struct progress *p, size_t done, size_t of) {
  if (!p->terminal || done % CLOCK_EVERY) return;
  uint64_t now_us = clock_boot_us(p->clock);
  if (now_us < p->next_us) return;
  stralloc line = {0};
  if (progress_cat(&line, p, done, of) == 0) fprintf(stderr, "\r%.*s\033[K", (int)line.len, line.s);
  stralloc_free(&line);
  p->shown = true;
  p->next_us = now_us + EACH_US;
}

void progress_end(struct progress *p) {
  if (p->shown) fprintf(stderr, "\r\033[K");
  p->terminal = p->shown = false;
}
