#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "queue/mend.h"
#include "queue/owlq/check.h"
#include "queue/owlq/owner.h"

enum { PATH_SPACE = 16 + 256 + 8 };

static void path_of(char path[PATH_SPACE], const char *folder, const char *name) {
  snprintf(path, PATH_SPACE, "%s/%s", folder, name);
}

static bool is_log(const char *name) { return strlen(name) == QUEUEID_LENGTH + 4; }

static bool id_of(struct queueid *id, const char *name) {
  return queueid_parse(id, (struct text){name, is_log(name) ? QUEUEID_LENGTH : strlen(name)});
}

/* ---- owner and mode: as root, by a descriptor, and never of a file that has
 * another name somewhere else */

static int give(int fd, const struct owners *o, bool log) {
  char path[64];
  struct stat st;
  if (fstat(fd, &st) == -1) return -1;
  if (!S_ISREG(st.st_mode) || st.st_nlink != 1) return errno = EMLINK, -1;
  uid_t uid = log ? o->send : st.st_uid;
  if (!o->private && fchownat(fd, "", uid, o->queue, AT_EMPTY_PATH) == -1) return -1;
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return chmod(path, log ? 0600 : 0440);
}

static const char *mend_access(struct check *c, const struct entry *e) {
  char path[PATH_SPACE];
  path_of(path, e->folder, e->name);
  int fd = openat(c->store.queue_fd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (fd == -1) return strerror(errno);
  int r = give(fd, &c->owners, is_log(e->name));
  int saved = errno;
  close(fd);
  return r == 0 ? NULL : strerror(saved);
}

/* ---- what the runner does, or we in its place */

static const char *explain(enum outcome o, const char *why) {
  switch (o) {
    case OUTCOME_DONE:
    case OUTCOME_ALREADY:
    case OUTCOME_GONE: return NULL;
    case OUTCOME_BUSY: return "deliveries are under way";
    case OUTCOME_HELD:
    case OUTCOME_FAILED: break;
  }
  return why;
}

static const char *ask_runner(struct check *c, const struct queueid *id) {
  struct ctl_reply reply;
  if (link_send(&c->link, CTL_MEND, &(struct ctl_request){.messages = text_of(id->s)}) == -1 ||
      link_receive(&c->link, &reply) == -1 || reply.outcomes.len != 1)
    return "the runner does not answer";
  enum outcome o = (enum outcome)reply.outcomes.s[0];
  if (!stralloc_copyb(&c->said, reply.text.s ? reply.text.s : "", reply.text.len) || !stralloc_0(&c->said))
    return "out of memory";
  return explain(o, c->said.s);
}

static const char *mend_files(struct check *c, const struct queueid *id) {
  bool set_aside;
  if (c->live) return ask_runner(c, id);
  if (owner_become(c->store.queue_fd) == -1) return strerror(errno);
  const char *why = explain(mend_message(&c->store, id, &set_aside), strerror(errno));
  owner_end();
  return why;
}

/* ---- what the runner cannot have in hand: it looks for ids, and in their
 * folders */

static int move(struct check *c, const struct entry *e, const char *name, const char *to) {
  char old[PATH_SPACE], new[PATH_SPACE];
  path_of(old, e->folder, name);
  path_of(new, to, name);
  if (owner_become(c->store.queue_fd) == -1) return -1;
  int r = renameat2(c->store.queue_fd, old, c->store.queue_fd, new, RENAME_NOREPLACE);
  owner_end();
  c->store.dirty_all = true;
  return r;
}

static const char *move_alien(struct check *c, const struct entry *e) {
  char path[PATH_SPACE];
  struct stat st;
  path_of(path, e->folder, e->name);
  if (fstatat(c->store.queue_fd, path, &st, AT_SYMLINK_NOFOLLOW) == -1) return strerror(errno);
  if (!S_ISREG(st.st_mode)) return "it is not a plain file";
  return move(c, e, e->name, "bad") == 0 ? NULL : strerror(errno);
}

/* The log first: nobody must see the message without it. */
static const char *move_home(struct check *c, const struct entry *e) {
  char to[16], log[QUEUEID_LENGTH + 8];
  struct queueid id;
  if (!id_of(&id, e->name)) return "it is no id";
  store_wait_folder(to, queueid_folder(&id));
  snprintf(log, sizeof log, "%s.log", id.s);
  if (move(c, e, log, to) == -1 && errno != ENOENT) return strerror(errno);
  if (is_log(e->name)) return NULL;
  if (move(c, e, e->name, to) == -1) return strerror(errno);
  return mend_files(c, &id); /* which tells the runner of it */
}

const char *check_mend(struct check *c, const struct entry *e, enum fault f, const char **what) {
  struct queueid id;
  *what = "mended";
  switch (f) {
    case FAULT_NONE: return NULL;
    case FAULT_ACCESS: return mend_access(c, e);
    case FAULT_ALIEN: *what = "moved to bad/"; return move_alien(c, e);
    case FAULT_FOLDER: *what = "moved to its folder"; return move_home(c, e);
    case FAULT_FILES: return id_of(&id, e->name) ? mend_files(c, &id) : "it is no id";
    case FAULT_UNKNOWN: break;
  }
  return "it could not be read";
}
