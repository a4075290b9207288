#include "config.h"
#include "login/event.h"

static void begin(struct login_doorkeeper *k) {
  log_s(k->log, k->program);
  log_s(k->log, " ");
  log_u(k->log, (uint64_t)k->pid);
  log_s(k->log, ": session ");
  log_u(k->log, k->session_us);
  log_s(k->log, ": ");
}

static void put(struct login_doorkeeper *k, const char *what, struct text words) {
  if (words.len == 0) return;
  log_s(k->log, what);
  log_t(k->log, words);
}

void login_event_connect(struct login_doorkeeper *k) {
  begin(k);
  log_s(k->log, "connect from ");
  client_log(k->client, k->log);
  put(k, " to ", text_of_stralloc(&k->client->local_address));
  log_end(k->log);
}

void login_event(struct login_doorkeeper *k, const char *what, struct text words) {
  begin(k);
  log_s(k->log, what);
  put(k, ": ", words);
  log_end(k->log);
}

void login_event_user(struct login_doorkeeper *k, struct text how, struct text user, const struct result *r) {
  begin(k);
  log_s(k->log, r ? "log-in refused, by " : "logged in by ");
  log_t(k->log, how);
  if (!k->facts) log_s(k->log, " without TLS");
  put(k, ", user ", user);
  if (r) put(k, ": ", r->text);
  log_end(k->log);
}

void login_event_close(struct login_doorkeeper *k, const char *why) {
  begin(k);
  log_s(k->log, "end, requests ");
  log_u(k->log, k->requests);
  log_s(k->log, ", log-ins refused ");
  log_u(k->log, k->refused);
  log_s(k->log, ", ms ");
  log_u(k->log, (clock_boot_us(k->clock) - k->opened_us) / 1000);
  put(k, ", user ", text_of_stralloc(&k->user));
  log_s(k->log, ": ");
  log_s(k->log, why);
  log_end(k->log);
}
