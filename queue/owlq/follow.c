#include "config.h"
#include "queue/owlq/follow.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/exitcode.h"
#include "queue/owlq/owlq.h"

/* What happens to a message happens in several steps (moved, log written): those
 * within GATHER_MS are one. */
enum { GATHER_MS = 50, EVENTS_OCTETS = 65536, WATCH = IN_CREATE | IN_MOVED_TO | IN_MODIFY | IN_DELETE | IN_MOVED_FROM };
static const char log_ending[] = ".log";

/* ---- what to watch */

static int watch(struct follower *f, struct store *s, const char *folder) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d/%s", s->queue_fd, folder);
  if (inotify_add_watch(f->fd, path, WATCH | IN_ONLYDIR) == -1) return owlq_unable("watch", folder);
  return TOOL_OK;
}

int follow_open(struct follower *f, struct store *s, const struct filter *filter) {
  char folder[16];
  *f = (struct follower){.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
  f->selection = (struct selection){.store = s, .filter = filter};
  if (f->fd == -1) return owlq_unable("watch", "the queue");
  int code = watch(f, s, "todo");
  for (unsigned i = 0; code == TOOL_OK && i < QUEUEID_FOLDERS; i++) {
    store_wait_folder(folder, i);
    code = watch(f, s, folder);
  }
  if (code == TOOL_OK && select_wants_bad_folder(filter)) code = watch(f, s, "bad");
  return code;
}

void follow_close(struct follower *f) {
  if (f->fd >= 0) close(f->fd);
  idset_free(&f->known);
}

/* ---- one message */

static void report(struct follower *f, const char *event, const struct selected *m) {
  if (f->happened(f->context, event, f->id, m) == -1) f->enough = true;
}

static int note_found(void *context, const struct selected *m) {
  struct follower *f = context;
  if (m->in_bad_folder && !select_wants_bad_folder(f->selection.filter)) return 0;
  f->found = true;
  if (idset_add(&f->known, m->id)) report(f, "came", m);
  else if (f->changed) report(f, "changed", m);
  return 0;
}

static void look(struct follower *f, const struct queueid *id, bool changed) {
  struct ids one = {0};
  if (f->enough || ids_add(&one, id) == -1) return;
  f->id = id;
  f->changed = changed;
  f->found = false;
  f->selection.found = note_found;
  f->selection.context = f;
  f->selection.now_us = clock_wall_us(&clock_system);
  select_listed(&f->selection, &one);
  if (!f->found && idset_remove(&f->known, id)) report(f, "left", NULL);
  ids_free(&one);
}

/* ---- all of them */

static void add_known(void *context, const struct queueid *id) { ids_add(context, id); }

/* Events have been lost: everything that is there, or is thought to be. */
static void look_at_all(struct follower *f) {
  struct ids all = {0};
  idset_each(&f->known, add_known, &all);
  if (ids_scan(&all, f->selection.store) == TOOL_OK)
    for (size_t i = 0; i < all.count; i++) look(f, &all.each[i], false);
  ids_free(&all);
}

/* ---- what the kernel tells */

struct event {
  struct queueid id;
  bool log;
};

static bool parse(const char *name, struct event *e) {
  size_t len = strlen(name);
  e->log = len == QUEUEID_LENGTH + sizeof log_ending - 1 && strcmp(name + QUEUEID_LENGTH, log_ending) == 0;
  return queueid_parse(&e->id, (struct text){name, e->log ? QUEUEID_LENGTH : len});
}

/* Octets of events, as the kernel aligns them. */
union events {
  struct inotify_event first;
  char octets[EVENTS_OCTETS];
};

/* The next event of a message; false when there is none left.  *lost is set when
 * the kernel has dropped some. */
static bool next_event(const union events *events, size_t len, size_t *at, struct event *e, bool *lost) {
  while (*at < len) {
    const struct inotify_event *event = (const void *)(events->octets + *at);
    *at += sizeof *event + event->len;
    if (event->mask & IN_Q_OVERFLOW) *lost = true;
    else if (event->len && parse(event->name, e)) return true;
  }
  return false;
}

/* Each message once for all that has happened to it. */
static bool is_first(const union events *events, size_t len, size_t before, struct event *e) {
  struct event other;
  bool lost = false, first = true;
  for (size_t at = 0; next_event(events, len, &at, &other, &lost);) {
    if (strcmp(other.id.s, e->id.s) != 0) continue;
    if (at < before) first = false;
    e->log |= other.log;
  }
  return first;
}

static void take(struct follower *f, const union events *events, size_t len) {
  struct event e;
  bool lost = false;
  for (size_t at = 0; next_event(events, len, &at, &e, &lost);)
    if (is_first(events, len, at, &e)) look(f, &e.id, e.log);
  if (lost) look_at_all(f);
}

/* Also ends when nobody reads what we write. */
static bool wait_for_event(struct follower *f) {
  struct pollfd fds[] = {{f->fd, POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
  const struct timespec gather = {0, GATHER_MS * 1000000L};
  while (poll(fds, 2, -1) == -1)
    if (errno != EINTR) return false;
  if (fds[1].revents & (POLLERR | POLLHUP | POLLNVAL)) return false;
  nanosleep(&gather, NULL);
  return true;
}

int follow_step(struct follower *f, bool wait) {
  union events events;
  if (wait && !wait_for_event(f)) return 0;
  for (;;) {
    ssize_t n = read(f->fd, &events, sizeof events);
    if (n == -1 && errno == EINTR) continue;
    if (n == -1 && errno == EAGAIN) return f->enough ? 0 : 1;
    if (n == -1) return -1;
    take(f, &events, (size_t)n);
    if (f->enough) return 0;
  }
}
