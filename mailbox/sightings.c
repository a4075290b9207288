#include "config.h"
#include "mailbox/sightings.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/room.h"

enum { FIRST_ROOM = 256, STEP_US = 50000, LONG_STEP_US = 2000000 };

int sightings_add(struct sightings *s, struct text name, bool is_new) {
  if (room_make(&s->all, s->count, &s->space, sizeof *s->all, FIRST_ROOM) == -1) return -1;
  struct sighting seen = {s->names.len, is_new};
  if (text_cat(&s->names, name) == -1 || !stralloc_0(&s->names)) return errno = ENOMEM, -1;
  s->all[s->count++] = seen;
  return 0;
}

static bool is_file(const struct dirent *e) {
  return (e->d_type == DT_REG || e->d_type == DT_UNKNOWN) && filename_is_message(e->d_name);
}

static int read_all(struct sightings *s, DIR *d, bool is_new) {
  errno = 0;
  for (struct dirent *e; (e = readdir(d)); errno = 0)
    if (is_file(e) && sightings_add(s, text_of(e->d_name), is_new) == -1) return -1;
  return errno ? -1 : 0;
}

static int read_folder(struct sightings *s, int folder, const char *name, bool is_new) {
  int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  DIR *d = fd == -1 ? NULL : fdopendir(fd);
  if (!d) {
    if (fd >= 0) close(fd);
    return -1;
  }
  int r = read_all(s, d, is_new);
  int saved = errno;
  closedir(d);
  errno = saved;
  return r;
}

/* ---- times */

static int take_time(int folder, const char *name, struct folder_time *t) {
  struct stat st;
  if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == -1) return -1;
  *t = (struct folder_time){.names = st.st_mtim, .status = st.st_ctim};
  return 0;
}

int sightings_times(int folder, struct folder_times *t) {
  return take_time(folder, "new", &t->of_new) == 0 ? take_time(folder, "cur", &t->of_cur) : -1;
}

static bool is_same(struct timespec a, struct timespec b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

bool folder_time_equal(const struct folder_time *a, const struct folder_time *b) {
  return is_same(a->names, b->names) && is_same(a->status, b->status);
}

bool folder_times_equal(const struct folder_times *a, const struct folder_times *b) {
  return folder_time_equal(&a->of_new, &b->of_new) && folder_time_equal(&a->of_cur, &b->of_cur);
}

/* Some file systems, as ext4 with inodes of 128 octets, keep seconds only, or two. */
static bool is_long_ago(struct timespec t, uint64_t now_us) {
  uint64_t then_us = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
  return then_us + STEP_US + (t.tv_nsec ? 0 : LONG_STEP_US) < now_us;
}

bool folder_times_are_past(const struct folder_times *t, uint64_t now_us) {
  return is_long_ago(t->of_new.names, now_us) && is_long_ago(t->of_cur.names, now_us);
}

/* ---- reading */

/* What an earlier reading saw and a whole one did not is gone. */
static void forget_before(struct sightings *s, size_t first) {
  s->count -= first;
  if (s->count) memmove(s->all, s->all + first, s->count * sizeof *s->all);
}

int sightings_read(struct sightings *s, int folder, struct folder_times *when, bool *is_whole) {
  struct folder_times after;
  size_t first = s->count;
  uint64_t start_us = clock_wall_us(&clock_system);
  if (sightings_times(folder, when) == -1 || read_folder(s, folder, "new", true) == -1 ||
      read_folder(s, folder, "cur", false) == -1 || sightings_times(folder, &after) == -1)
    return -1;
  *is_whole = folder_times_equal(when, &after) && folder_times_are_past(when, start_us);
  if (*is_whole) forget_before(s, first);
  return 0;
}

int sightings_read_new(struct sightings *s, int folder, const struct folder_time *cur, struct folder_times *when,
                       bool *is_whole) {
  struct folder_times after;
  uint64_t start_us = clock_wall_us(&clock_system);
  if (sightings_times(folder, when) == -1 || read_folder(s, folder, "new", true) == -1 ||
      sightings_times(folder, &after) == -1)
    return -1;
  if (!folder_time_equal(cur, &after.of_cur)) return sightings_read(s, folder, when, is_whole);
  when->of_cur = *cur;
  *is_whole = folder_time_equal(&when->of_new, &after.of_new) && is_long_ago(when->of_new.names, start_us);
  return 0;
}

bool sightings_holds(const struct sightings *s, size_t i, int folder) {
  struct stat st;
  int fd = openat(folder, s->all[i].is_new ? "new" : "cur", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd == -1) return false;
  bool holds = fstatat(fd, s->names.s + s->all[i].name_at, &st, AT_SYMLINK_NOFOLLOW) == 0;
  close(fd);
  return holds;
}

struct filename sightings_name(const struct sightings *s, size_t i) {
  struct filename f;
  filename_read(&f, text_of(s->names.s + s->all[i].name_at));
  return f;
}

void sightings_free(struct sightings *s) {
  free(s->all);
  stralloc_free(&s->names);
  *s = (struct sightings){0};
}
