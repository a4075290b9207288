#include "config.h"
#include "queue/runner.h"
#include <errno.h>
#include <string.h>

/* The message number that log readers know: the digits of the queue id. */
static void log_number(struct log *l, const char *what, const struct queueid *id) {
  log_s(l, what);
  log_t(l, (struct text){id->s, QUEUEID_DIGITS});
}

void report_new(struct runner *r, const struct message *m) {
  const struct envelope *e = &m->file.envelope;
  struct log *l = r->log;
  r->counters.taken++;
  log_number(l, "new msg ", &m->id);
  log_end(l);
  log_number(l, "info msg ", &m->id);
  log_s(l, ": bytes ");
  log_u(l, m->file.body_octets);
  log_s(l, " from <");
  log_t(l, e->sender);
  log_s(l, "> qp ");
  log_u(l, e->submitter_pid);
  log_s(l, " uid ");
  log_u(l, e->submitter_uid);
  log_end(l);
}

void report_start(struct runner *r, const struct job *j) {
  for (size_t i = 0; i < j->count; i++) {
    struct log *l = r->log;
    log_s(l, "starting delivery ");
    log_u(l, j->delivery + i);
    log_number(l, ": msg ", &j->active->message.id);
    log_s(l, j->destination->channel == CHANNEL_LOCAL ? " to local " : " to remote ");
    log_t(l, text_of_stralloc(&j->recipients[i].address));
    log_end(l);
  }
  report_status(r);
}

/* qmail's form: no blanks, '/' for the ends of lines */
static void log_words(struct log *l, struct text t) {
  for (size_t i = 0; i < t.len; i++) {
    char c = t.s[i] == ' ' ? '_' : t.s[i];
    log_t(l, (struct text){&c, 1});
  }
}

static const char *class_name(uint64_t class) {
  return class == RESULT_SUCCESS ? "success" : class == RESULT_FAILURE ? "failure" : "deferral";
}

static void log_remote(struct log *l, const struct result *result) {
  log_words(l, result->host);
  if (result->address.len) {
    log_s(l, "_[");
    log_words(l, result->address);
    log_s(l, "]");
  }
  log_s(l, "_said:_");
  log_u(l, result->reply_code);
  log_s(l, "_");
}

void report_delivery(struct runner *r, uint64_t delivery, const struct result *result) {
  struct log *l = r->log;
  log_s(l, "delivery ");
  log_u(l, delivery);
  log_s(l, ": ");
  log_s(l, class_name(result->class));
  log_s(l, ": ");
  if (result->reply_code) log_remote(l, result);
  log_words(l, result->text);
  if (result->tls.len) {
    log_s(l, "_(");
    log_words(l, result->tls);
    log_s(l, ")");
  }
  if (result->class != RESULT_SUCCESS && result->status.len) {
    log_s(l, "_(#");
    log_t(l, result->status);
    log_s(l, ")");
  }
  log_s(l, "/");
  log_end(l);
}

static void log_channel(struct runner *r, const char *name, enum route_channel channel) {
  log_s(r->log, name);
  log_u(r->log, dispatch_busy(&r->dispatcher, channel));
  log_s(r->log, "/");
  log_u(r->log, r->settings.concurrency[channel]);
}

void report_status(struct runner *r) {
  log_channel(r, "status: local ", CHANNEL_LOCAL);
  log_channel(r, " remote ", CHANNEL_REMOTE);
  if (r->exiting) log_s(r->log, " exitasap");
  log_end(r->log);
}

/* "status: to example.org: down after: WORDS; next probe in N s", or "reached again" */
void report_lane(struct runner *r, const struct lane *l) {
  struct log *log = r->log;
  log_s(log, "status: to ");
  log_words(log, text_of_stralloc(&l->name));
  if (l->window.down) {
    log_s(log, ": down after: ");
    log_words(log, text_of_stralloc(&l->last_error));
    log_s(log, "; next probe in ");
    log_u(log, l->window.backoff_s);
    log_s(log, " s");
  } else
    log_s(log, ": reached again");
  log_end(log);
}

void report_dsn(struct runner *r, const struct queueid *about, uint64_t pid, bool failures) {
  if (failures) r->counters.bounced++;
  log_number(r->log, failures ? "bounce msg " : "dsn msg ", about);
  log_s(r->log, " qp ");
  log_u(r->log, pid);
  log_end(r->log);
}

void report_end(struct runner *r, const struct queueid *id) {
  r->counters.finished++;
  log_number(r->log, "end msg ", id);
  log_end(r->log);
}

static void begin_order(struct log *l, const char *what, const char *object) {
  log_s(l, "order: ");
  log_s(l, what);
  log_s(l, object);
}

static void log_who(struct log *l, uint64_t uid) {
  log_s(l, " by uid ");
  log_u(l, uid);
}

void report_order(struct runner *r, const char *what, const struct queueid *id, uint64_t uid) {
  begin_order(r->log, what, "");
  log_number(r->log, " msg ", id);
  log_who(r->log, uid);
  log_end(r->log);
}

void report_hold(struct runner *r, const char *what, struct text destination, uint64_t uid) {
  begin_order(r->log, what, " destination ");
  log_t(r->log, destination);
  log_who(r->log, uid);
  log_end(r->log);
}

void report_node(struct runner *r, struct text node, uint64_t started, uint64_t uid) {
  begin_order(r->log, "start", " node ");
  log_t(r->log, node);
  log_who(r->log, uid);
  log_s(r->log, ", messages ");
  log_u(r->log, started);
  log_end(r->log);
}

void report_problem(struct runner *r, const char *what, const struct queueid *id) {
  int error = errno;
  log_s(r->log, "alarm: ");
  log_s(r->log, what);
  if (id) {
    log_s(r->log, ": msg ");
    log_t(r->log, text_of(id->s));
  }
  if (error) {
    log_s(r->log, ": ");
    log_s(r->log, strerror(error));
  }
  log_end(r->log);
}
