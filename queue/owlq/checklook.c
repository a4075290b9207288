#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "queue/mend.h"
#include "queue/owlq/check.h"

enum { LOG_MAX = 1 << 30, NAME_MAX_OCTETS = 255, PATH_SPACE = 16 + NAME_MAX_OCTETS + 2 };

struct look {
  struct check *c;
  const struct entry *e;
  struct queueid id;
  bool log;
  char path[PATH_SPACE];
  struct stat st;
};

static enum fault say(struct check *c, enum fault f, const char *why) {
  (void)(stralloc_copys(&c->why, why) && stralloc_0(&c->why));
  return f;
}

static enum fault say_errno(struct check *c) {
  return errno == ENOENT ? FAULT_NONE : say(c, FAULT_UNKNOWN, strerror(errno));
}

static bool parse(struct look *l) {
  size_t len = strlen(l->e->name);
  l->log = len == QUEUEID_LENGTH + 4 && strcmp(l->e->name + QUEUEID_LENGTH, ".log") == 0;
  return queueid_parse(&l->id, (struct text){l->e->name, l->log ? QUEUEID_LENGTH : len});
}

/* ---- whose it is */

/* A message is its sender's, who cannot reach it, and readable by the group of
 * the injectors; a log is the runner's. */
static enum fault look_at_access(const struct look *l) {
  const struct owners *o = &l->c->owners;
  mode_t mode = l->log ? 0600 : 0440;
  bool owned = l->log || o->private ? l->st.st_uid == o->send : l->st.st_gid == o->queue;
  char why[96];
  if (owned && (l->st.st_mode & 07777) == mode) return FAULT_NONE;
  if (owned) snprintf(why, sizeof why, "its mode is %04o, not %04o", (unsigned)l->st.st_mode & 07777, (unsigned)mode);
  else snprintf(why, sizeof why, "its owner is %u:%u", (unsigned)l->st.st_uid, (unsigned)l->st.st_gid);
  return say(l->c, FAULT_ACCESS, why);
}

/* ---- what is in it */

static int open_entry(const struct look *l) {
  return openat(l->c->store.queue_fd, l->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

static enum fault look_into_message(const struct look *l) {
  int error;
  if (l->e->folder[0] == 't' && store_is_at(&l->c->store, &l->id, PLACE_WAIT) &&
      store_is_at(&l->c->store, &l->id, PLACE_TODO))
    return say(l->c, FAULT_FILES, "it is in wait/, too");
  int fd = open_entry(l);
  if (fd == -1) return say_errno(l->c);
  const char *why = mend_look_at_message(fd, &error);
  close(fd);
  if (error) return errno = error, say_errno(l->c);
  return why ? say(l->c, FAULT_FILES, why) : FAULT_NONE;
}

static enum fault look_into_log(const struct look *l) {
  static const char *const words[] = {"", "its end does not check", "it is no log"};
  enum store_place place;
  stralloc log = {0};
  uint64_t keep;
  if (store_find(&l->c->store, &l->id, &place) == -1)
    return errno == ENOENT ? say(l->c, FAULT_FILES, "there is no message that it is of") : say_errno(l->c);
  int fd = open_entry(l);
  if (fd == -1) return say_errno(l->c);
  int r = io_slurp(fd, &log, LOG_MAX, IO_FOREVER);
  close(fd);
  enum log_state state = r == 0 ? mend_look_at_log(text_of_stralloc(&log), &keep) : LOG_WHOLE;
  stralloc_free(&log);
  if (r == -1) return say_errno(l->c);
  return state == LOG_WHOLE ? FAULT_NONE : say(l->c, FAULT_FILES, words[state]);
}

/* ---- all of it */

/* The new log of a runner that is about to give it its name, or that died. */
static bool is_new_log(const struct entry *e) {
  return e->folder[0] == 'w' && strcmp(e->name, "new.log") == 0;
}

/* In tmp/ lies what is under way. */
static enum fault look_at_known(struct look *l) {
  char folder[16];
  store_wait_folder(folder, queueid_folder(&l->id));
  if (strcmp(l->e->folder, "tmp") == 0) return FAULT_NONE;
  if (!S_ISREG(l->st.st_mode)) return say(l->c, l->log ? FAULT_ALIEN : FAULT_FILES, "it is not a plain file");
  if (l->e->folder[0] == 'w' && strcmp(folder, l->e->folder) != 0)
    return say(l->c, FAULT_FOLDER, "it lies in the wrong folder");
  enum fault f = look_at_access(l);
  if (f != FAULT_NONE) return f;
  return l->log ? look_into_log(l) : look_into_message(l);
}

enum fault check_look(struct check *c, const struct entry *e) {
  struct look l = {.c = c, .e = e};
  snprintf(l.path, sizeof l.path, "%s/%s", e->folder, e->name);
  if (fstatat(c->store.queue_fd, l.path, &l.st, AT_SYMLINK_NOFOLLOW) == -1) return say_errno(c);
  if (is_new_log(e)) return FAULT_NONE;
  if (!parse(&l) || (l.log && e->folder[0] != 'w')) return say(c, FAULT_ALIEN, "it does not belong here");
  return look_at_known(&l);
}
