#include "config.h"
#include "queue/owlq/select.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "queue/owlq/owlq.h"

enum next { GO_ON, ENOUGH, NOT_THERE, TROUBLE };

static enum next offer(const struct selection *s, const struct selected *m) {
  return s->found(s->context, m) == -1 ? ENOUGH : GO_ON;
}

static enum next offer_loaded(const struct selection *s, struct message *m) {
  struct selected each = {.id = &m->id,
                          .state = state_of(m),
                          .message = m,
                          .place = m->place,
                          .arrival_us = m->file.envelope.arrival_us,
                          .octets = m->file.body_octets};
  return filter_fits(s->filter, m, s->now_us) ? offer(s, &each) : GO_ON;
}

static enum next offer_bad(const struct selection *s, struct selected *m) {
  m->state = STATE_BAD;
  m->arrival_us = queueid_arrival_us(m->id);
  return filter_fits_bad(s->filter, m->arrival_us, m->octets, s->now_us) ? offer(s, m) : GO_ON;
}

/* ---- in todo/ and wait/ */

static uint64_t octets_of(int fd) {
  struct stat st;
  return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
}

static enum next offer_damaged(const struct selection *s, struct selected *m) {
  int fd = select_open(s->store, m);
  m->octets = octets_of(fd);
  if (fd >= 0) close(fd);
  return offer_bad(s, m);
}

static enum next look(const struct selection *s, const struct queueid *id) {
  struct message m;
  struct selected bad = {.id = id};
  enum next next = GO_ON;
  switch (message_load(&m, s->store, id, &bad.reason)) {
    case MESSAGE_OK:
      next = offer_loaded(s, &m);
      message_free(&m);
      return next;
    case MESSAGE_GONE: return NOT_THERE;
    case MESSAGE_BAD:
      bad.place = m.place;
      return offer_damaged(s, &bad);
    case MESSAGE_FAILED: break;
  }
  owlq_complain(id->s, strerror(errno));
  return TROUBLE;
}

/* ---- in bad/ */

static const char *explain_bad(int fd) {
  struct queuefile file = {0};
  enum queuefile_status status = queuefile_read(&file, fd);
  bool critical = file.envelope.unknown_critical;
  queuefile_free(&file);
  if (critical) return "its envelope asks for something that this version does not know";
  return status == QUEUEFILE_OK ? "put there earlier; its envelope is in order" : queuefile_explain(status);
}

static enum next look_in_bad(const struct selection *s, const struct queueid *id) {
  struct selected m = {.id = id, .in_bad_folder = true, .reason = "it is not a plain file"};
  int fd = select_open(s->store, &m);
  if (fd == -1 && errno == ENOENT) return NOT_THERE;
  if (fd == -1 && errno != EBADMSG && errno != ELOOP) return owlq_complain(id->s, strerror(errno)), TROUBLE;
  m.octets = octets_of(fd);
  if (fd >= 0) m.reason = explain_bad(fd);
  if (fd >= 0) close(fd);
  return offer_bad(s, &m);
}

/* ---- all of them */

typedef enum next step_fn(const struct selection *s, const struct queueid *id);

/* False: it is enough. */
static bool each(const struct selection *s, const struct ids *list, step_fn *step, int *code) {
  for (size_t i = 0; i < list->count; i++) {
    const struct queueid *id = &list->each[s->reverse ? list->count - 1 - i : i];
    if (s->passed) s->passed(s->context, i, list->count);
    enum next next = step(s, id);
    if (next == ENOUGH) return false;
    if (next == TROUBLE) *code = TOOL_SYSTEM;
  }
  return true;
}

static enum next look_everywhere(const struct selection *s, const struct queueid *id) {
  enum next next = look(s, id);
  return next == NOT_THERE ? look_in_bad(s, id) : next;
}

static enum next look_for_named(const struct selection *s, const struct queueid *id) {
  enum next next = look_everywhere(s, id);
  if (next != NOT_THERE) return next;
  owlq_complain(id->s, "no such message in the queue");
  return TROUBLE;
}

bool select_wants_bad_folder(const struct filter *f) { return f->states && filter_wants(f, STATE_BAD); }

static void scan_and_look(const struct selection *s, struct ids *list, int *code) {
  *code = ids_scan(list, s->store);
  if (!each(s, list, look, code) || !select_wants_bad_folder(s->filter)) return;
  list->count = 0;
  if (ids_scan_bad(list, s->store) != TOOL_OK) *code = TOOL_SYSTEM;
  each(s, list, look_in_bad, code);
}

int select_messages(const struct selection *s) {
  struct ids list = {0};
  struct selection as_named = *s;
  int code;
  as_named.reverse = false;
  if (s->filter->ids.count == 0)
    scan_and_look(s, &list, &code);
  else if ((code = ids_resolve(&list, s->store, &s->filter->ids)) == TOOL_OK)
    each(&as_named, &list, look_for_named, &code);
  ids_free(&list);
  return code;
}

int select_listed(const struct selection *s, const struct ids *list) {
  int code = TOOL_OK;
  each(s, list, look_everywhere, &code);
  return code;
}

int select_open(struct store *s, const struct selected *m) {
  enum store_place place;
  return m->in_bad_folder ? store_open_bad(s, m->id) : store_open_message(s, m->id, &place);
}
