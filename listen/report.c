#include "config.h"
#include "listen/report.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "lib/log.h"
#include "listen/service.h"

static struct log events = {.fd = STDERR_FILENO};

static void begin(void) {
  log_s(&events, listen_service.program);
  log_s(&events, " ");
  log_u(&events, (uint64_t)getpid());
  log_s(&events, ": ");
}

void report(struct text what) {
  begin();
  log_t(&events, what);
  log_end(&events);
}

int report_failure(const char *what, struct text object, const char *reason) {
  stralloc line = {0};
  if (stralloc_copys(&line, what) && text_cat(&line, object) == 0 && stralloc_cats(&line, ": ") &&
      stralloc_cats(&line, reason))
    report(text_of_stralloc(&line));
  stralloc_free(&line);
  return -1;
}

void report_errno(const char *what) {
  const char *reason = strerror(errno);
  begin();
  log_s(&events, what);
  log_s(&events, ": ");
  log_s(&events, reason);
  log_end(&events);
}

void report_client(const char *what, const char *why, const struct ip *client) {
  char address[IP_TEXT_MAX];
  ip_format(client, address);
  begin();
  log_s(&events, "[");
  log_s(&events, address);
  log_s(&events, "] ");
  log_s(&events, what);
  log_s(&events, why);
  log_end(&events);
}
