#include "config.h"
#include "queue/start/say.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "lib/exitcode.h"
#include "lib/log.h"

enum { LOG_FD = 2 };

static struct log start_log = {.fd = LOG_FD, .line = {0}};

void start_say(const char *what, const char *why) {
  log_s(&start_log, "owl-start: ");
  log_s(&start_log, what);
  if (why) log_s(&start_log, ": ");
  if (why) log_s(&start_log, why);
  log_end(&start_log);
}

_Noreturn void start_die(const char *what, const char *why) {
  start_say(what, why);
  exit(TOOL_SYSTEM);
}

_Noreturn void start_die_errno(const char *what) { start_die(what, strerror(errno)); }
