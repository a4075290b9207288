#include "config.h"
#include "local/tools/complaint.h"
#include <errno.h>
#include <string.h>
#include "lib/log.h"

static void begin(struct log *l, const char *program) {
  log_s(l, program);
  log_s(l, ": fatal: ");
}

static void end(struct log *l) {
  log_end(l);
  stralloc_free(&l->line);
}

void complain(const char *program, const char *ours, struct text theirs) {
  struct log l = {2, {0}};
  begin(&l, program);
  log_s(&l, ours);
  log_t(&l, theirs);
  end(&l);
}

void complain_errno(const char *program, const char *ours, const char *object) {
  const char *reason = strerror(errno);
  struct log l = {2, {0}};
  begin(&l, program);
  log_s(&l, ours);
  log_t(&l, text_of(object));
  log_s(&l, ": ");
  log_s(&l, reason);
  end(&l);
}

void complain_usage(const char *program, const char *arguments) {
  struct log l = {2, {0}};
  log_s(&l, program);
  log_s(&l, ": usage: ");
  log_s(&l, program);
  log_s(&l, " ");
  log_s(&l, arguments);
  end(&l);
}
