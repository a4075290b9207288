#include "config.h"
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "queue/owlq/jsonline.h"
#include "queue/owlq/layout.h"
#include "queue/owlq/owlq.h"

static int fill(int folder, const struct owners *o) {
  struct place p;
  for (size_t n = 0; layout_place(&p, n); n++)
    if (layout_make(folder, &p, o) == -1) return -1;
  return 0;
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

static int give_to_sender(const char *path) {
  struct passwd *p = getpwnam(REMOTE_USER);
  if (!p) return errno = ENOENT, -1;
  return lchown(path, p->pw_uid, p->pw_gid);
}

/* A private instance that names none does without. */
static int make_remotedir(struct control *c, bool private) {
  stralloc path = {0};
  int code = TOOL_OK;
  if (control_text(c, CONTROL_REMOTEDIR, &path) == -1) code = owlq_complain("configuration", c->error.s);
  else if (make_parents(path.s) == -1 || (mkdir(path.s, 0700) == -1 && errno != EEXIST) ||
           (!private && give_to_sender(path.s) == -1))
    code = private ? TOOL_OK : owlq_unable("make", path.s);
  stralloc_free(&path);
  return code;
}

static int tell(const char *path, bool json) {
  struct jsonline j;
  if (!json) return printf("the queue is at %s\n", path), TOOL_OK;
  jsonline_begin(&j);
  jsonline_string(&j, "queue", path);
  return jsonline_put(&j);
}

int owlq_setup(struct control *c, int argc, char **argv) {
  struct owners o;
  stralloc path = {0};
  bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
  if (argc != 1 && !json) return owlq_usage("setup [--json]");
  int code = owners_find(&o, geteuid() != 0);
  if (code != TOOL_OK) return code;
  if (control_text(c, CONTROL_QUEUEDIR, &path) == -1) return owlq_complain("configuration", c->error.s);
  umask(022);
  int folder = -1;
  if (make_parents(path.s) == -1 || (mkdir(path.s, 0700) == -1 && errno != EEXIST) ||
      (folder = open(path.s, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1 || fill(folder, &o) == -1)
    code = owlq_unable("set up the queue", path.s);
  else
    code = tell(path.s, json);
  if (code == TOOL_OK) code = make_remotedir(c, o.private);
  if (code == TOOL_OK && !o.private) code = check_injector(&o);
  if (folder >= 0) close(folder);
  stralloc_free(&path);
  return code;
}
