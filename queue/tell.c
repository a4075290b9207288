#include "config.h"
#include <errno.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "queue/bounce.h"
#include "queue/newmessage.h"
#include "queue/runner.h"

/* The steps, and why a crash between any two of them neither loses a DSN nor
 * makes a second one:
 *   1. the failures are in the log, synced;
 *   2. the DSN is made, durable, under an id that derives from the message's;
 *   3. "told", with that id, goes into the log, synced;
 *   4. only now is the DSN scheduled.
 * A crash after 2 leaves a DSN whose message does not say told.  Whoever comes
 * first after the restart, the message (2 then finds the DSN there) or the DSN
 * (tell_about_parent()), does 3 before the DSN can leave the queue. */

static const char double_bounce_sender[] = "#@[]";

static bool anything_wanted(const struct message *m) {
  for (size_t i = 0; i < m->file.envelope.recipient_count; i++)
    if (bounce_wanted(m, i)) return true;
  return false;
}

struct dsn {
  struct queueid id;
  struct envelope envelope;
  stralloc to;
  stralloc body;
};

static int address_double_bounce(struct dsn *d, const struct settings *s) {
  d->envelope.sender = text_of(double_bounce_sender);
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
  return text_cat(&d->to, sender);
}

static int compose(struct dsn *d, const struct message *m, const struct runner *r) {
  uint64_t now_us = clock_wall_us(r->clock);
  bounce_id(&d->id, &m->id, m->dsns);
  if (address_dsn(d, m, &r->settings) == -1) return errno = ENOMEM, -1;
  struct envelope_recipient *to = envelope_add(&d->envelope);
  if (!to) return errno = ENOMEM, -1;
  to->address = text_of_stralloc(&d->to);
  d->envelope.arrival_us = now_us;
  d->envelope.parent = text_of(m->id.s);
  d->envelope.submitter_uid = getuid();
  d->envelope.submitter_pid = (uint64_t)getpid();
  d->envelope.instance = text_of_stralloc(&r->settings.instance);
  if (!stralloc_cats(&d->body, "Received: (owlpost ") ||
      text_cat_uint(&d->body, (uint64_t)getpid()) == -1 ||
      !stralloc_cats(&d->body, " invoked for bounce); ") ||
      clock_cat_date(&d->body, now_us) == -1 || !stralloc_cats(&d->body, "\n"))
    return errno = ENOMEM, -1;
  return bounce_write(&d->body, m, &d->id, &r->settings, to->address, now_us);
}

/* It exists, too, when an earlier run came this far. */
static int put_into_queue(const struct dsn *d, int queue_fd) {
  struct newmessage new;
  enum newmessage_status s = newmessage_open(&new, queue_fd, &d->id);
  if (s != NEWMESSAGE_OK) return -1;
  s = newmessage_write(&new, d->body.s, d->body.len);
  if (s != NEWMESSAGE_OK) return newmessage_abort(&new), -1;
  s = newmessage_commit(&new, &d->envelope);
  return s == NEWMESSAGE_OK || s == NEWMESSAGE_EXISTS ? 0 : -1;
}

static int make_dsn(struct runner *r, const struct message *m, struct queueid *id) {
  struct dsn d = {0};
  int result = compose(&d, m, r);
  if (result == 0) result = put_into_queue(&d, r->store.queue_fd);
  int saved = errno;
  *id = d.id;
  envelope_free(&d.envelope);
  stralloc_free(&d.to);
  stralloc_free(&d.body);
  errno = saved;
  return result;
}

/* Appends "told" for every failure that is not, and syncs it. */
static int record_told(struct runner *r, struct message *m, struct text dsn) {
  stralloc records = {0};
  uint64_t now_us = clock_wall_us(r->clock);
  int result = 0;
  for (size_t i = 0; result == 0 && i < m->file.envelope.recipient_count; i++) {
    if (m->states[i].progress != RECIPIENT_FAILED || m->states[i].told) continue;
    struct logrecord told = {.time_us = now_us,
                             .age_s = schedule_age(m->last_age_s, m->last_us, now_us),
                             .recipient = i,
                             .told = true,
                             .dsn = dsn};
    result = msglog_cat(&records, &told);
    if (result == -1) errno = ENOMEM;
  }
  if (result == 0) result = store_append_log(&r->store, &m->id, text_of_stralloc(&records), 0);
  if (result == 0) result = store_sync(&r->store);
  if (result == 0) result = message_reread_log(m, &r->store);
  int saved = errno;
  stralloc_free(&records);
  errno = saved;
  return result;
}

int tell_failures(struct runner *r, struct message *m) {
  struct queueid id;
  if (!anything_wanted(m)) return 0;
  if (store_sync(&r->store) == -1 || message_reread_log(m, &r->store) == -1) return -1;
  if (text_equals(m->file.envelope.sender, double_bounce_sender)) {
    log_s(r->log, "triple bounce: discarding bounce/");
    log_t(r->log, (struct text){m->id.s, QUEUEID_DIGITS});
    log_end(r->log);
    return record_told(r, m, TEXT_ABSENT);
  }
  if (make_dsn(r, m, &id) == -1 || record_told(r, m, text_of(id.s)) == -1) return -1;
  report_bounce(r, &m->id, (uint64_t)getpid());
  runner_found(r, &id);
  return 0;
}

int tell_about_parent(struct runner *r, struct text parent) {
  struct queueid id;
  struct message m;
  const char *reason;
  if (!queueid_parse(&id, parent)) return 0;
  struct active *a = runner_find_active(r, &id);
  if (a) return tell_failures(r, &a->message);
  switch (message_load(&m, &r->store, &id, &reason)) {
    case MESSAGE_OK: break;
    case MESSAGE_FAILED: return -1;
    case MESSAGE_GONE:
    case MESSAGE_BAD: return 0;
  }
  int result = tell_failures(r, &m);
  message_free(&m);
  return result;
}
