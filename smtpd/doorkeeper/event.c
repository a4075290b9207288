#include "config.h"
#include "smtpd/doorkeeper/event.h"
#include <errno.h>
#include <string.h>

/* A line stays below PIPE_BUF, so that it is written in one piece. */
enum { RECIPIENTS_SHOWN = 3, ADDRESS_SHOWN_OCTETS = 320 };

void event_begin(struct doorkeeper *k) {
  log_s(k->log, k->program);
  log_s(k->log, " ");
  log_u(k->log, (uint64_t)k->pid);
  log_s(k->log, ": session ");
  log_u(k->log, k->session_us);
  if (k->number) {
    log_s(k->log, " msg ");
    log_u(k->log, k->number);
  }
  log_s(k->log, ": ");
}

static void log_number(struct doorkeeper *k, const char *what, uint64_t number) {
  log_s(k->log, what);
  log_u(k->log, number);
}

static void log_address(struct doorkeeper *k, const char *what, struct text address) {
  bool cut = address.len > ADDRESS_SHOWN_OCTETS;
  if (cut) address.len = ADDRESS_SHOWN_OCTETS;
  log_s(k->log, what);
  log_s(k->log, " <");
  log_t(k->log, address);
  log_s(k->log, cut ? "...>" : ">");
}

static void log_fact(struct doorkeeper *k, const char *what, struct text fact) {
  if (fact.len == 0) return;
  log_s(k->log, what);
  log_t(k->log, fact);
}

static void log_client(struct doorkeeper *k) { client_log(k->client, k->log); }

static void log_duration(struct doorkeeper *k, uint64_t since_us) {
  log_number(k, ", ms ", (clock_boot_us(k->clock) - since_us) / 1000);
}

static void log_result(struct doorkeeper *k, const struct result *r) {
  log_number(k, ": ", r->reply_code);
  log_s(k->log, " ");
  log_t(k->log, r->status);
  log_s(k->log, " ");
  log_t(k->log, r->text);
  log_end(k->log);
}

void event_connect(struct doorkeeper *k) {
  event_begin(k);
  log_s(k->log, "connect from ");
  log_client(k);
  log_fact(k, " to ", text_of_stralloc(&k->client->local_address));
  log_end(k->log);
}

void event_close(struct doorkeeper *k, const struct tally *t, const char *why) {
  char last_error[sizeof t->last_error + 1] = {0};
  memcpy(last_error, t->last_error, sizeof t->last_error);
  event_begin(k);
  log_number(k, "end, messages ", k->messages);
  log_number(k, " of ", k->transactions);
  log_number(k, ", commands ", t->commands);
  log_number(k, ", errors ", t->errors);
  log_fact(k, ", last ", text_of(last_error));
  log_number(k, ", octets in ", t->octets_in);
  log_number(k, " out ", t->octets_out);
  log_duration(k, k->opened_us);
  log_s(k->log, ": ");
  log_s(k->log, why);
  log_end(k->log);
}

void event_refused(struct doorkeeper *k, const char *what, struct text address,
                        const struct result *r) {
  event_begin(k);
  log_address(k, what, address);
  log_s(k->log, " refused");
  log_result(k, r);
}

static void log_envelope(struct doorkeeper *k, const struct envelope *e) {
  log_address(k, ", from", e->sender);
  log_number(k, " to ", k->recipients);
  for (size_t i = 0; i < e->recipient_count && i < RECIPIENTS_SHOWN; i++)
    log_address(k, "", e->recipients[i].address);
  if (k->refused) log_number(k, ", refused ", k->refused);
  log_fact(k, ", helo ", e->helo);
  log_fact(k, " with ", e->protocol);
  log_fact(k, ", tls ", e->tls);
  log_fact(k, ", user ", e->auth_user);
}

/* What was granted, decoded or not yet. */
static void log_transaction(struct doorkeeper *k, const char *outcome, uint64_t octets) {
  struct envelope granted = {0};
  event_begin(k);
  log_s(k->log, outcome);
  log_number(k, ", octets ", octets);
  if (k->envelope.sender.s) log_envelope(k, &k->envelope);
  else if (envelope_decode(&granted, text_of_stralloc(&k->grant)) == ENVELOPE_OK) log_envelope(k, &granted);
  envelope_free(&granted);
  log_s(k->log, ", client ");
  log_client(k);
  log_duration(k, k->began_us);
}

void event_transaction(struct doorkeeper *k, const char *outcome, uint64_t octets, const struct result *r) {
  log_transaction(k, outcome, octets);
  log_result(k, r);
}

void event_dropped(struct doorkeeper *k, struct text why) {
  log_transaction(k, "message dropped", 0);
  log_fact(k, ": ", why);
  log_end(k->log);
}

void event_named(struct doorkeeper *k, const char *how) {
  event_begin(k);
  log_s(k->log, "client by ");
  log_s(k->log, how);
  log_s(k->log, " ");
  log_client(k);
  log_end(k->log);
}

void event_unreadable(struct doorkeeper *k, const char *name) {
  int reason = errno;
  event_begin(k);
  log_s(k->log, "unable to read ");
  log_s(k->log, name);
  log_s(k->log, ": ");
  log_s(k->log, strerror(reason));
  log_end(k->log);
}

void event_secured(struct doorkeeper *k, const char *what, struct text words) {
  event_begin(k);
  log_s(k->log, what);
  log_fact(k, ": ", words);
  log_end(k->log);
}

static void log_login(struct doorkeeper *k, const char *what, struct text mechanism, struct text user) {
  event_begin(k);
  log_s(k->log, what);
  log_t(k->log, mechanism);
  log_fact(k, ", user ", user);
}

void event_authenticated(struct doorkeeper *k, struct text user, struct text mechanism) {
  log_login(k, "logged in by ", mechanism, user);
  log_end(k->log);
}

void event_refused_login(struct doorkeeper *k, struct text mechanism, struct text user, const struct result *r) {
  log_login(k, "log-in refused, by ", mechanism, user);
  log_result(k, r);
}

void event_asked_authd(struct doorkeeper *k, struct text reason) {
  event_begin(k);
  log_fact(k, "unable to ask owl-authd: ", reason);
  log_end(k->log);
}

void event_asked(struct doorkeeper *k, struct text node, const struct result *r) {
  event_begin(k);
  log_s(k->log, "mail asked for, node ");
  log_t(k->log, node);
  log_result(k, r);
}
