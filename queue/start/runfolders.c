#include "config.h"
#include "queue/start/runfolders.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/control.h"
#include "queue/start/say.h"

static void die_folder(const char *path) {
  int error = errno;
  if (account_is_private())
    start_say("a private instance has folders of its own",
        "OWLPOST_CONTROL names its control folder, with rundir and queuedir");
  errno = error;
  start_die_errno(path);
}

static void make_folder(const char *path, struct account owner, mode_t mode) {
  if (mkdir(path, 0700) == -1 && errno != EEXIST) die_folder(path);
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd == -1) die_folder(path);
  if (!account_is_private() && fchown(fd, owner.uid, owner.gid) == -1) die_folder(path);
  if (fchmod(fd, mode) == -1) die_folder(path);
  close(fd);
}

static void make_run_folder(const char *rundir, const char *name, struct account owner, mode_t mode) {
  stralloc path = {0};
  if (!stralloc_copys(&path, rundir) || !stralloc_cats(&path, "/") || !stralloc_cats(&path, name) ||
      !stralloc_0(&path))
    start_die("unable to start", "out of memory");
  make_folder(path.s, owner, mode);
  stralloc_free(&path);
}

void runfolders_make(struct account send, struct account smtpd, struct account far, struct account tls,
                     struct account auth, struct account inject, const struct account *pop) {
  struct control c;
  stralloc rundir = {0};
  struct account root = {geteuid(), getegid()};
  if (control_open(&c) == -1 || control_text(&c, CONTROL_RUNDIR, &rundir) == -1)
    start_die("configuration", c.error.s);
  make_folder(rundir.s, root, 0755);
  make_run_folder(rundir.s, "rcpt", (struct account){root.uid, smtpd.gid}, account_is_private() ? 0700 : 0710);
  make_run_folder(rundir.s, "nexthop", (struct account){far.uid, smtpd.gid}, account_is_private() ? 0700 : 0710);
  make_run_folder(rundir.s, "control", send, 0700);
  /* these have two kinds of clients, and ask who they are */
  make_run_folder(rundir.s, "tls", tls, account_is_private() ? 0700 : 0711);
  make_run_folder(rundir.s, "auth", (struct account){auth.uid, smtpd.gid}, account_is_private() ? 0700 : 0711);
  if (pop) make_run_folder(rundir.s, "mailbox", (struct account){root.uid, pop->gid}, account_is_private() ? 0700 : 0710);
  make_run_folder(rundir.s, "inject", (struct account){inject.uid, smtpd.gid}, account_is_private() ? 0700 : 0710);
  make_run_folder(rundir.s, "etrn", (struct account){send.uid, smtpd.gid}, account_is_private() ? 0700 : 0710);
  stralloc_free(&rundir);
  control_free(&c);
}
