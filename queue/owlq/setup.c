#include "config.h"
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

struct owners {
  uid_t send, smtpd;
  gid_t queue;
  bool private;
};

static int find_owners(struct owners *o) {
  o->private = geteuid() != 0;
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

/* Owner before mode: a change of owner may take mode bits away. */
static int give(int folder, const char *name, const struct owners *o, uid_t owner, mode_t mode) {
  if (!o->private && fchownat(folder, name, owner, o->queue, AT_SYMLINK_NOFOLLOW) == -1) return -1;
  return fchmodat(folder, name, o->private ? mode & 0700 : mode, 0);
}

static int make_folder(int folder, const char *name, const struct owners *o, mode_t mode) {
  if (mkdirat(folder, name, 0700) == -1 && errno != EEXIST) return -1;
  return give(folder, name, o, o->send, mode);
}

static int make_plain(int folder, const char *name, const struct owners *o, uid_t owner, mode_t mode) {
  int fd = openat(folder, name, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd == -1) return -1;
  close(fd);
  return give(folder, name, o, owner, mode);
}

static int make_fifo(int folder, const char *name, const struct owners *o, mode_t mode) {
  if (mkfifoat(folder, name, 0600) == -1 && errno != EEXIST) return -1;
  return give(folder, name, o, o->send, mode);
}

static int make_wait_folders(int folder, const struct owners *o) {
  char path[16];
  for (unsigned i = 0; i < QUEUEID_FOLDERS; i++) {
    store_wait_folder(path, i);
    if (make_folder(folder, path, o, 0700) == -1) return -1;
  }
  return 0;
}

static int fill(int folder, const struct owners *o) {
  if (make_folder(folder, "todo", o, 03770) == -1 || make_folder(folder, "tmp", o, 03770) == -1 ||
      make_folder(folder, "bad", o, 0700) == -1 || make_folder(folder, "wait", o, 0700) == -1 ||
      make_wait_folders(folder, o) == -1 || make_fifo(folder, "poke", o, 0620) == -1 ||
      make_plain(folder, "lock", o, o->send, 0600) == -1)
    return -1;
  return make_plain(folder, "door", o, o->smtpd, 0400);
}

static int make_parents(char *path) {
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    int r = mkdir(path, 0755);
    *slash = '/';
    if (r == -1 && errno != EEXIST) return -1;
  }
  return 0;
}

/* Without its group the injector works for root only. */
static int check_injector(const struct owners *o) {
  stralloc path = {0};
  struct stat st;
  int code = TOOL_OK;
  if (program_path(&path, "owl-queue") == -1)
    code = owlq_complain("unable to start", "out of memory");
  else if (stat(path.s, &st) == -1)
    code = owlq_unable("look at", path.s);
  else if (st.st_gid != o->queue || (st.st_mode & 07777) != 02711)
    code = owlq_complain(path.s, "users cannot send: it must have the group " QUEUE_GROUP " and the mode 2711");
  stralloc_free(&path);
  return code;
}

int owlq_setup(struct control *c, int argc, char **argv) {
  struct owners o;
  stralloc path = {0};
  (void)argv;
  if (argc != 1) return owlq_usage("setup");
  int code = find_owners(&o);
  if (code != TOOL_OK) return code;
  if (control_text(c, CONTROL_QUEUEDIR, &path) == -1) return owlq_complain("configuration", c->error.s);
  umask(022);
  int folder = -1;
  if (make_parents(path.s) == -1 || make_folder(AT_FDCWD, path.s, &o, 0710) == -1 ||
      (folder = open(path.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1 || fill(folder, &o) == -1)
    code = owlq_unable("set up the queue", path.s);
  else
    printf("the queue is at %s\n", path.s);
  if (code == TOOL_OK && !o.private) code = check_injector(&o);
  if (folder >= 0) close(folder);
  stralloc_free(&path);
  return code;
}
