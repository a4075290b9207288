#include "config.h"
#include "smtpd/doorkeeper/event.h"
#include <unistd.h>

void event_begin(struct doorkeeper *k) {
  log_s(k->log, k->program);
  log_s(k->log, " ");
  log_u(k->log, (uint64_t)getpid());
  log_s(k->log, ": ");
}

static void log_result(struct doorkeeper *k, const struct result *r) {
  log_s(k->log, ": ");
  log_u(k->log, r->reply_code);
  log_s(k->log, " ");
  log_t(k->log, r->status);
  log_s(k->log, " ");
  log_t(k->log, r->text);
  log_end(k->log);
}

void event_refused(struct doorkeeper *k, const char *what, struct text address,
                        const struct result *r) {
  event_begin(k);
  log_s(k->log, what);
  log_s(k->log, " <");
  log_t(k->log, address);
  log_s(k->log, "> refused");
  log_result(k, r);
}

void event_message(struct doorkeeper *k, uint64_t octets, const struct result *r) {
  event_begin(k);
  log_s(k->log, r->class == RESULT_SUCCESS ? "message accepted, octets " : "message refused, octets ");
  log_u(k->log, octets);
  log_s(k->log, ", recipients ");
  log_u(k->log, k->recipients);
  log_s(k->log, ", from <");
  log_t(k->log, k->envelope.sender);
  log_s(k->log, ">");
  log_result(k, r);
}
