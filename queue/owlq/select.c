#include "config.h"
#include "queue/owlq/select.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "queue/owlq/ids.h"
#include "queue/owlq/owlq.h"

enum next { GO_ON, ENOUGH, NOT_THERE, TROUBLE };

static enum next offer(const struct selection *s, const struct selected *m) {
  return s->found(s->context, m) == -1 ? ENOUGH : GO_ON;
}

static enum next offer_loaded(const struct selection *s, struct message *m) {
  struct selected each = {.id = &m->id,
                          .state = state_of(m),
                          .message = m,
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

static uint64_t file_octets(struct store *s, const struct message *m) {
  struct stat st;
  enum store_place place;
  int fd = store_open_message(s, &m->id, &place);
  if (fd == -1) return 0;
  uint64_t octets = fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
  close(fd);
  return octets;
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
    case MESSAGE_BAD: bad.octets = file_octets(s->store, &m); return offer_bad(s, &bad);
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
  struct stat st;
  char path[64];
  snprintf(path, sizeof path, "bad/%s", id->s);
  int fd = openat(s->store->queue_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd == -1 && errno != ELOOP) return errno == ENOENT ? NOT_THERE : (owlq_unable("read", path), TROUBLE);
  if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
    m.octets = (uint64_t)st.st_size;
    m.reason = explain_bad(fd);
  }
  if (fd >= 0) close(fd);
  return offer_bad(s, &m);
}

/* ---- all of them */

typedef enum next step_fn(const struct selection *s, const struct queueid *id);

/* False: it is enough. */
static bool each(const struct selection *s, const struct ids *list, step_fn *step, int *code) {
  for (size_t i = 0; i < list->count; i++) {
    if (s->passed) s->passed(s->context, i, list->count);
    switch (step(s, &list->each[i])) {
      case GO_ON: break;
      case ENOUGH: return false;
      case TROUBLE: *code = TOOL_SYSTEM; break;
      case NOT_THERE:
        if (s->filter->ids.count) *code = owlq_complain(list->each[i].s, "no such message in the queue");
    }
  }
  return true;
}

static enum next look_everywhere(const struct selection *s, const struct queueid *id) {
  enum next next = look(s, id);
  return next == NOT_THERE ? look_in_bad(s, id) : next;
}

/* Of what lies in bad/ only who asks for it hears. */
static bool wants_bad_folder(const struct filter *f) { return f->states && filter_wants(f, STATE_BAD); }

static void scan_and_look(const struct selection *s, struct ids *list, int *code) {
  *code = ids_scan(list, s->store);
  if (!each(s, list, look, code) || !wants_bad_folder(s->filter)) return;
  list->count = 0;
  if (ids_scan_bad(list, s->store) != TOOL_OK) *code = TOOL_SYSTEM;
  each(s, list, look_in_bad, code);
}

int select_messages(const struct selection *s) {
  struct ids list = {0};
  int code;
  if (s->filter->ids.count == 0)
    scan_and_look(s, &list, &code);
  else if ((code = ids_resolve(&list, s->store, &s->filter->ids)) == TOOL_OK)
    each(s, &list, look_everywhere, &code);
  ids_free(&list);
  return code;
}
