#include "config.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/verp.h"
#include "queue/bounce.h"
#include "queue/newmessage.h"
#include "queue/runner.h"

/* The steps, and why a crash between any two of them neither loses a DSN nor
 * makes a second one:
 *   1. the results are in the log, durable;
 *   2. the DSN is made, durable, under an id that derives from the message's;
 *   3. "told", one record for all of them, goes into the log, durable;
 *   4. only now is the DSN scheduled.
 * Its number counts the DSNs that the log knows of, whatever they tell: failures,
 * delays and successes share one row of ids.
 * A crash after 2 leaves a DSN whose message does not say told.  Whoever comes
 * first after the restart, the message (2 then makes the DSN anew, in the place
 * of the old one) or the DSN (tell_about_parent()), does 3 before the DSN can
 * leave the queue. */

struct dsn {
  struct queueid id;
  bool failures, delays; /* what it tells of */
  struct envelope envelope;
  stralloc to;    /* of its header */
  stralloc names; /* its envelope recipients where they are others, each with a NUL */
  stralloc body;
};

static int address_double_bounce(struct dsn *d, const struct settings *s) {
  d->envelope.sender = text_of(message_double_bounce_sender);
  d->envelope.kind = KIND_DOUBLE_BOUNCE;
  return stralloc_copy(&d->to, &s->doublebounceto) && stralloc_cats(&d->to, "@") &&
             stralloc_cat(&d->to, &s->doublebouncehost)
           ? 0
           : -1;
}

static int address_dsn(struct dsn *d, const struct message *m, const struct settings *s) {
  struct text sender = m->file.envelope.sender;
  if (sender.len == 0) return address_double_bounce(d, s);
  d->envelope.sender = text_of("");
  d->envelope.kind = KIND_DSN;
  return text_cat(&d->to, verp_plain(sender));
}

/* Every one of them gets the whole DSN: with more, one is enough. */
enum { NAMES_MAX = 100 };

static int cat_names(struct dsn *d, size_t *count, const struct message *m, const struct settings *s) {
  const struct envelope *e = &m->file.envelope;
  for (size_t i = 0; i < e->recipient_count && *count <= NAMES_MAX; i++) {
    if (bounce_news(m, i, s) != BOUNCE_FAILED) continue;
    ++*count;
    if (verp_cat(&d->names, e->sender, e->recipients[i].address) == -1 || !stralloc_0(&d->names)) return -1;
  }
  return 0;
}

static int add_recipient(struct dsn *d, struct text address) {
  struct envelope_recipient *to = envelope_add(&d->envelope);
  if (!to) return -1;
  to->address = address;
  return 0;
}

/* Of a failure a sender that names its recipients is told in their names. */
static int add_recipients(struct dsn *d, const struct message *m, const struct settings *s) {
  size_t count = 0;
  if (verp_is_wanted(m->file.envelope.sender) && cat_names(d, &count, m, s) == -1) return -1;
  if (count == 0 || count > NAMES_MAX) return add_recipient(d, text_of_stralloc(&d->to));
  for (size_t at = 0; at < d->names.len; at += strlen(d->names.s + at) + 1)
    if (add_recipient(d, text_of(d->names.s + at)) == -1) return -1;
  return 0;
}

static int address_envelope(struct dsn *d, const struct message *m, const struct runner *r, uint64_t now_us) {
  if (address_dsn(d, m, &r->settings) == -1 || add_recipients(d, m, &r->settings) == -1) return -1;
  d->envelope.arrival_us = now_us;
  d->envelope.parent = text_of(m->id.s);
  d->envelope.submitter_uid = getuid();
  d->envelope.submitter_pid = (uint64_t)getpid();
  d->envelope.instance = text_of_stralloc(&r->settings.instance);
  return 0;
}

static int add_trace_field(struct dsn *d, uint64_t now_us) {
  return stralloc_cats(&d->body, "Received: (owlpost ") &&
             text_cat_uint(&d->body, (uint64_t)getpid()) == 0 &&
             stralloc_cats(&d->body, " invoked for bounce); ") &&
             clock_cat_date(&d->body, now_us) == 0 && stralloc_cats(&d->body, "\n")
           ? 0
           : -1;
}

static int compose(struct dsn *d, const struct message *m, const struct runner *r) {
  uint64_t now_us = clock_wall_us(r->clock);
  bounce_id(&d->id, &m->id, m->dsns);
  if (address_envelope(d, m, r, now_us) == -1 || add_trace_field(d, now_us) == -1)
    return errno = ENOMEM, -1;
  struct bounce b = {.m = m, .s = &r->settings, .id = &d->id, .to = text_of_stralloc(&d->to), .now_us = now_us};
  if (bounce_write(&d->body, &b) == -1) return -1;
  d->failures = bounce_has(&b, BOUNCE_FAILED);
  d->delays = bounce_has(&b, BOUNCE_DELAYED);
  d->envelope.body = b.eightbit ? BODY_8BITMIME : BODY_DEFAULT;
  d->envelope.smtputf8 = b.international;
  d->envelope.requiretls = m->file.envelope.requiretls; /* what it holds of the message is as secret: RFC 8689 5 */
  return 0;
}

