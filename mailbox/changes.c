#include "config.h"
#include "mailbox/changes.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "lib/clock.h"

enum { XFS_MAGIC = 0x58465342, PAUSE_US = 60000, EVENTS_OCTETS = 4096 };

static bool is_local(int folder) {
  struct statfs fs;
  if (fstatfs(folder, &fs) == -1) return false;
  return fs.f_type == EXT4_SUPER_MAGIC || fs.f_type == XFS_MAGIC || fs.f_type == BTRFS_SUPER_MAGIC ||
         fs.f_type == F2FS_SUPER_MAGIC || fs.f_type == TMPFS_MAGIC || fs.f_type == OVERLAYFS_SUPER_MAGIC;
}

static int watch(int events, int folder, const char *name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d/%s", folder, name);
  return inotify_add_watch(events, path, IN_CREATE | IN_DELETE | IN_MOVE | IN_ONLYDIR | IN_DONT_FOLLOW);
}

static bool is_as_it_was(const struct mailbox *m) {
  struct folder_times now;
  return sightings_times(m->folder, &now) == 0 && folder_times_equal(&now, &m->time.folders);
}

static void forget(struct mailbox *m) {
  if (m->events >= 0) close(m->events);
  m->events = -1;
  m->is_dated = m->is_kept = false;
}

void changes_begin(struct mailbox *m) {
  if (m->events >= 0 || !m->is_dated) return;
  m->own_changes = 0;
  m->events = is_local(m->folder) ? inotify_init1(IN_NONBLOCK | IN_CLOEXEC) : -1;
  if (m->events == -1 || watch(m->events, m->folder, "new") == -1 || watch(m->events, m->folder, "cur") == -1 ||
      !is_as_it_was(m))
    forget(m);
}

/* How many there are; UINT64_MAX: nobody knows. */
static uint64_t count_events(int fd) {
  _Alignas(struct inotify_event) char octets[EVENTS_OCTETS];
  uint64_t count = 0;
  ssize_t got;
  while ((got = read(fd, octets, sizeof octets)) > 0)
    for (ssize_t at = 0; at < got; count++) {
      const struct inotify_event *e = (const struct inotify_event *)(const void *)(octets + at);
      if (e->mask & (IN_Q_OVERFLOW | IN_IGNORED | IN_UNMOUNT)) return UINT64_MAX;
      at += (ssize_t)(sizeof *e + e->len);
    }
  return got == -1 && errno == EAGAIN ? count : UINT64_MAX;
}

/* A change of another in the same step of time gives no other time, but an event. */
int changes_end(struct mailbox *m) {
  struct uidlog_time log;
  if (!m->is_dated || m->events == -1 || m->own_changes == 0) return 0;
  bool ok = sightings_times(m->folder, &m->time.folders) == 0;
  usleep(PAUSE_US);
  ok = ok && folder_times_are_past(&m->time.folders, clock_wall_us(&clock_system)) && is_as_it_was(m) &&
       count_events(m->events) == m->own_changes &&
       uidlog_time(m->folder, &log) == 0 && uidlog_time_equal(&log, &m->time.log);
  forget(m);
  return m->is_dated = ok;
}
