#include "config.h"
#include "lib/log.h"
#include "lib/iofd.h"

void log_s(struct log *l, const char *ours) { (void)!stralloc_cats(&l->line, ours); }
void log_t(struct log *l, struct text theirs) { (void)text_cat_cleaned(&l->line, theirs); }
void log_u(struct log *l, uint64_t number) { (void)text_cat_uint(&l->line, number); }

void log_end(struct log *l) {
  (void)!stralloc_cats(&l->line, "\n");
  (void)io_write_all(l->fd, l->line.s, l->line.len, IO_FOREVER);
  stralloc_zero(&l->line);
}