static enum newmessage_status put_into_queue(const struct dsn *d, int queue_fd) {
  struct newmessage new;
  enum newmessage_status s = newmessage_open(&new, queue_fd, &d->id);
  if (s != NEWMESSAGE_OK) return s;
  s = newmessage_write(&new, d->body.s, d->body.len);
  if (s != NEWMESSAGE_OK) return newmessage_abort(&new), s;
  return newmessage_commit(&new, &d->envelope);
}

/* One of an earlier run that came this far was never scheduled, and may not be
 * durable: it is made anew. */
static int put_alone(struct runner *r, const struct dsn *d) {
  enum newmessage_status s = put_into_queue(d, r->store.queue_fd);
  if (s == NEWMESSAGE_EXISTS && store_remove(&r->store, &d->id, PLACE_TODO) == 0)
    s = put_into_queue(d, r->store.queue_fd);
  return s == NEWMESSAGE_OK ? 0 : -1;
}

/* The log as it is on the disk, and then as it is known. */
static int make_log_durable(struct runner *r, struct message *m) {
  if (store_sync(&r->store) == -1) report_problem(r, "unable to sync the queue", NULL);
  if (message_reread_log(m, &r->store) == -1) return -1;
  if (!r->store.doubtful || m->log_octets == 0) return 0;
  return store_rewrite_log(&r->store, &m->id, (struct text){m->log.s, m->log_octets});
}

/* One record, so that a crash cannot leave a part of it. */
static int record_told(struct runner *r, struct message *m, struct text dsn, bool delays) {
  stralloc record = {0};
  uint64_t now_us = clock_wall_us(r->clock);
  struct logrecord told = {.time_us = now_us,
                           .age_s = schedule_age(m->last_age_s, m->last_us, now_us),
                           .told = true,
                           .delay_told = delays,
                           .dsn = dsn};
  int result = msglog_cat(&record, &told);
  if (result == -1) errno = ENOMEM;
  else result = message_append(m, &r->store, text_of_stralloc(&record));
  int saved = errno;
  stralloc_free(&record);
  errno = saved;
  return result == 0 ? make_log_durable(r, m) : -1;
}

static int discard(struct runner *r, struct message *m) {
  if (record_told(r, m, TEXT_ABSENT, false) == -1) return -1;
  log_s(r->log, "triple bounce: discarding bounce/");
  log_t(r->log, (struct text){m->id.s, QUEUEID_DIGITS});
  log_end(r->log);
  return 0;
}

/* Steps 2 to 4. */
static int tell(struct runner *r, struct message *m) {
  struct dsn d = {0};
  int result = compose(&d, m, r);
  if (result == 0) result = put_alone(r, &d);
  if (result == 0) result = record_told(r, m, text_of(d.id.s), d.delays);
  if (result == 0) {
    report_dsn(r, &m->id, (uint64_t)getpid(), d.failures);
    runner_found(r, &d.id);
  }
  int saved = errno;
  envelope_free(&d.envelope);
  stralloc_free(&d.to);
  stralloc_free(&d.names);
  stralloc_free(&d.body);
  errno = saved;
  return result;
}

int tell_news(struct runner *r, struct message *m) {
  if (!bounce_is_due(m, &r->settings)) return 0;
  if (make_log_durable(r, m) == -1) return -1;
  if (!bounce_is_due(m, &r->settings)) { /* told, but for what came after step 3: the DSN is in todo/ */
    r->rescan_us = 0;
    return 0;
  }
  if (text_equals(m->file.envelope.sender, message_double_bounce_sender)) return discard(r, m);
  return tell(r, m);
}

/* With other settings than those that it was made under there may be nothing
 * to tell any more, but there it is: its number is taken. */
static int own_dsn(struct runner *r, struct message *m, const struct queueid *dsn) {
  struct queueid next;
  bounce_id(&next, &m->id, m->dsns);
  if (strcmp(next.s, dsn->s) != 0) return 0;
  return record_told(r, m, text_of(dsn->s), true);
}

static int tell_before(struct runner *r, struct message *m, const struct queueid *dsn) {
  return tell_news(r, m) == 0 ? own_dsn(r, m, dsn) : -1;
}

int tell_about_parent(struct runner *r, struct text parent, const struct queueid *dsn) {
  struct queueid id;
  struct message m;
  const char *reason;
  if (!queueid_parse(&id, parent)) return 0;
  struct active *a = rounds_find(r, &id);
  if (a && a->deleted) return 0;
  /* what is not in its log yet would be forgotten by reading that */
  if (a && a->unlogged.len) return errno = EAGAIN, -1;
  if (a) return tell_before(r, &a->message, dsn);
  switch (message_load(&m, &r->store, &id, &reason)) {
    case MESSAGE_OK: break;
    case MESSAGE_FAILED: return -1;
    case MESSAGE_GONE:
    case MESSAGE_BAD: return 0;
  }
  int result = tell_before(r, &m, dsn);
  int saved = errno;
  message_free(&m);
  /* it is the parent that does not check; it goes to bad/ when it is due */
  errno = saved == EBADMSG ? EIO : saved;
  return result;
}
