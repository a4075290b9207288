#include "config.h"
#include "queue/owlq/layout.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "queue/owlq/owlq.h"

static const struct place before[] = {
  {".", S_IFDIR, 0710, false, false},   {"todo", S_IFDIR, 03770, false, false}, {"tmp", S_IFDIR, 03770, false, false},
  {"bad", S_IFDIR, 0700, false, false}, {"wait", S_IFDIR, 0700, false, false},
};
static const struct place behind[] = {
  {"poke", S_IFIFO, 0620, false, false}, {"lock", S_IFREG, 0600, false, false}, {"door", S_IFREG, 0400, true, false},
  {"holds", S_IFREG, 0600, false, true}, {"holds.new", S_IFREG, 0600, false, true},
  {"orders", S_IFREG, 0600, false, true},
};
enum { BEFORE = sizeof before / sizeof before[0], BEHIND = sizeof behind / sizeof behind[0] };

int owners_find(struct owners *o, bool private) {
  o->private = private;
  o->send = o->smtpd = geteuid();
  o->queue = getegid();
  if (o->private) return TOOL_OK;
  struct passwd *p = getpwnam(SEND_USER);
  if (!p) return owlq_complain("there is no user", SEND_USER);
  o->send = p->pw_uid;
  if (!(p = getpwnam(SMTPD_USER))) return owlq_complain("there is no user", SMTPD_USER);
  o->smtpd = p->pw_uid;
  struct group *g = getgrnam(QUEUE_GROUP);
  if (!g) return owlq_complain("there is no group", QUEUE_GROUP);
  o->queue = g->gr_gid;
  return TOOL_OK;
}

bool layout_place(struct place *p, size_t n) {
  if (n < BEFORE) *p = before[n];
  else if (n < BEFORE + QUEUEID_FOLDERS) {
    *p = (struct place){.type = S_IFDIR, .mode = 0700};
    store_wait_folder(p->path, (unsigned)(n - BEFORE));
  } else if (n < BEFORE + QUEUEID_FOLDERS + BEHIND) *p = behind[n - BEFORE - QUEUEID_FOLDERS];
  else return false;
  return true;
}

bool layout_knows(const char *path) {
  struct place p;
  if (strncmp(path, "./", 2) == 0) path += 2;
  for (size_t n = 0; layout_place(&p, n); n++)
    if (strcmp(p.path, path) == 0) return true;
  return false;
}

/* ---- making */

static int make(int folder, const struct place *p) {
  int r = 0;
  if (p->optional) return faccessat(folder, p->path, F_OK, AT_SYMLINK_NOFOLLOW);
  if (S_ISDIR(p->type)) r = mkdirat(folder, p->path, 0700);
  else if (S_ISFIFO(p->type)) r = mkfifoat(folder, p->path, 0600);
  else if ((r = openat(folder, p->path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600)) >= 0)
    r = close(r);
  return r == -1 && errno == EEXIST ? 0 : r;
}

static mode_t mode_of(const struct place *p, const struct owners *o) {
  return o->private ? p->mode & 0700 : p->mode;
}

static uid_t owner_of(const struct place *p, const struct owners *o) { return p->smtpd ? o->smtpd : o->send; }

/* Owner before mode: a change of owner may take mode bits away. */
int layout_make(int queue_fd, const struct place *p, const struct owners *o) {
  if (make(queue_fd, p) == -1) return p->optional && errno == ENOENT ? 0 : -1;
  if (!o->private && fchownat(queue_fd, p->path, owner_of(p, o), o->queue, AT_SYMLINK_NOFOLLOW) == -1) return -1;
  return fchmodat(queue_fd, p->path, mode_of(p, o), 0);
}

/* ---- checking */

int layout_check(stralloc *why, int queue_fd, const struct place *p, const struct owners *o) {
  struct stat st;
  char said[128] = "";
  if (fstatat(queue_fd, p->path, &st, AT_SYMLINK_NOFOLLOW) == -1) {
    if (!p->optional || errno != ENOENT) snprintf(said, sizeof said, "%s", strerror(errno));
  }
  else if ((st.st_mode & S_IFMT) != p->type)
    snprintf(said, sizeof said, "something else has this name");
  else if (st.st_uid != owner_of(p, o) || (!o->private && !p->optional && st.st_gid != o->queue))
    snprintf(said, sizeof said, "its owner is %u:%u, not %u:%u", (unsigned)st.st_uid, (unsigned)st.st_gid,
             (unsigned)owner_of(p, o), (unsigned)o->queue);
  else if ((st.st_mode & 07777) != mode_of(p, o))
    snprintf(said, sizeof said, "its mode is %04o, not %04o", (unsigned)st.st_mode & 07777, (unsigned)mode_of(p, o));
  return stralloc_cats(why, said) ? 0 : -1;
}
