#include "config.h"
#include "lib/log.h"
#include <errno.h>
#include <string.h>
#include "lib/iofd.h"

void log_s(struct log *l, const char *ours) { (void)!stralloc_cats(&l->line, ours); }
void log_t(struct log *l, struct text theirs) { (void)text_cat_cleaned(&l->line, theirs); }
void log_u(struct log *l, uint64_t number) { (void)text_cat_uint(&l->line, number); }

void log_end(struct log *l) {
  (void)!stralloc_cats(&l->line, "\n");
  (void)io_write_all(l->fd, l->line.s, l->line.len, IO_FOREVER);
  stralloc_zero(&l->line);
}

static void begin(struct log *l, const char *program, const char *ours, struct text theirs) {
  log_s(l, program);
  log_s(l, ": ");
  log_s(l, ours);
  log_t(l, theirs);
}

void log_say(struct log *l, const char *program, const char *ours, struct text theirs) {
  begin(l, program, ours, theirs);
  log_end(l);
}

void log_say_errno(struct log *l, const char *program, const char *ours, struct text theirs) {
  const char *reason = strerror(errno);
  begin(l, program, ours, theirs);
  log_s(l, ": ");
  log_s(l, reason);
  log_end(l);
}
